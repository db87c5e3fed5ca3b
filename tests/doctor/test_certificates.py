"""Certificates that end, of a server with TLS and in files. (The wheel's PostgreSQL has no TLS.)"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantry.config import DatabaseUrl
from tenantry.ops.config.tls import Authority, client, server

from .ward import Ward, WardClinic


def _own(place: Ward, folder: Path) -> None:
    for path in (folder, *folder.iterdir()):
        place.server.account.own(path)


@pytest.fixture
async def tls(ward: WardClinic) -> AsyncIterator[Path]:
    """The server shows a certificate that ends in some days, and so do we."""
    place = ward.place
    assert isinstance(place, Ward)
    folder = place.data / "tls"
    Authority(folder).provide([server(["127.0.0.1"]), client("tenantry_app")], days=20)
    _own(place, folder)
    await place.set(
        ssl="on",
        ssl_cert_file=str(folder / "server.crt"),
        ssl_key_file=str(folder / "server.key"),
        ssl_ca_file=str(folder / "ca.crt"),
    )
    facts = place.server.servers.status()[0]
    address = DatabaseUrl(
        (f"127.0.0.1:{facts.port}",),
        user="tenantry_app",
        database=place.name,
        params=(("sslmode", "verify-full"), ("sslrootcert", str(folder / "ca.crt"))),
    )
    ward.settings["database_url"] = str(address)
    ward.settings["owner_url"] = place.url("owner")
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.postgres("system")
async def test_a_certificate_that_ends(ward: WardClinic, tls: Path) -> None:
    place = ward.place
    assert isinstance(place, Ward)
    at = f"127.0.0.1:{place.server.servers.status()[0].port}"
    finding = await ward.one("certificates", at)
    assert "in 19 days" in finding.what

    ward.settings |= {"ssl_cert": tls / "tenantry_app.crt", "ssl_key": tls / "tenantry_app.key"}
    mine = f"{tls / 'tenantry_app.crt'} (ssl_cert)"
    await ward.cured("certificates", mine)
    # A key that was made by us is not yet the account's that the server runs as.
    renew, reload = finding.advice.shell
    await ward.follow_line(renew)
    _own(place, tls)
    await ward.follow_line(reload)
    assert await ward.find("certificates") == []

    in_a_year = datetime.now(UTC) + timedelta(days=800)
    ward.patient["now"] = lambda: in_a_year
    assert {f.severity for f in await ward.find("certificates")} == {"critical"}
    ward.patient.clear()
    (tls / "tenantry_app.crt").write_text("torn")
    assert (await ward.one("certificates", mine)).severity == "critical"
