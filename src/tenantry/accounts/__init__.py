"""Users and keys before a tenant's work begins: who they are, and where they stand."""
