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


class SignInRefused(TenantryError):
    """A sign-in through an outside provider came to nothing. `reason` is `state` (it was not begun by
    this browser, or for another user or provider), `expired`, `denied` (the user or the provider said no),
    `issuer` (the answer is another provider's), `callback` (the address is no answer), `code` (the provider
    did not take it) or `identity` (what the provider says of the user is not proven)."""

    code = "sign_in_refused"
    reason: str
    provider: str
    #: The provider's own word for it, if it said one.
    said: str | None


class IdentityProviderUnavailable(TenantryError):
    """Another's server that tells who somebody is did not answer, or not in a way that can be used."""

    code = "identity_provider_unavailable"
    retryable = True
    provider: str
    #: Seconds.
    retry_after: float
