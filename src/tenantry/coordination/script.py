"""Lua that a server runs as one step."""

from __future__ import annotations

import hashlib
from importlib import resources


class Script:
    """A Lua file of this folder. Servers keep it by its digest; one that lost it is sent it again."""

    def __init__(self, name: str) -> None:
        self.text = resources.files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
