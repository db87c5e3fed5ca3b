"""Keys that end, and keys that are old."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tenantry.keyring import new_key
from tenantry.models import Tenant
from tests.cli.helpers import Result

from .clinic import Clinic


async def _run(clinic: Clinic, *words: str) -> Result:
    return await asyncio.to_thread(clinic.cli, *words)


async def test_api_keys_that_end(clinic: Clinic, acme: Tenant) -> None:
    await _run(
        clinic,
        "key",
        "create",
        "acme",
        "for the shop",
        "--scope",
        "tasks:read",
        "--expires-in",
        "90d",
    )
    assert await clinic.find("api-keys") == []
    await _run(
        clinic,
        "key",
        "create",
        "acme",
        "for the feed",
        "--scope",
        "tasks:read",
        "--expires-in",
        "5d",
    )
    assert "for the feed" in (await clinic.one("api-keys")).what
    await clinic.cured("api-keys")
    listed = await asyncio.to_thread(clinic.cli.json, "key", "list", "acme")
    names = [key["name"] for key in listed["keys"]]
    assert names.count("for the feed") == 2


async def test_a_key_that_was_replaced_is_meant_to_end(clinic: Clinic, acme: Tenant) -> None:
    made = await asyncio.to_thread(clinic.cli.json, "key", "create", "acme", "shop")
    await _run(clinic, "key", "rotate", "acme", made["id"], "--grace", "2d")
    assert await clinic.find("api-keys") == []


async def test_a_key_of_contexts_that_is_old(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await clinic.find("seal-keys") == []
    old = new_key()
    monkeypatch.setenv("TENANTRY_SEAL_KEYS", old)
    await _run(clinic, "context", "seal")
    assert await clinic.find("seal-keys") == []
    async with clinic.superuser() as admin:
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(
            "UPDATE tenantry.platform_log SET created_at = now() - interval '2 years'"
            " WHERE resource_type = 'seal_keys'"
        )
    finding = await clinic.one("seal-keys")
    since = datetime.now(UTC) - timedelta(days=731)
    assert f"{since:%Y-}" in finding.what
    new, seal, only = (line.split()[1:] for line in finding.advice.shell)
    key = (await _run(clinic, *new)).out.strip()
    monkeypatch.setenv("TENANTRY_SEAL_KEYS", f"{key},{old}")
    await _run(clinic, *seal)
    monkeypatch.setenv("TENANTRY_SEAL_KEYS", key)
    await _run(clinic, *only)
    assert await clinic.find("seal-keys") == []
