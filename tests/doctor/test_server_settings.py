"""Settings of the server: what they promise, and whether they fit."""

from __future__ import annotations

from tenantry.local.postgres_config import machine_memory

from .ward import Ward, WardClinic


def _ward(clinic: WardClinic) -> Ward:
    assert isinstance(clinic.place, Ward)
    return clinic.place


async def test_durability(ward: WardClinic) -> None:
    await _ward(ward).set(fsync="off", synchronous_commit="off", full_page_writes="off")
    found = {f.object: f.severity for f in await ward.find("durability")}
    assert found["fsync"] == found["full_page_writes"] == "critical"
    assert found["synchronous_commit"] == "warning"
    for name in found:
        await ward.cured("durability", name)
    assert await ward.find("durability") == []


async def test_settings_that_are_unfit_for_the_machine(ward: WardClinic) -> None:
    assert await ward.find("server-size") == []
    await _ward(ward).set(work_mem=f"{machine_memory() >> 21}MB")
    assert "memory" in (await ward.one("server-size", "work_mem")).what
    await ward.cured("server-size", "work_mem")
    # The embedded server shares its machine, so that little is right for it; not for one of its own.
    ward.settings["database_url"] = _ward(ward).url("app")
    ward.settings["owner_url"] = _ward(ward).url("owner")
    await _ward(ward).set(max_wal_size="128MB")
    await ward.cured("server-size", "max_wal_size")


async def test_settings_that_wait_for_a_restart(ward: WardClinic) -> None:
    assert await ward.find("pending-restart") == []
    await _ward(ward).set(max_locks_per_transaction="128")
    assert "64" in (await ward.one("pending-restart")).what
    await ward.cured("pending-restart")


async def test_pools_that_are_too_large(ward: WardClinic) -> None:
    assert await ward.find("pool-size") == []
    ward.settings["pool_max"] = 60
    assert "240 connections" in (await ward.one("pool-size")).what
    await ward.cured("pool-size")
    ward.settings["pool_max"] = 9000
    ward.settings["pgbouncer"] = "yes"
    assert await ward.find("pool-size") == []


async def test_passwords_and_tls(ward: WardClinic) -> None:
    assert await ward.find("tls") == []
    await _ward(ward).set(password_encryption="md5", ssl_min_protocol_version="TLSv1")
    await _ward(ward).run("CREATE ROLE old_timer LOGIN PASSWORD 'md5-hashed'")
    found = {f.object for f in await ward.find("tls")}
    assert found == {"password_encryption", "ssl_min_protocol_version", "password of old_timer"}
    try:
        for name in found:
            await ward.cured("tls", name)
    finally:
        await _ward(ward).run("DROP ROLE old_timer")


async def test_listening_to_others_without_tls(ward: WardClinic) -> None:
    # It listens there from the next start on, and says so until then.
    await _ward(ward).set(listen_addresses="127.0.0.2,127.0.0.1")
    _ward(ward).restart()
    assert (await ward.one("tls", "ssl")).severity == "critical"
    await ward.follow(await ward.one("tls", "ssl"))
    _ward(ward).restart()
    assert await ward.find("tls") == []


async def test_who_is_let_in_too_easily(ward: WardClinic) -> None:
    assert await ward.find("hba-rules") == []
    file = _ward(ward).data / "pg_hba.conf"
    kept = file.read_bytes()
    try:
        with file.open("a") as added:
            added.write(
                "host all visitor 192.0.2.0/24 trust\nhostssl all nobody 192.0.2.1/32 md5\n"
            )
        found = await ward.find("hba-rules")
        assert [f.severity for f in found] == ["critical", "critical", "warning"], [
            f.what for f in found
        ]
        for finding in found:
            await ward.follow(finding)
        assert await ward.find("hba-rules") == []
        # The server has no TLS, so that nobody may come from there at all.
        assert "# host all visitor 192.0.2.0/24 scram-sha-256" in file.read_text()
    finally:
        file.write_bytes(kept)
