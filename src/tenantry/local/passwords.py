"""Generated passwords, kept in one file that only its owner can read."""

from __future__ import annotations

import json
import secrets

from tenantry.errors import LocalServerError
from tenantry.local.files import locked, owner_for, write_private
from tenantry.local.home import Home


class Passwords:
    """Made on first ask, the same ever after."""

    def __init__(self, home: Home) -> None:
        self.path = home.path / "secrets.json"
        self._home = home

    def knows_role(self, role: str) -> bool:
        return role in self._read().get("roles", {})

    def for_role(self, role: str) -> str:
        return self._get("roles", role)

    def for_valkey(self) -> str:
        return self._get("servers", "valkey")

    def _get(self, group: str, name: str) -> str:
        found = self._read().get(group, {}).get(name)
        if found is not None:
            return found
        self._home.create()
        with locked(self.path.with_suffix(".lock")):
            # Read again: another process may have been first.
            everything = self._read()
            found = everything.setdefault(group, {}).setdefault(name, secrets.token_urlsafe(32))
            text = json.dumps(everything, indent=2) + "\n"
            write_private(self.path, text, owner=owner_for(self.path.parent))
        return found

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            content: dict[str, dict[str, str]] = json.loads(text)
            return content
        except ValueError:
            # `from None`: the cause would carry the text, and the text is secrets.
            raise LocalServerError(
                f"{self.path} is not valid JSON.",
                server="local",
                hint="Restore it; without it nobody can log in to the servers.",
            ) from None
