"""Who may come in, and what he may do there."""

from __future__ import annotations

from .root import TenantryError


class NotAuthenticated(TenantryError):
    """The request shows nothing that opens this platform. `reason` is a short word for the log: who
    asks is told the same, whatever it was."""

    code = "not_authenticated"
    reason: str

    def __init__(self, reason: str = "") -> None:
        super().__init__("The request shows no credentials that are valid here.", reason=reason)


class NotAllowed(TenantryError):
    """The caller is known, and may not do this: it needs `scope`, or a `role` at least as high."""

    code = "not_allowed"
    scope: str
    role: str

    def __init__(self, *, scope: str = "", role: str = "") -> None:
        needed = f"the scope {scope}" if scope else f"the role {role} or one above it"
        super().__init__(f"This needs {needed}.", scope=scope, role=role)
