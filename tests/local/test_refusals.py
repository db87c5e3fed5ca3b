"""What cannot work is one clear error, and nothing is left running or half made."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenantry.errors import (
    LocalDiskFull,
    LocalFolderUnusable,
    LocalPortTaken,
    LocalServerError,
    LocalServerMissing,
    LocalVersionMismatch,
)
from tenantry.local import LocalServers, failures
from tests.fixtures.servers import require, system_postgres
from tests.local.helpers import ask, need_root, running

Make = Callable[..., LocalServers]


def test_data_of_another_major_version(make: Make) -> None:
    servers = make()
    servers.up(valkey=False)
    servers.down()
    (servers.home / "postgres/PG_VERSION").write_text("14\n")
    with pytest.raises(LocalVersionMismatch, match="made by PostgreSQL 14") as caught:
        servers.up()
    assert (caught.value.found, caught.value.wanted) == ("14", "18")
    assert "dump" in caught.value.hint
    assert running(servers) == {"postgres": False, "valkey": False}
    assert pickle.loads(pickle.dumps(caught.value)).found == "14"  # noqa: S301


async def test_the_systems_server_and_the_wheels_do_not_mix(make: Make) -> None:
    pg_bin = system_postgres()
    require("a system PostgreSQL (apt install postgresql)", pg_bin)
    servers = make(pg_bin=pg_bin)
    servers.up(valkey=False)
    assert "AGE is not available" in servers.status()[0].detail
    await ask(servers, "CREATE TABLE kept ()")
    servers.down()
    with pytest.raises(LocalVersionMismatch):
        make().up()
    servers.up(valkey=False)
    assert await ask(servers, "SELECT to_regclass('kept')::text") == "kept"


def test_a_folder_that_is_no_data_folder(make: Make) -> None:
    servers = make()
    (servers.home / "postgres").mkdir(parents=True)
    (servers.home / "postgres/thesis.txt").write_text("mine")
    with pytest.raises(LocalServerError, match="not a PostgreSQL data folder"):
        servers.up()
    assert (servers.home / "postgres/thesis.txt").read_text() == "mine"


def test_a_home_that_is_a_file(make: Make) -> None:
    servers = make()
    servers.home.write_text("")
    with pytest.raises(LocalServerError):
        servers.up()


def test_a_folder_that_cannot_be_written(place: Path) -> None:
    # Even root cannot make a folder here.
    with pytest.raises(LocalServerError):
        LocalServers(Path("/proc/tenantry")).up()
    if os.geteuid() != 0:
        place.chmod(0o555)
        with pytest.raises(LocalFolderUnusable) as caught:
            LocalServers(place / "home").up()
        place.chmod(0o755)
        assert caught.value.path == str(place / "home")


@pytest.mark.parametrize("which", ["port", "valkey_port"])
def test_a_port_that_is_taken(make: Make, which: str) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        servers = make(**{which: port})
        with pytest.raises(LocalPortTaken, match=str(port)) as caught:
            servers.up()
        assert caught.value.port == port
    assert running(servers) == {"postgres": False, "valkey": False}
    servers.up()
    assert servers.status()[which == "valkey_port"].port == port


def test_a_port_that_is_taken_behind_our_back(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        monkeypatch.setattr("tenantry.local.ports.is_free", lambda port: True)
        with pytest.raises(LocalPortTaken):
            make(port=port).up()
        with pytest.raises(LocalPortTaken):
            make(valkey_port=port).up()


def test_a_port_remembered_but_taken_is_replaced(make: Make) -> None:
    servers = make()
    servers.up()
    ports = [status.port for status in servers.status()]
    servers.down()
    with socket.socket() as one, socket.socket() as two:
        for stranger, port in zip((one, two), ports, strict=True):
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stranger.bind(("127.0.0.1", port))
            stranger.listen()
        servers.up()
        assert not {status.port for status in servers.status()} & set(ports)


def test_settings_that_the_server_refuses(make: Make) -> None:
    servers = make(settings={"shared_buffers": "lots"})
    with pytest.raises(LocalServerError, match="configuration file") as caught:
        servers.up()
    assert any("shared_buffers" in line for line in caught.value.fields["output"])
    assert running(servers)["postgres"] is False


def test_programs_that_are_not_there(make: Make, place: Path) -> None:
    with pytest.raises(LocalServerMissing, match="no PostgreSQL server in"):
        make(pg_bin=place).up()
    assert "no PostgreSQL server" in make(pg_bin=place).status()[0].detail


def test_programs_that_do_not_run(make: Make, place: Path) -> None:
    program = place / "postgres"
    program.write_text("#!/bin/sh\necho broken library >&2\nexit 127\n")
    program.chmod(0o755)
    with pytest.raises(LocalServerMissing, match="broken library"):
        make(pg_bin=place).up()


def test_a_version_that_is_not_supported(make: Make, place: Path) -> None:
    program = place / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    program.chmod(0o755)
    with pytest.raises(LocalServerMissing, match="needs 15 to 18"):
        make(pg_bin=place).up()


@pytest.fixture
def small_disk(place: Path) -> Iterator[Callable[[int], Path]]:
    need_root()
    folder = place / "disk"
    folder.mkdir()
    mounted = []

    def mount(megabytes: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True)
        require("the right to mount a small disk", done.returncode == 0)
        mounted.append(folder)
        return folder / "home"

    yield mount
    for path in mounted:
        LocalServers(path / "home").down()
        subprocess.run(["umount", str(path)], check=True)


def test_a_disk_too_small_for_a_cluster(small_disk: Callable[[int], Path]) -> None:
    home = small_disk(12)
    servers = LocalServers(home)
    with pytest.raises(LocalDiskFull):
        servers.up()
    assert not (home / "postgres").exists()
    assert not list(home.glob(".initdb-*"))


def test_a_disk_that_is_full_at_the_next_start(small_disk: Callable[[int], Path]) -> None:
    home = small_disk(150)
    servers = LocalServers(home, settings={"shared_buffers": "16MB"})
    servers.up()
    servers.down()
    ballast = home / "ballast"
    with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    with pytest.raises(LocalDiskFull):
        servers.up()
    assert running(servers) == {"postgres": False, "valkey": False}
    ballast.unlink()
    servers.up()
    assert running(servers) == {"postgres": True, "valkey": True}


def test_a_damaged_secrets_file_is_not_quoted(make: Make) -> None:
    servers = make()
    servers.password("app")
    servers.passwords.path.write_text('{"roles": {"app": "hunter2"')
    with pytest.raises(LocalServerError, match="not valid JSON") as caught:
        servers.password("app")
    assert "hunter2" not in repr(caught.value) + str(caught.value.to_dict())
    assert caught.value.__cause__ is None


def test_data_whose_passwords_were_lost(make: Make) -> None:
    servers = make()
    servers.up(valkey=False)
    servers.down()
    kept = servers.passwords.path.rename(servers.home / "elsewhere.json")
    with pytest.raises(LocalServerError, match=r"password is not in .*secrets\.json"):
        servers.up(valkey=False)
    kept.rename(servers.passwords.path)
    servers.up(valkey=False)


def test_nothing_heavy_is_imported() -> None:
    """The layer stands on the standard library, so that commands start quickly."""
    code = (
        "import sys, types, pathlib; import tenantry.errors; before = set(sys.modules);"
        "import tenantry.local; print(*sorted(m for m in set(sys.modules) - before"
        " if m.split('.')[0] in {'asyncpg', 'sqlalchemy', 'pydantic', 'valkey', 'psutil'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_server_that_did_not_say_why_it_ended(tmp_path: Path) -> None:
    words = [
        "2026-11-22 05:36:53 UTC [30426] LOG:  redirecting log output to logging collector process",
        "2026-11-22 05:36:53 UTC [30426] HINT:  Future log output will appear in directory ...",
    ]
    error = failures.from_output("postgres", "could not start", words, tmp_path)
    assert error.message == "postgres could not start, and did not say why."
    assert error.fields["output"] == words
