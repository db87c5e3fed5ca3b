"""What a table cannot say: roles, row security, triggers, functions, partitions; derived from models."""
