"""What each part of a tenant's shared state is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from tenantry.kernel.transaction import Transaction

from .coordination import Coordination
from .keys import Keys


@dataclass(frozen=True, slots=True)
class Share:
    """Whose it is, where it is kept, and the transaction it is used in."""

    coordination: Coordination
    #: None for the platform's own.
    tenant_id: UUID | None
    keys: Keys
    #: The one that is open, where it is used inside one.
    transaction: Transaction | None = None
    #: How to have one, where it is not.
    begin: Callable[[], Transaction] | None = None

    @classmethod
    def of(
        cls,
        coordination: Coordination,
        tenant_id: UUID | None,
        transaction: Transaction | None = None,
        begin: Callable[[], Transaction] | None = None,
    ) -> Share:
        return cls(coordination, tenant_id, Keys(tenant_id), transaction, begin)
