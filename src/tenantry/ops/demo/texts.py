"""The prose of the story, from the files in `stories/`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def text(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "stories" / f"{name}.toml").read_text("utf-8"))
