"""Who asks, and what he may."""

from __future__ import annotations

from typing import Any

from .root import TenantryError


class NotAuthenticated(TenantryError):
    """Nothing was shown that is accepted, and whoever showed it is not told why.

    `reason` is a word for logs: it stands neither in the message nor in `to_dict`.
    """

    code = "not_authenticated"
    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The credentials are missing, or are not accepted.",
            hint="Sign in, or show a valid key or token.",
            reason=reason,
        )

    def to_dict(self) -> dict[str, Any]:
        told = super().to_dict()
        del told["reason"]
        return told


class NotAllowed(TenantryError):
    """It is known who asks, and he may not do this. What he lacks is a scope or a role."""

    code = "not_allowed"
    scope: str | None
    role: str | None

    def __init__(self, *, scope: str | None = None, role: str | None = None) -> None:
        lacking = f"the scope {scope!r}" if scope else f"the role {role!r}" if role else "a right"
        super().__init__(
            f"This needs {lacking}.",
            hint="Ask an administrator of the tenant for it.",
            scope=scope,
            role=role,
        )
