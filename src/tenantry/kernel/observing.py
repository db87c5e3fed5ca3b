"""What those who watch are told: what ran, for whom, where, and for how long. Never a value.

Nothing here knows who watches. Where nobody does, a call asks once whether there is a `Watch`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any, Final, Literal
from uuid import UUID

from ..errors import TenantryError
from .context import Context

Kind = Literal["one_shot", "transaction", "statement"]
Outcome = Literal["open", "ok", "error", "cancelled"]

_LOG: Final = logging.getLogger("tenantry.observing")
#: Seconds between words about observers that fail.
_QUIET_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a pool's connections lead, and as whom."""

    role: str = ""
    server: Literal["primary", "replica"] = "primary"
    #: A name, an address or a socket's folder; '' where there are several.
    host: str = ""
    port: int = 0
    database: str = ""


class Work:
    """A call of one round trip, a transaction, or a statement within one.

    Written out by hand, since there is one for each: half of what a dataclass costs.
    """

    __slots__ = (
        "_began",
        "_notes",
        "_watch",
        "error",
        "kind",
        "outcome",
        "readonly",
        "rows",
        "seconds",
        "site",
        "sql",
        "tenant_id",
        "waited",
        "within",
    )

    def __init__(
        self,
        watch: Watch,
        kind: Kind,
        site: Site,
        tenant_id: UUID | None,
        *,
        readonly: bool,
        sql: str = "",
        within: Work | None = None,
    ) -> None:
        self.kind = kind
        #: Of a transaction that may go to a replica it is known once it has begun there.
        self.site = site
        #: None where the work is not one tenant's.
        self.tenant_id = tenant_id
        self.readonly = readonly
        #: As it was given, with `$1, $2, …` for its values; '' for a transaction.
        self.sql = sql
        #: The transaction of a statement.
        self.within = within
        #: Seconds until there was a connection, if one had to be waited for.
        self.waited: float | None = None
        # ---- known at its end
        self.seconds = 0.0
        self.rows = 0
        self.outcome: Outcome = "open"
        #: What comes out of it, as its caller sees it. Its message may hold values.
        self.error: BaseException | None = None
        self._watch = watch
        self._notes: list[Any] = []
        self._began = perf_counter()

    @property
    def error_code(self) -> str:
        """One word of few, for counting: the code of an error of ours, or `application`."""
        error = self.error
        return error.code if isinstance(error, TenantryError) else "application"

    @property
    def sqlstate(self) -> str:
        """What the server said, if it was the server."""
        error = self.error
        while error is not None:
            if state := getattr(error, "sqlstate", None):
                return str(state)
            error = error.__cause__
        return ""

    def note(self, observer: Observer) -> Any:
        """What this observer's `begun` returned for it."""
        for one, note in zip(self._watch.observers, self._notes, strict=False):
            if one is observer:
                return note
        return None

    def statement(self, sql: str) -> Work:
        """One of a transaction's begins."""
        return self._watch.begin(
            "statement", self.site, self.tenant_id, readonly=self.readonly, sql=sql, within=self
        )

    def end(self, error: BaseException | None = None, rows: int = 0) -> None:
        """Tell that it is over, and what comes out of it."""
        self.seconds = perf_counter() - self._began
        self.rows = rows
        self.error = error
        if error is None:
            self.outcome = "ok"
        elif isinstance(error, asyncio.CancelledError) or not isinstance(error, Exception):
            self.outcome = "cancelled"
        else:
            self.outcome = "error"
        self._watch.ended(self)


class Observer:
    """Who watches overrides what he wants to know.

    He is called in the middle of the work, so he must be quick. What he raises is logged, and the
    work never learns of it.
    """

    def attached(self, database: Any) -> None:
        """He watches this `Database` from now on."""

    def detached(self, database: Any) -> None:
        """It was closed."""

    def begun(self, work: Work) -> Any:
        """What is returned is `work.note(self)` when it has ended."""

    def ended(self, work: Work) -> None:
        """It is over, whatever became of it."""

    def retried(self, error: TenantryError) -> None:
        """Work will be run again because of this error."""


class Watch:
    """All who watch the same."""

    def __init__(self, observers: tuple[Observer, ...]) -> None:
        self.observers = observers
        self._quiet_until = 0.0

    def begin(
        self,
        kind: Kind,
        site: Site,
        tenant_id: UUID | None,
        *,
        readonly: bool,
        sql: str = "",
        within: Work | None = None,
    ) -> Work:
        work = Work(self, kind, site, tenant_id, readonly=readonly, sql=sql, within=within)
        work._notes = [self.tell(observer.begun, work) for observer in self.observers]
        return work

    def transaction(self, site: Site, context: Context, *, readonly: bool) -> Work:
        return self.begin("transaction", site, context.tenant_id, readonly=readonly)

    def ended(self, work: Work) -> None:
        for observer in self.observers:
            self.tell(observer.ended, work)

    def retried(self, error: TenantryError) -> None:
        for observer in self.observers:
            self.tell(observer.retried, error)

    def tell(self, listener: Callable[[Any], Any], news: Any) -> Any:
        """One of them, who may fail by himself."""
        try:
            return listener(news)
        except Exception as error:
            # Not with each call: a log that floods would slow down what is watched.
            if monotonic() >= self._quiet_until:
                self._quiet_until = monotonic() + _QUIET_S
                name = type(getattr(listener, "__self__", listener)).__name__
                _LOG.warning("The observer %s failed.", name, exc_info=error)
            return None
