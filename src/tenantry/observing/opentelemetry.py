"""What a program does, as spans for OpenTelemetry, by its conventions for databases.

    db.observe(OpenTelemetryTraces())

A one-shot call is a span, a transaction is one with its statements below it. Their parent is whatever
span was current when the work began. Texts come without values, errors without their messages.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from tenantry.errors import ConfigurationError, InvalidInput, TenantryError
from tenantry.kernel.observing import Observer, Site, Work

from .statements import described

try:
    from opentelemetry import trace
except ImportError:
    raise ConfigurationError(
        "Spans need opentelemetry-api.", setting="traces", hint="pip install 'tenantry[traces]'"
    ) from None

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

Attributes = dict[str, "AttributeValue"]
#: How a tenant is told.
TenantAs = Literal["id", "hash", "none"]

_SCHEMA: Final = "https://opentelemetry.io/schemas/1.34.0"
_SHORTEST_KEY: Final = 16


class OpenTelemetryTraces(Observer):
    """Spans go to the program's tracer provider, or to this one.

    `tenant` says how a span names its tenant: by its `id`, by a `hash` under `key` which nobody can
    turn back without it, or not at all (`none`). Without `statements` a transaction is one span.
    """

    def __init__(
        self,
        provider: trace.TracerProvider | None = None,
        *,
        tenant: TenantAs = "id",
        key: str | bytes = b"",
        statements: bool = True,
    ) -> None:
        if tenant not in ("id", "hash", "none"):
            raise InvalidInput("A tenant is told by id, hash or none.", field="tenant")
        self._key = key.encode() if isinstance(key, str) else key
        if tenant == "hash" and len(self._key) < _SHORTEST_KEY:
            raise InvalidInput(
                f"Hashing tenants takes a key of at least {_SHORTEST_KEY} bytes.",
                field="key",
                hint="Without one, whoever has a list of tenants could find out which is which.",
            )
        self._tenant: TenantAs = tenant
        self._statements = statements
        self._tracer = trace.get_tracer("tenantry", None, provider, _SCHEMA)
        self._hashes: dict[UUID, str] = {}

    # ---- what is told -----------------------------------------------------------------------

    def begun(self, work: Work) -> trace.Span | None:
        if work.kind == "transaction":
            kind, name = trace.SpanKind.INTERNAL, "transaction"
        elif work.kind == "statement" and not self._statements:
            return None
        else:
            kind, name = trace.SpanKind.CLIENT, described(work.sql).summary or "statement"
        parent = None if work.within is None else work.within.note(self)
        # Given by hand, and never made the current one: whatever tasks do meanwhile, none of them
        # can end up below a span of another's.
        context = None if parent is None else trace.set_span_in_context(parent)
        return self._tracer.start_span(name, context, kind, self._attributes(work))

    def ended(self, work: Work) -> None:
        span: trace.Span | None = work.note(self)
        if span is None:
            return
        if span.is_recording():
            span.set_attributes(_found(work))
            if work.outcome == "error":
                # Nothing of what the error says: a message may quote values.
                span.set_status(trace.StatusCode.ERROR, work.error_code)
        span.end()

    def _attributes(self, work: Work) -> Attributes:
        found: Attributes = {"tenantry.role": work.site.role, "tenantry.readonly": work.readonly}
        if work.kind != "transaction":
            said = described(work.sql)
            found["db.query.text"] = said.text
            found["db.query.summary"] = said.summary
            found["db.operation.name"] = said.operation
            if said.table:
                found["db.collection.name"] = said.table
            if said.function:
                found["db.stored_procedure.name"] = said.function
        if work.tenant_id is not None and self._tenant == "id":
            found["tenantry.tenant.id"] = str(work.tenant_id)
        elif work.tenant_id is not None and self._tenant == "hash":
            found["tenantry.tenant.hash"] = self.hash_of(work.tenant_id)
        return {**found, **_place(work.site)}

    def hash_of(self, tenant_id: UUID) -> str:
        """What a tenant is called in spans that hash it, so that his can be looked for."""
        known = self._hashes.get(tenant_id)
        if known is None:
            known = hmac.new(self._key, tenant_id.bytes, sha256).hexdigest()[:32]
            if len(self._hashes) < 10_000:
                self._hashes[tenant_id] = known
        return known


def _place(site: Site) -> Attributes:
    found: Attributes = {"db.system.name": "postgresql", "tenantry.server": site.server}
    if site.database:
        found["db.namespace"] = site.database
    if site.host:
        found["server.address"] = site.host
        if not site.host.startswith("/"):
            found["server.port"] = site.port
    return found


def _found(work: Work) -> Attributes:
    """What is known at the end."""
    found: Attributes = {}
    if work.kind == "transaction":
        found |= _place(work.site)
    elif work.outcome == "ok":
        found["db.response.returned_rows"] = work.rows
    if work.waited is not None:
        found["tenantry.connection_wait_seconds"] = work.waited
    if work.outcome == "cancelled":
        found["tenantry.cancelled"] = True
    if work.outcome == "error":
        if work.sqlstate:
            found["db.response.status_code"] = work.sqlstate
        error = work.error
        own = error.code if isinstance(error, TenantryError) else type(error).__qualname__
        found["error.type"] = work.sqlstate or own
    return found
