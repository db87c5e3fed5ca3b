"""The graph over a tenant's agents and tasks."""
