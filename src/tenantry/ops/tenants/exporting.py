"""A tenant written to a folder, from one snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from tenantry.database import Database
from tenantry.errors import NotFound
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor

from .archive import File, Lines, Manifest, file_name, new_folder, write_manifest
from .tables import AS_TEXT, OUTBOX, SNAPSHOT, TenantTable, revisions, tenant_tables

Tell = Callable[[str], None]

_FACTS: Final = "SELECT id::text, slug, name, plan, status FROM tenantry.tenants WHERE id = $1"
_MOMENT: Final = "SELECT now()::text AS moment, current_setting('server_version') AS server"
_SECRETS: Final = (
    "SELECT count(*) FROM tenantry.data_sources WHERE tenant_id = $1 AND credentials IS NOT NULL"
)
_NEWEST_SEAL: Final = """
SELECT sequence, to_id::text, encode(hash, 'hex') AS hash, encode(root, 'hex') AS root
FROM tenantry.audit_seals WHERE tenant_id = $1 ORDER BY sequence DESC LIMIT 1"""
_UNSEALED: Final = """
SELECT count(*) FROM tenantry.audit_logs WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id >= $2)"""
#: Its members and its owner; never more of them than what a sign-up would give.
_USERS: Final = """
SELECT u.id::text, u.email, u.username, u.name, u.kind, u.is_active::text AS is_active,
       u.metadata::text AS metadata, u.preferences::text AS preferences,
       CASE WHEN $2 THEN u.password_hash END AS password_hash
FROM tenantry.users AS u
WHERE u.id IN (SELECT m.user_id FROM tenantry.memberships AS m WHERE m.tenant_id = $1
               UNION SELECT t.owner_user_id FROM tenantry.tenants AS t WHERE t.id = $1)
ORDER BY u.id"""
USER_COLUMNS: Final = dict.fromkeys(
    ("id", "email", "username", "name", "kind", "is_active", "metadata", "preferences"), "text"
) | {"password_hash": "text"}
_TOLD: Final = "SELECT tenantry.record_platform_event('export', 'tenants', $1, $2)"


@dataclass(frozen=True)
class Exported:
    folder: Path
    manifest: Manifest
    #: The manifest's own checksum.
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "sha256": self.sha256,
            "tenant": self.manifest.tenant,
            "moment": self.manifest.moment,
            "rows": self.manifest.rows,
            "tables": {f.table: f.rows for f in self.manifest.tables if f.rows},
            "users": self.manifest.users.rows,
            "passwords": self.manifest.passwords,
            "secrets": self.manifest.secrets,
            "record": self.manifest.record,
        }


async def export(
    db: Database,
    tenant_id: UUID,
    folder: Path,
    *,
    passwords: bool = False,
    reason: str = "tenant export",
    actor: Actor | None = None,
    tell: Tell = lambda _: None,
) -> Exported:
    """Write all rows of a tenant to a new folder. Memory does not grow with them."""
    begin = await db.serving(reason, actor=actor)
    new_folder(folder)
    async with begin() as s:
        await s.execute(SNAPSHOT)
        await s.execute(AS_TEXT)
        facts = await s.fetch_one(_FACTS, tenant_id)
        if facts is None:
            raise NotFound("tenant", tenant_id)
        files = []
        for table in await tenant_tables(s):
            if table.name != OUTBOX:
                tell(f"Writing {table.label}")
                files.append(await _write(s, table, tenant_id, folder))
        users = Lines(folder / "users.jsonl")
        await users.write(s.stream(_USERS, tenant_id, passwords))
        moment, server = tuple((await s.fetch(_MOMENT))[0])
        manifest = Manifest(
            tenant=dict(facts),
            revisions=await revisions(s),
            moment=moment,
            server=server,
            tables=files,
            users=users.entry("users", USER_COLUMNS, ["id"]),
            passwords=passwords,
            secrets={
                "encrypted_credentials": await s.fetch_value(_SECRETS, tenant_id),
                "opened_by": "the TENANTRY_SECRET_KEYS of the platform it comes from",
            },
            record=await _record(s, tenant_id),
        )
    done = Exported(folder, manifest, write_manifest(folder, manifest))
    async with begin() as s:
        told = {"sha256": done.sha256, "rows": manifest.rows, "passwords": passwords}
        await s.execute(_TOLD, tenant_id, told)
    return done


async def _write(s: ServiceTransaction, table: TenantTable, tenant_id: UUID, folder: Path) -> File:
    lines = Lines(folder / file_name(table.label))
    await lines.write(s.stream(table.rows, tenant_id))
    return lines.entry(table.label, dict(table.columns), table.key)


async def _record(s: ServiceTransaction, tenant_id: UUID) -> dict[str, Any]:
    seal = await s.fetch_one(_NEWEST_SEAL, tenant_id)
    upto = UUID(seal["to_id"]) if seal else None
    return {
        "last_seal": dict(seal) if seal else None,
        "unsealed": await s.fetch_value(_UNSEALED, tenant_id, upto),
    }
