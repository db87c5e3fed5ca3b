"""Fixtures shared by all tests, loaded by concern."""

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.database", "tests.fixtures.plans"]
