"""What the database refuses."""

from __future__ import annotations

from uuid import UUID

from .root import TenantryError


class NotFound(TenantryError):
    """No such row is visible in this tenant."""

    code = "not_found"
    resource: str
    id: str

    def __init__(self, resource: str, id: UUID | str) -> None:
        super().__init__(
            f"No {resource} {id} in this tenant.",
            hint="It may have been deleted, or belong to another tenant.",
            resource=resource,
            id=str(id),
        )


class UnknownGraphQuery(TenantryError):
    """The platform has named no question like this."""

    code = "unknown_graph_query"
    name: str

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no graph query {name!r}.",
            hint="`tenantry graph query list` shows those there are; `add` names one.",
            name=name,
        )


class AlreadyExists(TenantryError):
    """A unique rule refused the row."""

    code = "already_exists"
    table: str
    constraint: str


class ReferenceNotFound(TenantryError):
    """The row points at another row that does not exist in this tenant."""

    code = "reference_not_found"
    table: str
    constraint: str


class StillReferenced(TenantryError):
    """The row cannot go: others still point at it."""

    code = "still_referenced"
    table: str
    constraint: str


class RuleViolated(TenantryError):
    """A check, not-null or exclusion rule of the table refused the value."""

    code = "rule_violated"
    table: str
    constraint: str
    column: str


class InvalidTransition(RuleViolated):
    """The task's workflow does not lead from its stage to that one."""

    code = "invalid_transition"
    stage: str
    to: str
    allowed: list[str]


class ReviewsMissing(RuleViolated):
    """The task may not leave its stage before these reviews have passed."""

    code = "reviews_missing"
    stage: str
    to: str
    missing: list[str]


class CircularReference(RuleViolated):
    """Something would depend on, be a part of, or report to itself."""

    code = "circular_reference"


class SecretUnreadable(TenantryError):
    """A secret cannot be decrypted with the keys there are, or was sealed for another row."""

    code = "secret_unreadable"


class AlreadyDecided(RuleViolated):
    """It was decided or answered before, and that stands."""

    code = "already_decided"
    decision: str


class InvitationClosed(RuleViolated):
    """The invitation lets nobody in. `reason` is `unknown`, `expired`, `withdrawn`, `accepted`, `tenant` (it
    is suspended or deleted) or `address` (it is for another one than the user's)."""

    code = "invitation_closed"
    reason: str


class LastOwner(RuleViolated):
    """A tenant keeps an owner who can sign in."""

    code = "last_owner"


class LastWayIn(RuleViolated):
    """Without it the user could not sign in any more."""

    code = "last_way_in"


class KeyNotReplaceable(TenantryError):
    """An API key cannot be rotated. `reason` is `revoked`, `expired` or `replaced`; `successor_id` the
    key that took its place, if one has."""

    code = "key_not_replaceable"
    reason: str
    successor_id: UUID | None


class StageChanged(TenantryError):
    """The task is not on the stage it was expected on: somebody else has moved it."""

    code = "stage_changed"
    expected: str
    stage: str


class PermissionDenied(TenantryError):
    """The role may not do this, or the row belongs to another tenant."""

    code = "permission_denied"


class ContextMismatch(PermissionDenied):
    """Work for one tenant was attempted inside another tenant's context."""

    code = "context_mismatch"


class ContextNotSealed(PermissionDenied):
    """The database asks for sealed contexts, and this one has no seal, an old or a false one."""

    code = "context_not_sealed"


class TenantNotWritable(PermissionDenied):
    """The tenant is suspended or deleted, or does not exist: it can be read but not written."""

    code = "tenant_not_writable"


class AppendOnly(PermissionDenied):
    """The record cannot be changed or removed."""

    code = "append_only"


class QuotaExceeded(TenantryError):
    """A quota of the tenant is used up."""

    code = "quota_exceeded"
    quota: str
    limit: int
    used: int


class TransferRefused(TenantryError):
    """A tenant is not put in, or not removed. `reason` is `held` (a legal hold), `status` (it is not
    deleted), `unsealed` (its record is), `unknown`, `table` (a table that cannot be seen into),
    `grant`, `reference` (something else points at it), `isolation` (of the transaction), `revision` (the
    export is of another schema), `damaged` (it is not what was written), `folder`, `users`, or
    `format`."""

    code = "transfer_refused"
    reason: str


class UnsafeTable(TenantryError):
    """A table was created in a way that would let tenants see each other's rows."""

    code = "unsafe_table"
