"""PostgreSQL runs by the files that `config postgres` makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from tenantry.errors import InvalidInput
from tenantry.ops.config.hba import Access
from tenantry.ops.config.machine import Load, Machine
from tenantry.ops.config.postgres import Plan, file

from .clusters import DATABASE, Cluster, settings_of

_GB = 1 << 30


@pytest.fixture(scope="module", params=["wheel", "system"])
def cluster(request: pytest.FixtureRequest, cluster_of: Callable[[str, str], Cluster]) -> Cluster:
    return cluster_of(request.param, "postgres")


async def test_a_server_runs_by_it_and_lets_in_whom_it_names(cluster: Cluster) -> None:
    folder = cluster.folder / "alone"
    folder.mkdir()
    cluster.generate(
        "postgres", "--version", str(cluster.version), "--memory", "1GB", "--cpus", "2",
        "--port", str(cluster.port), "--database", DATABASE, "--superuser", cluster.superuser,
        "--pooled", "20", "--replicas", "1", "--archive-command", "test -f %p",
        "--monitor", "watches", "--backup", "keeps copies", into=folder,
    )  # fmt: skip
    with cluster.started(folder):
        wrong = "WHERE error IS NOT NULL"
        assert cluster.sql("-c", f"SELECT name, error FROM pg_file_settings {wrong}") == ""
        assert cluster.sql("-c", f"SELECT * FROM pg_hba_file_rules {wrong}") == ""
        said = settings_of(folder / "tenantry.conf")
        applied = f"WHERE applied AND sourcefile = '{folder}/tenantry.conf'"
        found = cluster.sql("-c", f"SELECT name FROM pg_file_settings {applied}")
        assert set(found.splitlines()) == set(said)
        for name in ("max_connections", "shared_buffers", "archive_command", "log_line_prefix"):
            assert cluster.sql("-c", f"SHOW {name}") == said[name].strip()
        for role in ("owner", "app", "service", "readonly"):
            for host in ("", "127.0.0.1"):
                connection = await asyncpg.connect(cluster.url(role, host))
                await connection.close()
        for role in ("watches", "keeps copies"):
            cluster.sql("-c", f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'w' IN ROLE pg_monitor")
            cluster.sql("-c", f'GRANT CONNECT ON DATABASE {DATABASE} TO "{role}"')
            there = f"host=127.0.0.1&port={cluster.port}"
            login = f"postgresql://{role.replace(' ', '%20')}:w@"
            connection = await asyncpg.connect(f"{login}/{DATABASE}?{there}")
            await connection.close()
            await _refused(f"{login}/postgres?{there}")
        for place in ("127.0.0.1", str(cluster.socket_dir)):
            await _refused(
                f"postgresql://{cluster.superuser}@/{DATABASE}?host={place}&port={cluster.port}"
            )
            await _refused(cluster.url("app", place).replace(f"/{DATABASE}?", "/postgres?"))


async def _refused(url: str) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(url)


# ---- what is worked out ------------------------------------------------------------------------


def _settings(tmp_path: Path, **changes: object) -> dict[str, str]:
    plan = {"machine": Machine(16 * _GB, 8), "load": Load(4, 20, 4), **changes}
    path = tmp_path / "tenantry.conf"
    path.write_text(file(Plan(**plan), "config postgres").text)  # type: ignore[arg-type]
    return dict(settings_of(path))


def test_sizes_follow_the_machine(tmp_path: Path) -> None:
    small = _settings(tmp_path, machine=Machine(_GB, 1))
    large = _settings(tmp_path, machine=Machine(256 * _GB, 64))
    assert (small["shared_buffers"], large["shared_buffers"]) == ("256MB", "32768MB")
    assert (small["max_parallel_workers"], large["max_parallel_workers"]) == ("1", "64")
    assert int(small["work_mem"][:-2]) < int(large["work_mem"][:-2])


def test_connections_are_those_of_every_pool_or_of_the_pooler(tmp_path: Path) -> None:
    assert _settings(tmp_path)["max_connections"] == str(4 * 20 * 4 + 15)
    assert _settings(tmp_path, pooled=20)["max_connections"] == str(20 + 4 * 20 + 15)


@pytest.mark.parametrize(
    ("change", "name", "plain", "then"),
    [
        ({"features": frozenset({"graph"})}, "max_locks_per_transaction", "256", "1024"),
        ({"features": frozenset({"graph"})}, "shared_preload_libraries",
         "pg_stat_statements", "pg_stat_statements, age"),
        ({"machine": Machine(16 * _GB, 8, "hdd")}, "random_page_cost", "1.1", "4"),
        ({"version": 15}, "summarize_wal", "on", None),
        ({"version": 17}, "io_workers", "3", None),
        ({"archive_command": "cp %p /a/%f"}, "archive_mode", "off", "on"),
        ({"tls": Path("/tls")}, "ssl", "off", "on"),
        ({"replicas": 2}, "hot_standby_feedback", None, "on"),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_set(
    tmp_path: Path, change: dict[str, object], name: str, plain: str | None, then: str | None
) -> None:
    assert _settings(tmp_path).get(name) == plain
    assert _settings(tmp_path, **change).get(name) == then


def test_the_file_says_why_so_many_locks() -> None:
    plan = Plan(machine=Machine(_GB, 1), load=Load(4, 20, 4), features=frozenset({"graph"}))
    lines = file(plan, "config postgres").text.splitlines()
    at = lines.index("max_locks_per_transaction = '1024'")
    assert "graph" in lines[at - 1]


def test_the_same_question_has_the_same_answer(tmp_path: Path) -> None:
    assert _settings(tmp_path) == _settings(tmp_path)


@pytest.mark.parametrize(
    "said",
    [{"networks": ("10.0.0.0/8",)}, {"client_certificates": True}, {"database": 'a"b'},
     {"networks": ("10.0.0.1/8",), "tls": True}, {"networks": ("everywhere",), "tls": True}],
)  # fmt: skip
def test_what_would_open_it_is_refused(said: dict[str, object]) -> None:
    from tenantry.ops.config.hba import files

    with pytest.raises(InvalidInput):
        files(Access(**{"database": "shop", **said}), "config postgres")  # type: ignore[arg-type]
