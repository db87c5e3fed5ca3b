"""`tenant export`, `import`, `hold`, `purge`: a tenant as a whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from tenantry.errors import ConfigurationError, InvalidInput, TenantryError

from . import ask, exits, lookup, place
from .answer import Answer, facts, plain, table
from .command import Waiting, command
from .screen import progress

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.database import Database
    from tenantry.ops.tenants.purging import Certificate

_Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it goes on record.")]


def add_to(app: typer.Typer) -> None:
    """Among the other commands of `tenant`."""
    command(app)(export)
    command(app, "import")(import_)
    command(app)(hold)
    command(app)(holds)
    command(app)(release)
    command(app)(purge)
    command(app)(certificate)


async def export(
    tenant: lookup.TenantName,
    *,
    to: Annotated[Path, typer.Option(metavar="DIR", help="A folder that is new or empty.")],
    passwords: Annotated[
        bool, typer.Option("--passwords", help="With the password hashes of its members.")
    ] = False,
) -> Answer:
    """Write all of a tenant to a folder: a file a table, from one moment, with checksums."""
    from tenantry.ops.tenants import exporting

    async with place.database() as db:
        tenant_id = await lookup.tenant_id(db, tenant, "export")
        with progress() as tell:
            done = await exporting.export(
                db, tenant_id, to, passwords=passwords,
                reason=f"tenantry tenant export {tenant}", actor=place.actor(), tell=tell,
            )  # fmt: skip
    made = done.to_dict()
    words = (
        f"Wrote {made['rows']:,} rows of {tenant} and {made['users']} users to {to}."
        f"\nSHA-256 of its manifest: {done.sha256}"
    )
    notes = []
    if count := done.manifest.secrets["encrypted_credentials"]:
        notes.append(f"{count} credentials stay encrypted under this platform's secret keys.")
    if unsealed := done.manifest.record["unsealed"]:
        notes.append(f"{unsealed} entries of its record have no seal yet: an import leaves them.")
    return Answer(made, words, note="\n".join(notes))


async def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `tenant export` wrote.")],
    *,
    as_slug: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Under another short name.")
    ] = None,
    new_id: Annotated[
        bool, typer.Option("--new-id", help="As a copy: the tenant and its rows get new ids.")
    ] = False,
    known_users_only: Annotated[
        bool, typer.Option("--known-users-only", help="Refuse instead of making users.")
    ] = False,
    passwords: Annotated[
        bool,
        typer.Option(
            "--passwords",
            help="Users that are made keep the passwords of the export. Only if you trust who wrote it.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the folder, against this database.")
    ] = False,
) -> Answer:
    """Put an exported tenant into this database: all of it, or nothing."""
    from tenantry.endpoints import url_for
    from tenantry.ops.tenants import importing

    settings = place.running()
    try:
        owner_url = url_for(settings, "owner")
    except ConfigurationError:
        owner_url = None  # rows without a partition go to the default one
    async with place.database() as db:
        if dry_run:
            found = await importing.examine(db, folder)
            words = f"A whole export of {found.tenant['slug']}: {found.rows:,} rows, {found.users.rows} users."
            data = {"tenant": found.tenant, "rows": found.rows, "users": found.users.rows}
            return Answer({**data, "dry_run": True}, words, note="Nothing was put in.")
        with progress() as tell:
            done = await importing.import_(
                db, folder, as_slug=as_slug, new_id=new_id, make_users=not known_users_only,
                passwords=passwords,
                owner_url=owner_url, reason=f"tenantry tenant import {folder.name}",
                actor=place.actor(), tell=tell,
            )  # fmt: skip
    rows = sum(done.tables.values())
    notes = []
    if done.entries_left:
        notes.append(f"{done.entries_left} entries without a seal stay in the folder.")
    if count := done.credentials_unreadable:
        kept = (
            "are empty now" if new_id else "stay encrypted: add the secret keys they were made with"
        )
        notes.append(f"{count} credentials cannot be opened with this platform's keys, and {kept}.")
    words = (
        f"Put in {done.slug} ({done.tenant_id}): {rows:,} rows; {done.users_found} users were known,"
        f" {done.users_made} made."
    )
    return Answer(done.to_dict(), words, note="\n".join(notes))


async def hold(tenant: lookup.TenantName, *, reason: _Reason) -> Answer:
    """Put a legal hold on a tenant: while there is one, nothing of it is purged."""
    from tenantry.ops.tenants import holding

    async with place.service(f"tenant hold {tenant}") as s:
        found = await lookup.tenant(s, tenant)
        made = await holding.hold(s, found.id, reason)
    return Answer({"id": made, "tenant_id": found.id}, f"{found.slug} is held ({made}).")


async def holds(
    tenant: Annotated[
        str | None, typer.Argument(metavar="[TENANT]", help="Its slug or id; else all.")
    ] = None,
) -> Answer:
    """List legal holds."""
    from tenantry.ops.tenants import holding

    async with place.service("tenant holds") as s:
        whose = (await lookup.tenant(s, tenant)).id if tenant else None
        found = await holding.holds(s, whose)
    rows = [(h.tenant, h.reason, h.id, h.created_at) for h in found]
    view = table(("Tenant", "Reason", "Id", "Since"), rows, "There are no holds.")
    return Answer({"holds": found}, view)


async def release(
    tenant: lookup.TenantName,
    hold_id: Annotated[UUID, typer.Argument(metavar="HOLD", help="Its id, as `holds` shows it.")],
) -> Answer:
    """End a legal hold."""
    from tenantry.ops.tenants import holding

    async with place.service(f"tenant release {tenant}") as s:
        found = await lookup.tenant(s, tenant)
        await holding.release(s, found.id, hold_id)
        left = len(await holding.holds(s, found.id))
    words = f"Released. {left} more on it." if left else f"Released: nothing holds {found.slug}."
    return Answer({"tenant_id": found.id, "holds": left}, words)


def purge(
    tenant: lookup.TenantName,
    *,
    reason: _Reason = "tenant purge",
    certificate_to: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="Write the certificate there too."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go, or why it may not.")
    ] = False,
    yes: ask.Yes = False,
) -> Waiting:
    """Remove a deleted tenant for good: rows, partitions, graph, keys, and its record after a last
    seal. Run again by its id, it finishes what was interrupted."""
    settings = place.running()
    if dry_run:
        return _planned(tenant)
    ask.confirm(f"Remove {tenant} for good? Nothing brings it back but a backup.", yes=yes)
    return _purge(settings, tenant, reason, certificate_to)


async def _planned(tenant: str) -> Answer:
    from tenantry.ops.tenants import purging

    async with place.service(f"tenant purge {tenant} --dry-run") as s:
        found = await lookup.tenant(s, tenant)
        going = await purging.planned(s, found.id)
    data = {"tenant_id": found.id, "tables": going, "rows": sum(going.values()), "dry_run": True}
    view = table(("Table", "Rows"), sorted(going.items()), "It has no rows.")
    return Answer(data, view, note="Nothing was removed: this was a dry run.")


async def _purge(settings: Settings, tenant: str, reason: str, to: Path | None) -> Answer:
    from tenantry.endpoints import has_redis
    from tenantry.ops.tenants import purging

    async with place.database() as db:
        tenant_id = lookup.as_uuid(tenant) or await lookup.tenant_id(db, tenant, "purge")
        backups = await _backups(db, settings, tenant_id)
        with progress() as tell:
            done = await purging.purge(
                db, tenant_id, reason=reason, has_redis=has_redis(settings), backups=backups,
                actor=place.actor(), tell=tell,
                # Once the rows are gone nobody else knows the paths.
                keep=lambda blobs: _keep(to, {"tenant_id": str(tenant_id), "blobs": blobs}),
            )  # fmt: skip
    data = {**plain(_said(done.certificate)), **plain(done)}
    data["blobs"] = done.blobs or _kept(to, tenant_id)
    _keep(to, data, gone=tenant_id)
    notes = [_of_backups(done.certificate)]
    if done.blobs:
        notes.append(f"{len(done.blobs)} files in the object store are yours to remove (--json).")
    if done.users_left:
        notes.append(f"{len(done.users_left)} users are members of no tenant any more.")
    code = exits.FAILED if done.left else exits.OK
    return Answer(data, facts(_shown(done.certificate)), note="\n".join(notes), code=code)


async def certificate(
    tenant: Annotated[
        str | None, typer.Argument(metavar="[TENANT]", help="The slug or id it had; else all.")
    ] = None,
) -> Answer:
    """Show the certificates of purges, newest first."""
    from tenantry.ops.tenants import purging

    tenant_id = lookup.as_uuid(tenant) if tenant else None
    async with place.service("tenant certificate") as s:
        slug = None if tenant_id else tenant
        found = await purging.certificates(s, tenant_id=tenant_id, slug=slug)
    if tenant and not found:
        raise lookup.Unknown("certificate for", tenant, "tenant certificate")
    if tenant and len(found) == 1:
        return Answer({"certificates": [_said(found[0])]}, facts(_shown(found[0])))
    rows = [(c.facts["slug"], c.facts["rows"], c.reason, c.facts["tenant_id"], c.at) for c in found]
    view = table(("Tenant", "Rows", "Reason", "Id", "Purged"), rows, "No tenant was purged.")
    return Answer({"certificates": [_said(c) for c in found]}, view)


async def _backups(
    db: Database, settings: Settings, tenant_id: UUID
) -> list[dict[str, str | None]] | None:
    """Those that hold the tenant; None where the store cannot be read, which stops no erasure."""
    from tenantry.ids import time_of
    from tenantry.ops.backup import Vault
    from tenantry.ops.backup.remaining import remaining

    database, system_id = await place.cluster(db, "tenant purge")
    since = time_of(tenant_id) if tenant_id.version == 7 else datetime.fromtimestamp(0, UTC)
    try:
        found = remaining(Vault.of(settings).store, since, database=database, system_id=system_id)
    except TenantryError:
        return None
    return [
        {"id": str(m.id), "kind": m.kind, "expires": m.expires.isoformat() if m.expires else None}
        for m in found
    ]


def _of_backups(found: Certificate) -> str:
    backups = found.facts.get("backups")
    if backups is None:
        return "Backups made before hold it until they expire (`tenantry backup list`): the store could not be read."
    if not backups:
        return "No backup holds it."
    lines = [f"  {b['id']} {b['kind']}: {b['expires'] or 'until it is pruned'}" for b in backups]
    return "\n".join(["Backups (and the WAL after copies) hold it until they expire:", *lines])


def _kept(to: Path | None, tenant_id: UUID) -> list[str]:
    """The paths that a run wrote down which was stopped when the rows were gone."""
    try:
        said = json.loads(to.read_text("utf-8")) if to else {}
        return [*said["blobs"]] if said["tenant_id"] == str(tenant_id) else []
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _keep(to: Path | None, data: dict[str, Any], *, gone: UUID | None = None) -> None:
    if to is None:
        return
    try:
        to.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{to} cannot be written ({error.strerror})."
            + (" The tenant is gone." if gone else " Nothing was removed."),
            field="certificate",
            hint=f"`tenantry tenant certificate {gone}` shows it again." if gone else "",
        ) from error


def _said(found: Certificate) -> dict[str, Any]:
    return {"id": found.entry_id, "at": found.at, "reason": found.reason, **found.facts}


def _shown(found: Certificate) -> dict[str, Any]:
    said = found.facts
    return {
        "Tenant": said["slug"],
        "Id": said["tenant_id"],
        "Purged": found.at,
        "By": said["by"],
        "Reason": found.reason,
        "Rows": said["rows"],
        "Tables": {t.removeprefix("tenantry."): n for t, n in said["tables"].items()},
        "In backups": None if said.get("backups") is None else len(said["backups"]),
        "Last seal": (said["last_seal"] or {}).get("hash"),
        "Entry": found.entry_id,
    }
