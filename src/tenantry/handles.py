"""What work is done through: a tenant's handle, its transaction, and the service role's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload
from uuid import UUID

import asyncpg

from tenantry import repositories as r
from tenantry.coordination import (
    Cache,
    Coordination,
    Events,
    Limits,
    Locks,
    Share,
    UserSessions,
)
from tenantry.errors import TransactionError
from tenantry.graph import Graph, Questions
from tenantry.kernel.context import parse_uuid
from tenantry.kernel.savepoint import Savepoint
from tenantry.kernel.transaction import Transaction
from tenantry.keyring import Keyring

from .scopes import Bound, EachItsOwn

R = TypeVar("R")
Record = asyncpg.Record


class repository(Generic[R]):  # noqa: N801 - reads as a declaration
    """A repository as an attribute, made when it is first used."""

    def __init__(self, kind: type[R]) -> None:
        self._kind = kind

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, instance: Any, owner: type[Any]) -> R: ...
    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        if instance is None:
            return self
        made = instance.__dict__[self._name] = self._kind(instance._scope)  # type: ignore[call-arg]
        return made


class TenantRepositories:
    """Everything a tenant has."""

    _scope: Bound | EachItsOwn

    account = repository(r.Account)
    users = repository(r.Users)
    memberships = repository(r.Memberships)
    invitations = repository(r.Invitations)
    api_keys = repository(r.ApiKeys)
    projects = repository(r.Projects)
    workflows = repository(r.Workflows)
    tasks = repository(r.Tasks)
    dependencies = repository(r.TaskDependencies)
    checkpoints = repository(r.TaskCheckpoints)
    comments = repository(r.TaskComments)
    attachments = repository(r.TaskAttachments)
    artifacts = repository(r.Artifacts)
    approvals = repository(r.Approvals)
    delegations = repository(r.Delegations)
    businesses = repository(r.Businesses)
    conversations = repository(r.Conversations)
    messages = repository(r.Messages)
    reviews = repository(r.Reviews)
    self_reviews = repository(r.SelfReviews)
    lessons = repository(r.Lessons)
    patterns = repository(r.Patterns)
    evidence = repository(r.EvidencePieces)
    knowledge = repository(r.Knowledge)
    agents = repository(r.Agents)
    desks = repository(r.Desks)
    sessions = repository(r.AgentSessions)
    executions = repository(r.Executions)
    costs = repository(r.Costs)
    prices = repository(r.Prices)
    activity = repository(r.Activities)
    audit = repository(r.AuditLogs)
    seals = repository(r.AuditSeals)
    graph = repository(Graph)

    def repository(self, kind: type[R]) -> R:
        """One of your own, for a table of your own: `t.repository(Invoices)`."""
        return kind(self._scope)  # type: ignore[call-arg]


class PlatformState:
    """What is kept in Redis or Valkey for the platform itself, before a tenant is known, and for a
    tenant: rate limits and locks."""

    @cached_property
    def _share(self) -> Share:
        raise NotImplementedError

    @cached_property
    def limits(self) -> Limits:
        return Limits(self._share)

    @cached_property
    def locks(self) -> Locks:
        return Locks(self._share)


class SharedState(PlatformState):
    """What only a tenant has there."""

    @cached_property
    def cache(self) -> Cache:
        return Cache(self._share)

    @cached_property
    def user_sessions(self) -> UserSessions:
        return UserSessions(self._share)

    @cached_property
    def events(self) -> Events:
        return Events(self._share)


class Statements:
    """SQL of one's own in a transaction. Values go in as `$1, $2, …`."""

    _transaction: Transaction

    async def fetch(self, sql: str, *args: Any, timeout: float | None = None) -> list[Record]:
        return await self._transaction.fetch(sql, *args, timeout=timeout)

    async def fetch_one(self, sql: str, *args: Any, timeout: float | None = None) -> Record | None:
        return await self._transaction.fetch_one(sql, *args, timeout=timeout)

    async def fetch_value(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        return await self._transaction.fetch_value(sql, *args, timeout=timeout)

    async def execute(self, sql: str, *args: Any, timeout: float | None = None) -> int:
        """Returns how many rows it touched."""
        return await self._transaction.execute(sql, *args, timeout=timeout)

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._transaction.execute_many(sql, rows)

    def stream(self, sql: str, *args: Any, batch: int = 500) -> AsyncIterator[Record]:
        """Rows as they come, `batch` at a time."""
        return self._transaction.stream(sql, *args, batch=batch)

    def savepoint(self) -> Savepoint:
        """`async with t.savepoint():` whose errors undo only what happened inside."""
        return self._transaction.savepoint()


class TenantTransaction(TenantRepositories, Statements, SharedState):
    """One transaction of one tenant."""

    def __init__(
        self,
        transaction: Transaction,
        tenant_id: UUID,
        keyring: Keyring,
        coordination: Coordination,
    ) -> None:
        self._transaction = transaction
        self._scope = Bound(transaction, tenant_id, keyring)
        self._coordination = coordination
        self.tenant_id = tenant_id

    @cached_property
    def _share(self) -> Share:
        return Share.of(self._coordination, self.tenant_id, self._transaction)


class Tenant(TenantRepositories, SharedState):
    """A tenant's handle. Used directly, each call is its own transaction; as a context, one is."""

    _scope: EachItsOwn

    def __init__(self, scope: EachItsOwn, coordination: Coordination) -> None:
        self._coordination = coordination
        self._scope = scope
        self._open: Transaction | None = None

    @property
    def tenant_id(self) -> UUID:
        tenant_id = self._scope.tenant_id
        assert tenant_id is not None  # noqa: S101 - `Database.tenant` parsed it
        return tenant_id

    @cached_property
    def _share(self) -> Share:
        return Share.of(self._coordination, self.tenant_id, begin=self._scope.open)

    async def fetch(self, sql: str, *args: Any) -> Sequence[Record]:
        return await self._scope.fetch(sql, *args)

    async def fetch_one(self, sql: str, *args: Any) -> Record | None:
        return await self._scope.fetch_one(sql, *args)

    async def execute(self, sql: str, *args: Any) -> int:
        """Returns how many rows it touched."""
        return await self._scope.execute(sql, *args)

    async def __aenter__(self) -> TenantTransaction:
        if self._open is not None:
            raise TransactionError(
                "This handle has a transaction open already.",
                hint="Use `t.savepoint()` inside it, or another `db.tenant(…)` beside it.",
            )
        self._open = transaction = self._scope.open()
        try:
            await transaction.__aenter__()
        except BaseException:
            self._open = None
            raise
        return TenantTransaction(
            transaction, self.tenant_id, self._scope.keyring, self._coordination
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        transaction, self._open = self._open, None
        if transaction is not None:
            await transaction.__aexit__(kind, error, trace)


class _OfOneTenant(TenantRepositories):
    """One tenant's repositories within the service role's transaction."""

    def __init__(self, transaction: Transaction, tenant_id: UUID, keyring: Keyring) -> None:
        self._scope = Bound(transaction, tenant_id, keyring)
        self.tenant_id = tenant_id


class ServiceTransaction(Statements):
    """Work across tenants, in one transaction of the service role."""

    tenants = repository(r.Tenants)
    users = repository(r.Users)
    prices = repository(r.Prices)
    graph_queries = repository(Questions)
    platform_log = repository(r.PlatformLogs)
    platform_seals = repository(r.PlatformSeals)

    def __init__(self, transaction: Transaction, keyring: Keyring) -> None:
        self._transaction = transaction
        self._scope = Bound(transaction, None, keyring)

    def tenant(self, tenant_id: UUID | str) -> _OfOneTenant:
        """The repositories of one tenant, within this transaction."""
        tenant_id = parse_uuid(tenant_id, "tenant_id")
        return _OfOneTenant(self._transaction, tenant_id, self._scope.keyring)

    async def refresh_views(self) -> None:
        """Bring the figures of desks and costs up to date. Readers are not held up by it."""
        await self.execute("SELECT tenantry.refresh_all_views()")
