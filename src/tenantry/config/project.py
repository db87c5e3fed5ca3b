"""Where the project lies that the current folder belongs to."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = "tenantry.toml"


def upward(name: str) -> Path | None:
    """The nearest file of this name in the current folder or above it."""
    here = Path.cwd()
    return next((p / name for p in (here, *here.parents) if (p / name).is_file()), None)


def project_folder() -> Path:
    """The folder of tenantry.toml, else of pyproject.toml, else the current one."""
    found = upward(FILE_NAME) or upward("pyproject.toml")
    return found.parent if found else Path.cwd()
