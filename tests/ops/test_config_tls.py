"""TLS by the files of `config tls` and `config postgres`, on a server that has it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE
from typing import Any

import asyncpg
import pytest
from cryptography import x509

import tenantry
from tenantry import Settings
from tenantry.errors import (
    AuthenticationFailed,
    ConfigurationError,
    DatabaseUnavailable,
    TenantryError,
    TlsFailed,
)
from tenantry.ops.config.tls import Authority, client, server

from .clusters import DATABASE, Cluster

_LONG_AGO = datetime.now(UTC) - timedelta(days=400)


@pytest.fixture(scope="module")
def cluster(cluster_of: Callable[[str, str], Cluster]) -> Iterator[Cluster]:
    """The system's PostgreSQL with TLS, which the wheel's has not, asking clients for a certificate too."""
    made = cluster_of("system", "tls")
    tls, folder = made.folder / "tls", made.folder / "conf"
    folder.mkdir()
    made.generate("tls", "--host", "localhost", "--client", "tenantry_app", into=tls)
    made.generate(
        "postgres", "--version", str(made.version), "--memory", "1GB", "--cpus", "2",
        "--port", str(made.port), "--database", DATABASE, "--superuser", made.superuser,
        "--tls", str(tls), "--client-certificates", into=folder,
    )  # fmt: skip
    with made.started(folder):
        yield made


@pytest.fixture
def settings(cluster: Cluster) -> Callable[..., Settings]:
    """The app's, with certificates of the cluster's own authority; any of it said otherwise."""
    tls = cluster.folder / "tls"

    def make(host: str = "localhost", sslmode: str = "verify-full", **said: Any) -> Settings:
        url = cluster.url("app", host, sslmode=sslmode)
        files = {
            "ssl_root_cert": str(tls / "ca.crt"),
            "ssl_cert": str(tls / "tenantry_app.crt"),
            "ssl_key": str(tls / "tenantry_app.key"),
        }
        values = {
            "profile": "test",
            "pool_min": 0,
            "connect_timeout": 60,
            "migrate": "check",
            **files,
            **said,
        }
        return Settings(**values, database_url=url)

    return make


async def _connects(settings: Settings) -> None:
    async with await tenantry.connect(settings=settings) as db:
        assert (await db.health()).ok


async def _fails(settings: Settings, kind: type[TenantryError], words: str = "") -> None:
    with pytest.raises(kind) as told:
        await _connects(settings)
    assert words in str(told.value)


async def _tls_fails(settings: Settings, side: str, fault: str) -> None:
    with pytest.raises(TlsFailed) as told:
        await _connects(settings)
    assert (told.value.side, told.value.fault) == (side, fault)
    assert told.value.hint


async def test_both_sides_are_verified(settings: Callable[..., Settings]) -> None:
    await _connects(settings())


async def test_plain_connections_are_refused(settings: Callable[..., Settings]) -> None:
    await _fails(settings(sslmode="disable"), AuthenticationFailed, "sslmode=verify-full")


async def test_another_authority_s_server_is_not_believed(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    Authority(tmp_path).provide([server(["localhost"])], days=9)
    other = settings(ssl_root_cert=str(tmp_path / "ca.crt"))
    await _tls_fails(other, "server", "untrusted")


async def test_nor_one_by_another_name(settings: Callable[..., Settings]) -> None:
    # It is the same server; its certificate says localhost, and 127.0.0.1 is another name.
    await _tls_fails(settings("127.0.0.1"), "server", "host_name")
    await _connects(settings("127.0.0.1", "verify-ca"))


async def test_a_certificate_of_its_own_is_asked_for(settings: Callable[..., Settings]) -> None:
    await _fails(settings(ssl_cert=None, ssl_key=None), AuthenticationFailed, "TENANTRY_SSL_CERT")


async def test_another_role_s_certificate_is_not_enough(
    cluster: Cluster, settings: Callable[..., Settings]
) -> None:
    tls = cluster.folder / "tls"
    Authority(tls).provide([client("tenantry_readonly")], days=9)
    other = {f"ssl_{part}": str(tls / f"tenantry_readonly.{end}") for part, end in _PARTS}
    await _fails(settings(**other), AuthenticationFailed, "TENANTRY_SSL_CERT")


async def test_a_key_must_be_its_certificate_s(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    Authority(tmp_path).provide([client("tenantry_app")], days=9)
    await _tls_fails(settings(ssl_key=str(tmp_path / "tenantry_app.key")), "client", "key")


async def test_files_that_have_gone_are_named(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    Authority(tmp_path).provide([client("tenantry_app")], days=9)
    said = {f"ssl_{part}": str(tmp_path / f"tenantry_app.{end}") for part, end in _PARTS}
    gone = settings(**said)
    (tmp_path / "tenantry_app.key").unlink()
    await _tls_fails(gone, "client", "files")


async def test_a_server_without_tls_is_told_of(
    cluster: Cluster, settings: Callable[..., Settings]
) -> None:
    cluster.sql("-c", "ALTER SYSTEM SET ssl = off")
    _reload(cluster)
    try:
        await _until_refused(settings())
        await _tls_fails(settings(), "server", "no_tls")
    finally:
        # A client could not come by the network to say so.
        cluster.sql("-c", "ALTER SYSTEM RESET ssl")
        _reload(cluster)
        await _until_connected(settings())


async def test_the_rest_is_closed(cluster: Cluster, settings: Callable[..., Settings]) -> None:
    """Other roles, other databases, other ways in."""
    url = settings().database_url
    assert url
    said = url.get_secret_value()
    others = (
        said.replace("//tenantry_app:", f"//{cluster.superuser}:"),
        said.replace("//tenantry_app:", "//tenantry_owner:"),  # the certificate is not its
        said.replace("//tenantry_app:", "//tenantry_pooler:"),
        said.replace(f"/{DATABASE}?", "/postgres?"),
        said.replace(f"/{DATABASE}?", "/template1?"),
    )
    for other in others:
        assert other != said
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(other)
    listening = cluster.sql("-c", "SHOW listen_addresses")
    assert listening == "localhost"


_PARTS = (("cert", "crt"), ("key", "key"))


@pytest.mark.parametrize("fault", ["strange", "expired", "revoked"])
async def test_a_client_s_certificate_must_be_sound(
    cluster: Cluster, settings: Callable[..., Settings], tmp_path: Path, fault: str
) -> None:
    theirs = tmp_path
    if fault != "strange":
        shutil.copytree(cluster.folder / "tls", theirs, dirs_exist_ok=True)
        for part in ("crt", "key"):
            (theirs / f"tenantry_app.{part}").unlink()
    past = {"now": _LONG_AGO} if fault == "expired" else {}
    authority = Authority(theirs, **past)
    authority.provide([client("tenantry_app")], days=9)
    shown = {f"ssl_{part}": str(theirs / f"kept.{end}") for part, end in _PARTS}
    for _, end in _PARTS:
        shutil.copy(theirs / f"tenantry_app.{end}", theirs / f"kept.{end}")
    if fault == "revoked":
        await _connects(settings(**shown))
        authority.revoke("tenantry_app")
        await _replaced(cluster, theirs, "ca.crl", settings(**shown))
    # What the server says of it is lost at times, as it closes at once.
    with pytest.raises(DatabaseUnavailable) as told:
        await _connects(settings(**shown))
    assert "certificate" in told.value.message
    if isinstance(told.value, TlsFailed):
        assert (told.value.side, told.value.fault) == ("client", "refused")
    await _connects(settings())


async def test_a_server_s_certificate_that_has_ended_is_not_believed(
    cluster: Cluster, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    tls = cluster.folder / "tls"
    shutil.copytree(tls, tmp_path, dirs_exist_ok=True)
    for _, end in _PARTS:
        (tmp_path / f"server.{end}").unlink()
    Authority(tmp_path, now=_LONG_AGO).provide([server(["localhost"])], days=9)
    kept = {name: (tls / name).read_bytes() for name in ("server.crt", "server.key")}
    for name in kept:
        (tls / name).write_bytes((tmp_path / name).read_bytes())
    try:
        _reload(cluster)
        await _until_refused(settings())
        await _tls_fails(settings(), "server", "expired")
        # Renewing it is what mends it.
        done = Authority(tmp_path).provide([server(["localhost"])], days=9, renew_within=30)
        assert done.renewed == ["server"]
        for name in kept:
            (tls / name).write_bytes((tmp_path / name).read_bytes())
        _reload(cluster)
        await _until_connected(settings())
    finally:
        for name, content in kept.items():
            (tls / name).write_bytes(content)
        _reload(cluster)


def test_a_setting_s_certificate_goes_where_tls_is_asked_for(tmp_path: Path) -> None:
    files = {"ssl_cert": tmp_path / "a.crt", "ssl_key": tmp_path / "a.key"}

    def url(text: str) -> str:
        found = Settings(database_url=f"postgresql://app@db/shop{text}", **files).database_url
        assert found
        return found.get_secret_value()

    assert f"sslcert={tmp_path}/a.crt" in url("?sslmode=verify-full")
    assert f"sslkey={tmp_path}/a.key" in url("?sslmode=require")
    assert "sslcert" not in url("")
    assert "sslcert" not in url("?sslmode=prefer")
    assert "sslcert=/my.crt" in url("?sslmode=require&sslcert=/my.crt")
    with pytest.raises(ConfigurationError, match="ssl_key"):
        Settings(ssl_key="a.key")


# ---- the authority -----------------------------------------------------------------------------


def _names(path: Path) -> list[str]:
    found = x509.load_pem_x509_certificate(path.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


def test_what_is_there_stays_and_keys_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    wanted = [server(["db.example.org", "10.0.0.7", "::1"]), client("tenantry_app")]
    assert Authority(folder).provide(wanted, days=30).made == ["ca", "server", "tenantry_app"]
    assert _names(folder / "server.crt") == ["db.example.org", "10.0.0.7", "::1"]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = Authority(folder).provide(wanted, days=30)
    assert (again.made, again.kept) == ([], ["ca", "server", "tenantry_app"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert S_IMODE(folder.stat().st_mode) == 0o700
    assert {S_IMODE(path.stat().st_mode) for path in folder.glob("*.key")} == {0o600}


def test_renewing_replaces_only_what_is_about_to_end(tmp_path: Path) -> None:
    Authority(tmp_path).provide([server(["a"])], days=20)
    Authority(tmp_path).provide([client("b")], days=60)
    old = (tmp_path / "server.crt").read_bytes()
    done = Authority(tmp_path).provide([server(["a"]), client("b")], days=60, renew_within=30)
    assert (done.renewed, done.kept) == (["server"], ["ca", "b"])
    assert (tmp_path / "server.crt").read_bytes() != old
    assert [path.read_bytes() for path in tmp_path.glob("server~*.crt")] == [old]
    assert list(Authority(tmp_path).ends()) == ["b", "ca", "server"]


# ---- helpers -----------------------------------------------------------------------------------


def _reload(cluster: Cluster) -> None:
    pid = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGHUP)


async def _replaced(cluster: Cluster, source: Path, name: str, settings: Settings) -> None:
    (cluster.folder / "tls" / name).write_bytes((source / name).read_bytes())
    _reload(cluster)
    await _until_refused(settings)


async def _until_refused(settings: Settings) -> None:
    await _until(settings, connected=False)


async def _until_connected(settings: Settings) -> None:
    await _until(settings, connected=True)


async def _until(settings: Settings, *, connected: bool) -> None:
    """A reload takes effect a moment after its signal."""
    url = settings.database_url
    assert url is not None
    for _ in range(200):
        try:
            connection = await asyncpg.connect(url.get_secret_value())
            await connection.close()
            found = True
        except (OSError, asyncpg.PostgresError):
            found = False
        if found == connected:
            return
    pytest.fail("the reload had no effect")
