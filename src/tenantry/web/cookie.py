"""The cookie that carries a session's token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from tenantry.errors import InvalidInput

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Scripts cannot read it, and other sites' forms do not bring it along. With its `__Host-` prefix
    browsers take it from this very host alone, by HTTPS: no subdomain can put one there."""

    name: str = "__Host-session"
    #: False only where a browser has no HTTPS, on a laptop; then the name has no prefix.
    secure: bool = True
    same_site: Literal["lax", "strict"] = "lax"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput("A cookie's name is letters, digits, - and _.", field="name")
        if not self.secure and self.name.startswith(("__Host-", "__Secure-")):
            raise InvalidInput(
                f"Browsers take {self.name} only with Secure.",
                field="name",
                hint='Without HTTPS call it something else: SessionCookie("session", secure=False).',
            )

    def set(self, token: str, lifetime: float) -> str:
        """The value of a `Set-Cookie` header."""
        return self._header(token, int(lifetime))

    def clear(self) -> str:
        """That which takes it back."""
        return self._header("", 0)

    def _header(self, value: str, max_age: int) -> str:
        secure = "; Secure" if self.secure else ""
        return (
            f"{self.name}={value}; Path=/; Max-Age={max_age}; HttpOnly"
            f"; SameSite={self.same_site.title()}{secure}"
        )
