"""The face: `connect()` and `Database`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from tenantry import migrations
from tenantry.accounts.accounts import Accounts
from tenantry.accounts.standing import (
    KeyHolder,
    Standing,
    holder,
    standing,
    standing_of_identity,
)
from tenantry.accounts.uses import Uses
from tenantry.config import (
    Settings,
    load_settings,
)
from tenantry.coordination import Coordination, Share, UserSession, UserSessions
from tenantry.coordination.caching import CacheStats
from tenantry.coordination.counted import LimitStats, LockStats
from tenantry.endpoints import Role, url_for
from tenantry.errors import InvalidInput
from tenantry.handles import PlatformState, ServiceTransaction, Tenant, TenantTransaction
from tenantry.kernel import health as kernel_health
from tenantry.kernel import retry
from tenantry.kernel.context import Actor, Context, Isolation, parse_uuid
from tenantry.kernel.observing import Observer, Site, Watch
from tenantry.kernel.oneshot import OneShot
from tenantry.kernel.pool import Pool, PoolStats
from tenantry.kernel.position import NOWHERE, format_place, parse_place
from tenantry.kernel.primary import place_of
from tenantry.kernel.replica import ReplicaHealth
from tenantry.kernel.replicas import Replicas
from tenantry.kernel.transaction import Transaction
from tenantry.keyring import Keyring
from tenantry.migrations.apply import bring_to_head
from tenantry.pools import connector_of, open_pool, replicas_of
from tenantry.requirements import require, revisions
from tenantry.scopes import EachItsOwn, OnReplicas

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from tenantry.coordination.store import StoreStats

T = TypeVar("T")

_SERVICE_USE = OneShot(
    "SELECT tenantry.record_platform_event('service_use', 'service')", writes=True
)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the database answers, how fast, and whether it is at the revision this code needs."""

    database: kernel_health.Health
    revision: str | None
    head: str
    #: One that is away makes nothing ill: its work goes elsewhere.
    replicas: tuple[ReplicaHealth, ...] = ()

    @property
    def ok(self) -> bool:
        return self.database.ok and self.revision == self.head

    def to_dict(self) -> dict[str, Any]:
        facts = {"ok": self.ok, "revision": self.revision, "head": self.head}
        replicas = [replica.to_dict() for replica in self.replicas]
        return {**facts, "database": self.database.to_dict(), "replicas": replicas}


@dataclass(frozen=True, slots=True)
class Stats:
    """What this program has counted since it connected."""

    pools: tuple[tuple[Site, PoolStats], ...]
    replicas: tuple[ReplicaHealth, ...]
    cache: CacheStats
    #: `redis`, and `cache` where that is another server; those that were used.
    stores: Mapping[str, StoreStats]
    limits: LimitStats
    locks: LockStats


async def connect(
    url: str | None = None,
    *,
    settings: Settings | None = None,
    observe: Iterable[Observer] = (),
    **overrides: Any,
) -> Database:
    """A handle on the database: `url`, else the settings' (see docs), else the embedded server.

    Keep one for the life of the program, and `close()` it at the end; or use `async with`.
    """
    if url is not None:
        overrides["database_url"] = url
    if settings is None:
        settings = await asyncio.to_thread(load_settings, **overrides)
    elif overrides:
        raise InvalidInput("Give settings or single overrides, not both.", field="settings")
    if settings.migrate == "auto":
        await _migrate_if_possible(settings)
    database = Database(settings, await open_pool(settings, "app"))
    database.observe(*observe)
    try:
        await require(settings, database.pool, database.coordination)
        if database._replicas is not None:
            database._replicas.start()
    except BaseException:
        await database.close()
        raise
    return database


class Database(PlatformState):
    """What every use of Tenantry starts from."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self.settings = settings
        self._pool = pool
        self._watch: Watch | None = None
        self.keyring = Keyring([key.get_secret_value() for key in settings.secret_keys])
        self._pools: dict[Role, Pool] = {"app": pool}
        self._replicas = replicas_of(settings, pool)
        if self._replicas is not None:
            pool.witness = self._replicas.writes.note
        self._opening = asyncio.Lock()
        #: What `accounts` is known to do with the service role.
        self._on_record: set[str] = set()
        self._recording = asyncio.Lock()
        self._uses = Uses(pool)
        #: Redis or Valkey, opened when it is first used.
        self.coordination = Coordination(settings)

    def __repr__(self) -> str:
        return f"Database({self._pool.stats})"

    # ---- work -------------------------------------------------------------------------------

    def tenant(
        self,
        tenant_id: UUID | str,
        *,
        user_id: UUID | str | None = None,
        actor: Actor | None = None,
        readonly: bool = False,
        isolation: Isolation | None = None,
        after: str | None = None,
    ) -> Tenant:
        """A tenant's handle: call it directly, or open it with `async with` for one transaction.

        With `readonly` it is a replica's where there are some, and finds what this program has
        written for the tenant; with `after` also what anyone had, when `position()` was asked.
        """
        context = _context(tenant_id, user_id, actor)
        seen = NOWHERE if after is None else parse_place(after)
        # A standby cannot tell whether a serializable transaction is one.
        if readonly and self._replicas is not None and isolation != "serializable":
            scope: EachItsOwn = OnReplicas(
                self._replicas, context, after=seen, isolation=isolation, keyring=self.keyring
            )
        else:
            scope = EachItsOwn(
                self._pool, context, readonly=readonly, isolation=isolation, keyring=self.keyring
            )
        return Tenant(scope, self.coordination)

    async def position(self) -> str:
        """Where the database is now, for another process: `db.tenant(…, readonly=True, after=…)`
        there sees all that was committed before."""
        return format_place(await place_of(self._pool))

    @asynccontextmanager
    async def service(
        self, reason: str, *, user_id: UUID | str | None = None, actor: Actor | None = None
    ) -> AsyncIterator[ServiceTransaction]:
        """One transaction across tenants, by the service role. Its use is on record, with why."""
        begin = await self.serving(reason, user_id=user_id, actor=actor)
        async with begin() as transaction:
            yield transaction

    async def serving(
        self, reason: str, *, user_id: UUID | str | None = None, actor: Actor | None = None
    ) -> Callable[[], AbstractAsyncContextManager[ServiceTransaction]]:
        """As `service`, for a program that goes on for long: what begins one transaction after the
        other. It is on record once."""
        if not reason.strip():
            raise InvalidInput("Say why the service role is needed.", field="reason")
        context = _service_context(reason, user_id, actor)
        pool = await self._pool_of("service")
        await _record_use(pool, context)
        return lambda: self._service_transaction(pool, context)

    @asynccontextmanager
    async def _service_transaction(
        self, pool: Pool, context: Context
    ) -> AsyncIterator[ServiceTransaction]:
        async with Transaction(pool, context) as transaction:
            yield ServiceTransaction(transaction, self.keyring)

    @asynccontextmanager
    async def _serve_accounts(
        self, reason: str, *, user_id: UUID | None = None, actor: Actor | None = None
    ) -> AsyncIterator[ServiceTransaction]:
        """As `service`, for somebody's own business: each reason is on record once."""
        pool = await self._pool_of("service")
        if reason not in self._on_record:
            async with self._recording:
                if reason not in self._on_record:
                    await _record_use(pool, _service_context(reason, None, None))
                    self._on_record.add(reason)
        who = actor or Actor(kind="service" if user_id is None else "user")
        async with self._service_transaction(pool, _service_context(reason, user_id, who)) as s:
            yield s

    @asynccontextmanager
    async def session(
        self,
        tenant_id: UUID | str,
        *,
        user_id: UUID | str | None = None,
        actor: Actor | None = None,
    ) -> AsyncIterator[AsyncSession]:
        """An SQLAlchemy session in the tenant's context, whichever transactions it begins."""
        context = _context(tenant_id, user_id, actor)
        async with self._sessions.open(context) as session:
            yield session

    async def run(
        self,
        tenant_id: UUID | str,
        work: Callable[[TenantTransaction], Awaitable[T]],
        *,
        attempts: int = 5,
        **options: Any,
    ) -> T:
        """`work(t)` in a transaction, all of it again when the database says that this may help:
        on a serialization failure, a deadlock, or a connection lost before COMMIT."""
        return await retry.run(
            lambda: self.tenant(tenant_id, **options), work, attempts=attempts, watch=self._watch
        )

    async def authenticate_key(self, key: str) -> KeyHolder | None:
        """Who a key speaks for; None for one that is unknown, revoked or expired."""
        found = await holder(self._pool, key)
        if found is not None:
            self._uses.count(found)
        return found

    async def standing(
        self, tenant_id: UUID | str, user_id: UUID | str | None = None
    ) -> Standing | None:
        """Where a user stands in a tenant, or how the tenant does by itself. None where the tenant is
        not there or deleted, and for a user who is no member of it or not active."""
        user = None if user_id is None else parse_uuid(user_id, "user_id")
        return await standing(self._pool, parse_uuid(tenant_id, "tenant_id"), user)

    async def standing_of_identity(
        self, tenant_id: UUID | str, provider: str, subject: str
    ) -> Standing | None:
        """As that, for the member who has this account at an outside provider."""
        tenant = parse_uuid(tenant_id, "tenant_id")
        return await standing_of_identity(self._pool, tenant, provider, subject)

    @cached_property
    def accounts(self) -> Accounts:
        """Sign-up and sign-in, passwords, invitations, members and outside accounts."""
        return Accounts(self._serve_accounts, self.coordination)

    # ---- before a tenant is known: `limits`, `locks`, and who is signed in ------------------------

    @cached_property
    def _share(self) -> Share:
        return Share.of(self.coordination, None)

    async def user_session(self, token: str) -> UserSession | None:
        """Whose token it is; None for one that is unknown, forged, expired or signed out."""
        tenant_id = UserSessions.tenant_of(token)
        if tenant_id is None:
            return None
        return await UserSessions(Share.of(self.coordination, tenant_id)).get(token)

    # ---- state ------------------------------------------------------------------------------

    def observe(self, *observers: Observer) -> None:
        """Tell them from now on what runs here: `db.observe(PrometheusMetrics())`."""
        if not observers:
            return
        before = () if self._watch is None else self._watch.observers
        self._watch = watch = Watch((*before, *observers))
        for pool in self._pools.values():
            pool.watch = watch
        if self._replicas is not None:
            self._replicas.observe(watch)
        for observer in observers:
            watch.tell(observer.attached, self)

    def stats(self) -> Stats:
        """How this program fares with its servers, as far as it knows without asking them."""
        replicas = self._replicas
        open_now = [*self._pools.values(), *(replicas.pools() if replicas is not None else ())]
        coordination = self.coordination
        return Stats(
            pools=tuple((pool.site, pool.stats) for pool in open_now),
            replicas=tuple(replicas.seen() if replicas is not None else ()),
            cache=coordination.caching.stats,
            stores={store.name: store.stats for store in coordination.opened()},
            limits=coordination.limit_stats,
            locks=coordination.lock_stats,
        )

    @property
    def pool(self) -> Pool:
        """The app role's connections: for who measures the server, and not for a tenant's work."""
        return self._pool

    @property
    def replicas(self) -> Replicas | None:
        return self._replicas

    async def revisions(self) -> frozenset[str]:
        """The newest applied revision of each branch, Tenantry's (a number) and the application's; none
        before the first migration."""
        return await revisions(self._pool)

    async def health(self, *, timeout: float = 2.0) -> Health:
        """Never raises: a database that is away is an answer too."""
        found = await kernel_health.check(self._pool, timeout=timeout)
        revision = migrations.newest(await self.revisions()) if found.ok else None
        replicas = await self._replicas.health(timeout) if self._replicas is not None else []
        return Health(found, revision, migrations.head(), tuple(replicas))

    async def close(self, timeout: float = 10.0) -> None:
        """Let work in progress finish, then cut what has not."""
        if self._watch is not None:
            for observer in self._watch.observers:
                self._watch.tell(observer.detached, self)
        if self._replicas is not None:
            await self._replicas.close(timeout)
        await self._uses.close(timeout)
        await asyncio.gather(*(pool.close(timeout) for pool in self._pools.values()))
        await self.coordination.close()
        if "_sessions" in self.__dict__:
            await self._sessions.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # ---- parts ------------------------------------------------------------------------------

    @cached_property
    def _sessions(self) -> Any:
        from tenantry.sessions import Sessions  # noqa: PLC0415 - only ORM users pay for it

        connector = connector_of(self.settings, url_for(self.settings, "app"))
        pool = self._pool
        return Sessions(
            connector, self.settings, pool.sealer, pooled=pool.pooled, witness=pool.witness
        )

    async def _pool_of(self, role: Role) -> Pool:
        """Pools of other roles are opened when they are first used."""
        async with self._opening:
            if role not in self._pools:
                opened = await open_pool(self.settings, role)
                opened.witness = self._pool.witness
                opened.watch = self._watch
                self._pools[role] = opened
            return self._pools[role]


def _context(tenant_id: UUID | str, user_id: UUID | str | None, actor: Actor | None) -> Context:
    user = None if user_id is None else parse_uuid(user_id, "user_id")
    return Context(parse_uuid(tenant_id, "tenant_id"), user, actor)


def _service_context(reason: str, user_id: UUID | str | None, actor: Actor | None) -> Context:
    user = None if user_id is None else parse_uuid(user_id, "user_id")
    return Context(None, user, replace(actor or Actor(kind="service"), reason=reason))


async def _record_use(pool: Pool, context: Context) -> None:
    """On its own, so that it stays on record when the work itself fails."""
    async with Transaction(pool, context) as record:
        await record.fetch_value(_SERVICE_USE.sql)


async def _migrate_if_possible(settings: Settings) -> None:
    """With no owner's URL there is nothing to migrate with; the check that follows will say so."""
    if settings.owner_url is not None or settings.database_url is None:
        await bring_to_head(settings)
