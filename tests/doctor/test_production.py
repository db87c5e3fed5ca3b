"""The list that a system goes through before strangers depend on it."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tenantry import load_settings
from tenantry.keyring import new_key
from tenantry.models import Tenant
from tenantry.ops.doctor import CHECKS, Patient, examine

from .clinic import Clinic
from .ward import Ward, WardClinic

_SESSIONS = {"long-transactions", "idle-in-transaction", "lock-waits", "connections"}
_STRONG = "postgresql://tenantry_app:Kz8qTf2vN4wX7hRb@db.example.com/shop"


def _ward(clinic: WardClinic) -> Ward:
    assert isinstance(clinic.place, Ward)
    return clinic.place


async def _key(clinic: Clinic, *command: str) -> str:
    return (await asyncio.to_thread(clinic.cli, *command)).out.strip()


async def test_the_list_is_asked_for_only(clinic: Clinic) -> None:
    listed = {check.name for check in CHECKS if check.production}
    assert len(listed) == 13
    async with clinic.superuser() as server:
        patient = Patient(clinic.place.settings(), server)
        assert not listed & {*(await examine(patient, ["clock"])).looked}
        whole = await examine(patient, production=True)
    assert listed <= {*whole.looked} | {u.check for u in whole.unseen}


async def test_the_profile(clinic: Clinic) -> None:
    assert (await clinic.one("production-profile")).advice.shell == (
        "export TENANTRY_PROFILE=production",
    )
    clinic.settings["profile"] = "production"
    assert await clinic.find("production-profile") == []


async def test_default_passwords(ward: WardClinic) -> None:
    assert await ward.find("production-passwords") == []
    await _ward(ward).run(
        "CREATE ROLE reporting LOGIN PASSWORD 'reporting'",
        "SET password_encryption = md5; CREATE ROLE grafana LOGIN PASSWORD 'changeme'",
        "CREATE ROLE careful LOGIN PASSWORD 'u7gDk29sQpLxZ3'",
    )
    try:
        found = {f.object for f in await ward.find("production-passwords")}
        assert found == {"reporting", "grafana"}
        for name in found:
            await ward.cured("production-passwords", name)
        ward.settings["redis_url"] = "redis://:changeme@127.0.0.1:6379/0"
        assert (await ward.one("production-passwords")).object == "redis_url"
    finally:
        await _ward(ward).run("DROP ROLE reporting, grafana, careful")


async def test_keys(clinic: Clinic) -> None:
    twice, weak = new_key(), base64.urlsafe_b64encode(b"a" * 32).decode()
    clinic.settings |= {"secret_keys": (twice,), "backup_keys": (twice,), "seal_keys": (weak,)}
    found = {f.object: f for f in await clinic.find("production-keys")}
    assert {*found} == {"backup_keys", "seal_keys"}
    for name, finding in found.items():
        [line] = finding.advice.shell
        clinic.settings[name] = (await _key(clinic, *line.split()[1:]),)
    assert await clinic.find("production-keys") == []


async def test_connections_that_verify_nobody(clinic: Clinic) -> None:
    assert await clinic.find("production-tls") == []
    assert await clinic.find("production-client-certificates") == []
    clinic.settings |= {
        "replica_urls": (f"{_STRONG}?sslmode=require",),
        "redis_url": "redis://cache.example.com/0",
    }
    found = await clinic.find("production-tls")
    assert {f.object for f in found} == {"replica_urls", "redis_url"}
    assert "verify-full" in found[0].advice.words + found[1].advice.words
    clinic.settings |= {
        "replica_urls": (f"{_STRONG}?sslmode=verify-full",),
        "redis_url": "rediss://cache.example.com/0",
    }
    assert await clinic.find("production-tls") == []
    assert "no certificate" in (await clinic.one("production-client-certificates")).what


async def test_credentials_in_the_clear(clinic: Clinic, acme: Tenant) -> None:
    [line] = (await clinic.one("production-credentials")).advice.shell
    clinic.settings["secret_keys"] = (await _key(clinic, *line.split()[1:]),)
    assert await clinic.find("production-credentials") == []
    async with clinic.superuser() as admin:
        base = await admin.fetchval(
            "INSERT INTO tenantry.knowledge_bases (tenant_id, name) VALUES ($1, 'b') RETURNING id",
            acme.id,
        )
        await admin.execute(
            "INSERT INTO tenantry.data_sources (tenant_id, knowledge_base_id, name, source_type, credentials)"
            " VALUES ($1, $2, 'theirs', 'web', 'password123')",
            acme.id, base,
        )  # fmt: skip
    assert (await clinic.one("production-credentials")).severity == "critical"
    await clinic.cured("production-credentials")


async def test_backups_in_the_clear(ward: WardClinic, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.to_thread(ward.cli, "backup", "create")
    finding = await ward.one("production-backups", "backup_keys")
    key = await _key(ward, *finding.advice.shell[0].split()[1:])
    ward.settings["backup_keys"] = (key,)
    monkeypatch.setenv("TENANTRY_BACKUP_KEYS", key)
    await ward.cured("production-backups", "backups")
    # A folder may be another machine's disk; that it is none, somebody has to say.
    assert [f.object for f in await ward.find("production-backups")] == ["backup_store"]


async def test_a_record_with_holes(clinic: Clinic) -> None:
    assert await clinic.find("production-record") == []
    await asyncio.to_thread(clinic.cli, "user", "create", "ann@example.com")
    async with clinic.superuser() as admin:
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(
            "UPDATE tenantry.platform_log SET created_at = now() - interval '1 day',"
            " id = tenantry.uuid_at(now() - interval '1 day')"
            " WHERE id = (SELECT min(id::text)::uuid FROM tenantry.platform_log)"
        )
    assert (await clinic.one("production-record")).object == "seals"
    await clinic.cured("production-record")
    async with clinic.superuser() as admin:
        await admin.execute("DROP TRIGGER audit_delete ON tenantry.tasks")
        await admin.execute("ALTER TABLE tenantry.users DISABLE TRIGGER audit_insert")
    names = {f.object for f in await clinic.find("production-record")}
    assert names == {"tasks.audit_delete", "users.audit_insert"}
    for name in names:
        await clinic.cured("production-record", name)


async def test_who_may_come_near(ward: WardClinic) -> None:
    assert await ward.find("production-firewall") == []
    place = _ward(ward)
    await place.set(listen_addresses="*")
    place.restart()
    file = place.data / "pg_hba.conf"
    kept = file.read_bytes()
    try:
        with file.open("a") as added:
            added.write("host all all all scram-sha-256\n")
        found = await ward.find("production-firewall")
        assert [f.severity for f in found] == ["critical", "critical"]
        for finding in found:
            await ward.follow(finding)
        assert await ward.find("production-firewall") == []
    finally:
        file.write_bytes(kept)


async def test_where_secrets_come_from(
    clinic: Clinic, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found() -> dict[str, Any]:
        async with clinic.superuser() as server:
            patient = Patient(load_settings(), server)
            report = await examine(patient, ["production-secret-sources"])
        return {f.object: f for f in report.findings}

    names = ("database_url", "owner_url", "service_url", "readonly_url")
    seen = await found()
    assert {*seen} == {*names}
    for name in names:
        variable = f"TENANTRY_{name.upper()}"
        write, export = seen[name].advice.shell
        process = await asyncio.create_subprocess_shell(write, cwd=project)
        assert await process.wait() == 0
        assert export == f"export {variable}_FILE=$PWD/{name}; unset {variable}"
        monkeypatch.setenv(f"{variable}_FILE", str(project / name))
        monkeypatch.delenv(variable)
    assert oct((project / "owner_url").stat().st_mode)[-3:] == "600"
    assert await found() == {}
    assert "TENANTRY_OWNER_URL" not in os.environ


async def test_what_the_proof_reads(clinic: Clinic) -> None:
    assert await clinic.find("production-isolation") == []
    async with clinic.superuser() as admin:
        # Past the event trigger that refuses it.
        for statement in (
            "ALTER EVENT TRIGGER tenantry_refuse_open_tables DISABLE",
            "ALTER TABLE tenantry.tasks NO FORCE ROW LEVEL SECURITY",
            "ALTER EVENT TRIGGER tenantry_refuse_open_tables ENABLE ALWAYS",
        ):
            await admin.execute(statement)
    finding = await clinic.one("production-isolation")
    assert finding.object == "tenantry.tasks (row-security)"
    assert finding.advice.shell == ("tenantry prove --static",)
    async with clinic.superuser() as admin:
        for statement in finding.advice.sql:
            await admin.execute(statement)
    assert await clinic.find("production-isolation") == []


async def test_limits(clinic: Clinic, acme: Tenant) -> None:
    clinic.settings["redis_url"] = "redis://127.0.0.1:6379/0"
    async with clinic.superuser() as admin:
        await admin.execute(
            "DELETE FROM tenantry.tenant_quotas; INSERT INTO tenantry.tenant_quotas (tenant_id)"
            f" VALUES ('{acme.id}')"
        )
    await clinic.cured("production-limits", "acme")
    del clinic.settings["redis_url"]
    assert (await clinic.one("production-limits")).object == "redis_url"


async def test_what_alerts_need(ward: WardClinic) -> None:
    place = _ward(ward)
    await place.set(
        log_min_duration_statement="-1",
        log_lock_waits="off",
        log_connections="off",
        log_statement="none",
    )
    await place.run("DROP EXTENSION IF EXISTS pg_stat_statements")
    ward.settings |= {"database_url": place.url("app"), "owner_url": place.url("owner")}
    found = await ward.find("production-monitoring")
    assert len(found) == 6
    for finding in found:
        await ward.follow(finding)
    ward.settings["monitor_url"] = place.url("owner")
    assert await ward.find("production-monitoring") == []
    await place.run("DROP ROLE tenantry_monitor", "DROP EXTENSION pg_stat_statements")


async def test_what_cannot_be_seen_is_said(ward: WardClinic) -> None:
    """As a mere member of pg_monitor."""
    place = _ward(ward)
    await place.run(
        "CREATE ROLE watcher LOGIN IN ROLE pg_monitor",
        "SET password_encryption = 'scram-sha-256'; ALTER ROLE watcher PASSWORD 'watching-it-all-9'",
        f"GRANT CONNECT ON DATABASE {place.name} TO watcher",
    )
    import asyncpg

    facts = place.server.servers.status()[0]
    watcher = await asyncpg.connect(
        host=str(facts.socket_dir), port=facts.port, user="watcher",
        password="watching-it-all-9", database=place.name,
    )  # fmt: skip
    try:
        report = await examine(Patient(place.settings(**ward.settings), watcher), production=True)
    finally:
        await watcher.close()
        await place.run(f"REVOKE ALL ON DATABASE {place.name} FROM watcher", "DROP ROLE watcher")
    unseen = {u.check: u for u in report.unseen}
    assert {"production-passwords", "production-firewall"} <= {*unseen}
    # What sessions do is seen by those whom `tenantry init` lets watch.
    assert {*unseen} <= {"production-passwords", "production-firewall", "standbys", *_SESSIONS}, (
        unseen
    )
    assert all(u.hint for u in unseen.values())
