"""Who may come in, and what he may do there."""

from __future__ import annotations

from typing import Any

from .root import TenantryError


class NotAuthenticated(TenantryError):
    """Nothing was shown that is accepted, and whoever showed it is not told why.

    `reason` is a word for logs: it stands neither in the message nor in `to_dict`.
    """

    code = "not_authenticated"
    reason: str

    def __init__(self, reason: str = "") -> None:
        super().__init__(
            "The credentials are missing, or are not accepted.",
            hint="Sign in, or show a valid key or token.",
            reason=reason,
        )

    def to_dict(self) -> dict[str, Any]:
        told = super().to_dict()
        del told["reason"]
        return told


class PasswordsBusy(TenantryError):
    """So many passwords wait to be looked at that one more would wait for seconds. This one was not
    looked at, and counts as no failure."""

    code = "passwords_busy"
    retryable = True
    waiting: int

    def __init__(self, waiting: int) -> None:
        super().__init__(
            "Too many passwords are looked at just now.",
            hint="Try again in a few seconds. Limit sign-ins by address: RateLimits(public=…).",
            waiting=waiting,
        )


class NotAllowed(TenantryError):
    """The caller is known, and may not do this: it needs `scope`, or a `role` at least as high, or, if
    neither is said, to be somebody: a key that acts for no member is nobody."""

    code = "not_allowed"
    scope: str
    role: str

    def __init__(self, *, scope: str = "", role: str = "") -> None:
        needed = f"the scope {scope}" if scope else "a user"
        if role:
            needed = f"the role {role} or one above it"
        super().__init__(f"This needs {needed}.", scope=scope, role=role)


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


class TenantSuspended(TenantryError):
    """The caller's tenant is suspended: nobody works in it."""

    code = "tenant_suspended"

    def __init__(self) -> None:
        super().__init__(
            "This tenant is suspended.", hint="Ask the platform's operator what it is for."
        )


class OriginRefused(TenantryError):
    """A page of another site had a signed-in user's browser make the request."""

    code = "origin_refused"

    def __init__(self) -> None:
        super().__init__(
            "This comes from a page of another site.",
            hint="Requests with a session's cookie come from the platform's own pages.",
        )


class VisitOver(TenantryError):
    """A request's context was asked for where none is: outside of the middleware, or by work that goes
    on after its request."""

    code = "visit_over"

    def __init__(self) -> None:
        super().__init__(
            "There is no request here.",
            hint="Give the handle, or the tenant's id, to work that outlives its request; and check"
            " that TenantryMiddleware stands in front of the application.",
        )
