"""The doorway: what stands between a platform's web server and its tenants."""
