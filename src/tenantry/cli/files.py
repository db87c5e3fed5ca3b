"""Files that commands write."""

from __future__ import annotations

from pathlib import Path

from tenantry.errors import InvalidInput


def write(path: Path, text: str, *, field: str = "output") -> None:
    """`field` is the option that named the file."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.", field=field) from error
