"""Passwords lie in one private file and appear nowhere else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import valkey

from tenantry.local import LocalServers
from tests.local.helpers import import_path, pid_of

Make = Callable[..., LocalServers]


def test_only_the_owner_can_read_them(make: Make) -> None:
    servers = make()
    os.umask(previous := os.umask(0))
    try:
        servers.up()
    finally:
        os.umask(previous)
    kept = servers.passwords.path
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for name in ("postgres", "valkey", "log"):
        assert stat.S_IMODE((servers.home / name).stat().st_mode) == 0o700
    secret = [servers.password("postgres"), servers.passwords.for_valkey()]
    for path in servers.home.rglob("*"):
        if path.is_file() and path != kept:
            content = path.read_bytes()
            assert not any(word.encode() in content for word in secret), path
            if not path.is_relative_to(servers.home / "age"):
                assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_processes_do_not_show_them(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the servers nor anything that is run to start them."""
    servers, seen = make(), list[str]()
    real = subprocess.Popen.__init__

    def watched(self: object, args: object, **options: object) -> None:
        seen.append(f"{args} {options.get('env')}")
        real(self, args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess.Popen, "__init__", watched)
    servers.up()
    secret = [servers.password("postgres"), servers.passwords.for_valkey()]
    assert any("initdb" in command for command in seen)
    if Path("/proc/self").exists():
        for name in ("postgres", "valkey"):
            for file in ("cmdline", "environ"):
                text = Path(f"/proc/{pid_of(servers, name)}/{file}").read_bytes()
                seen.append(text.decode(errors="replace"))
    assert not any(word in text for word in secret for text in seen)


def test_they_do_not_show_in_what_is_printed(make: Make) -> None:
    servers, said = make(), list[str]()
    servers.up(progress=said.append)
    text = f"{servers!r} {servers.status()!r} {vars(servers)!r} {said!r}"
    assert servers.password("postgres") not in text
    assert servers.passwords.for_valkey() not in text


def test_each_role_keeps_its_own(make: Make) -> None:
    one, two = make(), make()
    app = one.password("app")
    assert (one.home / ".gitignore").read_text() == "*\n"
    assert app == two.password("app") == one.password("app")
    assert app != one.password("owner")
    assert len(app) >= 32


def test_processes_that_ask_at_once_get_the_same(make: Make) -> None:
    home = make().home
    code = (
        "import sys; from pathlib import Path; from tenantry.local import LocalServers;"
        "s = LocalServers(Path(sys.argv[1])); print([s.password(f'r{n}') for n in range(20)])"
    )
    environment = {**os.environ, "PYTHONPATH": import_path()}
    command = [sys.executable, "-c", code, str(home)]
    askers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(4)
    ]
    answers = {asker.communicate()[0] for asker in askers}
    assert len(answers) == 1
    assert answers.pop().count("'") == 40


async def test_nobody_enters_without_one(make: Make) -> None:
    servers = make()
    servers.up()
    facts = servers.status()[0]
    for host in ("127.0.0.1", str(facts.socket_dir)):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host=host, port=facts.port, user="postgres", password="guess", database="postgres"
            )
    for url in (servers.valkey_url(), servers.valkey_url(tcp=True)):
        wrong = url.replace(servers.passwords.for_valkey(), "guess")
        with (
            valkey.Valkey.from_url(wrong) as client,
            pytest.raises(valkey.AuthenticationError),
        ):
            client.ping()
