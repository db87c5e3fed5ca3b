"""Roles that are not as they were made, and a database that is behind."""

from __future__ import annotations

import asyncio

from .clinic import Clinic
from .ward import Ward, WardClinic

_FAULTS = {
    "tenantry_app": "ALTER ROLE tenantry_app BYPASSRLS",
    "tenantry_audit": "ALTER ROLE tenantry_audit LOGIN",
    "tenantry_service": "ALTER ROLE tenantry_service CONNECTION LIMIT 3",
    "tenantry_readonly": "GRANT tenantry_service TO tenantry_readonly",
    "tenantry_owner": "REVOKE tenantry_keeper FROM tenantry_owner",
    "tenantry_app.search_path": "ALTER ROLE tenantry_app IN DATABASE tenantry SET search_path = public",
    "tenantry_service.statement_timeout": (
        "ALTER ROLE tenantry_service IN DATABASE tenantry RESET statement_timeout"
    ),
}


async def test_roles_that_are_not_as_they_were_made(ward: WardClinic) -> None:
    place = ward.place
    assert isinstance(place, Ward)
    assert await ward.find("roles") == []
    await place.run(*_FAULTS.values())
    assert {f.object for f in await ward.find("roles")} == {*_FAULTS}
    for name in _FAULTS:
        await ward.cured("roles", name)
    assert await ward.find("roles") == []


async def test_a_role_that_is_gone(ward: WardClinic) -> None:
    place = ward.place
    assert isinstance(place, Ward)
    # Under another name it is as good as gone, and keeps what it owns.
    await place.run("ALTER ROLE tenantry_search RENAME TO somebody")
    try:
        finding = await ward.one("roles", "tenantry_search")
        assert finding.severity == "critical"
        assert finding.advice.shell == ("tenantry init --rotate",)
    finally:
        await place.run("ALTER ROLE somebody RENAME TO tenantry_search")
    assert await ward.find("roles") == []


async def test_a_database_that_is_behind(clinic: Clinic) -> None:
    assert await clinic.find("migrations") == []
    await asyncio.to_thread(clinic.cli, "migrate", "down", "--yes")
    assert (await clinic.one("migrations")).severity == "critical"
    await clinic.cured("migrations")
