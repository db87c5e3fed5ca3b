"""The doorway: what a request shows, who asks with it, and what he may."""
