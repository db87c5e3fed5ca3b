"""`key`: API keys of a tenant."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.errors import InvalidInput

from . import lookup, place
from .answer import Answer, row, table
from .command import command, group

if TYPE_CHECKING:
    from tenantry.models import ApiKey
    from tenantry.repositories import ApiKeys

app = group("Create, list, rotate and revoke API keys.")

KeyName = Annotated[str, typer.Argument(metavar="KEY", help="Its id or prefix.")]

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@command(app)
async def create(
    tenant: lookup.TenantName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Such as tasks:read, tasks:*, *:read or *. May be given many times."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="The member it acts for.")] = None,
    expires_in: Annotated[str | None, typer.Option(help="Such as 90d, 12h or 4w.")] = None,
) -> Answer:
    """Create a key and print it, this once: only a hash of it is kept."""
    expires_at = None if expires_in is None else _expiry(expires_in)
    async with place.service(f"key create {tenant}") as s:
        found = await lookup.tenant(s, tenant)
        made = await s.tenant(found.id).api_keys.create(
            name=name,
            scopes=scope,
            user_id=(await lookup.user(s, user)).id if user else None,
            expires_at=expires_at,
        )
    note = f"Key {made.key.id} of {found.slug}. Keep it well: it is shown only now."
    return Answer({**row(made.key), "key": made.secret}, made.secret, note=note)


@command(app, "list")
async def list_(tenant: lookup.TenantName) -> Answer:
    """List a tenant's keys, newest first."""
    async with place.service(f"key list {tenant}") as s:
        keys = s.tenant((await lookup.tenant(s, tenant)).id).api_keys
        found = [key async for key in keys.iterate(order="newest")]
    prefixes = {k.id: k.prefix for k in found}
    rows = [
        (
            k.prefix, k.name, _state(k), k.scopes, k.expires_at or "never",
            k.last_used_at or "never", k.use_count,
            k.successor_id and prefixes.get(k.successor_id, k.successor_id), k.id,
        )
        for k in found
    ]  # fmt: skip
    columns = (
        "Prefix", "Name", "State", "Scopes", "Expires", "Last used", "Uses", "Successor", "Id",
    )  # fmt: skip
    return Answer({"keys": [row(k) for k in found]}, table(columns, rows, "There are no keys."))


@command(app)
async def rotate(
    tenant: lookup.TenantName,
    key: KeyName,
    *,
    grace: Annotated[
        str, typer.Option(help="For how long the old key is still good; 0d ends it at once.")
    ] = "1d",
    expires_in: Annotated[
        str | None,
        typer.Option(
            help="Such as 90d, or never. As long as the old one was made for if not given."
        ),
    ] = None,
) -> Answer:
    """Make another key in place of one, with its name, scopes and member, and print it, this once."""
    still_good = _span(grace, "grace", least=0)
    expires_at = ... if expires_in is None else _expiry(expires_in)
    async with place.service(f"key rotate {tenant}") as s:
        found = await lookup.tenant(s, tenant)
        keys = s.tenant(found.id).api_keys
        old = await _key(keys, key, found.slug)
        made = await keys.rotate(old.id, grace=still_good, expires_at=expires_at)
        old = await keys.get(old.id)
    ends = f"ends on {old.expires_at:%Y-%m-%d at %H:%M} UTC" if still_good else "has ended"
    note = (
        f"Key {made.key.id} of {found.slug}, in place of {old.prefix}…, which {ends}."
        " Keep it well: it is shown only now."
    )
    data = {**row(made.key), "key": made.secret, "replaces": row(old)}
    return Answer(data, made.secret, note=note)


@command(app)
async def revoke(tenant: lookup.TenantName, key: KeyName) -> Answer:
    """Revoke a key. From here on it opens nothing."""
    async with place.service(f"key revoke {tenant}") as s:
        found = await lookup.tenant(s, tenant)
        keys = s.tenant(found.id).api_keys
        gone = await keys.revoke((await _key(keys, key, found.slug)).id)
    return Answer(row(gone), f"Revoked key {gone.prefix}… ({gone.name}).")


async def _key(keys: ApiKeys, name: str, tenant: str) -> ApiKey:
    key_id = lookup.as_uuid(name)
    if key_id is not None:
        found = list(filter(None, [await keys.find(key_id)]))
    else:
        found = list(await keys.list(prefix=name, limit=2))
    if not found:
        raise lookup.Unknown("key", name, f"key list {tenant}")
    if len(found) > 1:
        raise InvalidInput(f"Several keys begin with {name}: give the id.", field="key")
    return found[0]


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at and key.expires_at <= datetime.now(UTC):
        return "expired"
    return "replaced" if key.successor_id else "active"


def _expiry(text: str) -> datetime | None:
    return None if text == "never" else datetime.now(UTC) + _span(text, "expires_in")


def _span(text: str, field: str, least: int = 1) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,5})([mhdw])", text)
    if match is None or int(match[1]) < least:
        raise InvalidInput(
            f"{text!r} is no length of time.", field=field, hint="Write it as 90d or 12h."
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
