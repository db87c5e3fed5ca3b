"""A pooler's own settings: read from a real PgBouncer, or its file, and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from tenantry.errors import InvalidInput
from tenantry.isolation.attacks import Doors
from tenantry.isolation.findings import Finding
from tenantry.isolation.pooler import (
    RULES,
    Entry,
    PoolerFacts,
    Source,
    Unseen,
    examine,
    look,
    read_console,
    read_file,
)
from tenantry.isolation.pooler.versions import holes
from tenantry.isolation.proof import Proof, prove
from tenantry.isolation.report import as_data, as_page
from tenantry.isolation.subject import Subject
from tenantry.models import metadata
from tests.fixtures.database import Place
from tests.fixtures.servers import Pooler, Server

pytestmark = pytest.mark.postgres("wheel")

Connection: TypeAlias = "asyncpg.Connection[Any]"
Start: TypeAlias = Callable[..., Pooler]

_APP, _SERVICE, _WATCHER = "tenantry_app", "tenantry_service", "watcher"
_WORD = "kT9vQx2mWz7p"


def _start(pgbouncer: Start, server: Server, **settings: str) -> Pooler:
    passwords = {_APP: server.password(_APP), _WATCHER: _WORD}
    return pgbouncer(server, passwords, {"stats_users": _WATCHER, **settings})


async def _keys(admin: Connection, pooler: PoolerFacts, subject: Subject, name: str) -> set[str]:
    return {f.check for f in await examine(admin, pooler, subject, name)}


# ---- what a real one says ---------------------------------------------------------------------


async def test_a_login_for_statistics_is_enough(proved: Place, pgbouncer: Start) -> None:
    pooler = _start(pgbouncer, proved.server, auth_type="md5", server_reset_query="")
    facts = read_console(pooler.url(_WATCHER, "anything"))
    assert facts.name == f"127.0.0.1:{pooler.port}"
    assert facts.release >= (1, 12)
    assert (facts["auth_type"], facts["pool_mode"]) == ("md5", "transaction")
    assert facts["server_reset_query"] == ""
    assert facts.words("stats_users") == {_WATCHER}
    assert facts.is_local and not facts.client_tls


async def test_a_database_that_clients_asked_for_is_seen(proved: Place, pgbouncer: Start) -> None:
    pooler = _start(pgbouncer, proved.server)
    assert "databases" in str(read_console(pooler.url(_WATCHER, "x")).left_out(proved.name))
    connection = await asyncpg.connect(pooler.url(_APP, proved.name), statement_cache_size=0)
    facts = read_console(pooler.url(_WATCHER, "x"))
    await connection.close()
    (untold,) = facts.left_out(proved.name)
    assert "connect_query" in untold
    (entry,) = [e for e in facts.entries if e.leads_to(proved.name)]
    assert entry.is_local


@pytest.mark.parametrize("role", [_APP, _WATCHER])
async def test_why_a_console_stays_closed_is_said_without_its_password(
    proved: Place, pgbouncer: Start, role: str
) -> None:
    pooler = _start(pgbouncer, proved.server, stats_users="")
    with pytest.raises(Unseen, match=r"neither of its admin_users nor of its stats_users") as told:
        read_console(pooler.url(role, "x"))
    assert told.value.__cause__ is None
    with pytest.raises(Unseen) as told:
        read_console(f"postgresql://{role}:{_WORD}wrong@127.0.0.1:{pooler.port}/x")
    assert _WORD not in str(told.value)


async def test_a_server_is_no_pooler(proved: Place) -> None:
    with pytest.raises(Unseen, match="another pooler"):
        read_console(proved.server.url(_APP, "x", tcp=True))


async def test_it_is_found_in_the_way_and_what_is_not_open_is_a_finding(
    proved: Place, pgbouncer: Start, admin: Connection, subject: Subject
) -> None:
    pooler = _start(pgbouncer, proved.server)
    way = pooler.url(_APP, proved.name)
    seen = await look(Source((way, way)))
    assert not seen.poolers
    (finding,) = seen.findings()
    assert finding.key == f"pooler-unseen:the pooler at 127.0.0.1:{pooler.port}"
    assert "neither" in finding.detail
    assert "was not looked at" in seen.words(proved.name)

    named = await look(Source((way,), pooler.url(_WATCHER, "x")))
    assert "databases that leads" not in named.words(proved.name)
    assert "connect_query" in named.words(proved.name)  # a console does not tell
    assert [p.name for p in named.poolers] == [f"127.0.0.1:{pooler.port}"]
    assert named.findings() == []
    # What Debian 12 ships has known holes, and nothing else is wrong with this one.
    found = await _keys(admin, named.poolers[0], subject, proved.name)
    assert found == ({"pooler-version"} if holes(named.poolers[0].release) else set())


async def test_of_two_in_the_way_both_are_looked_at(proved: Place, pgbouncer: Start) -> None:
    one, two = _start(pgbouncer, proved.server), _start(pgbouncer, proved.server)
    ways = tuple(pooler.url(_APP, proved.name) for pooler in (one, two))
    seen = await look(Source(ways, one.url(_WATCHER, "x")))
    assert [p.name for p in seen.poolers] == [f"127.0.0.1:{one.port}"]
    assert [name for name, _ in seen.unseen] == [f"127.0.0.1:{two.port}"]
    # By another name it may well be the same.
    named = one.url(_WATCHER, "x").replace("127.0.0.1", "localhost")
    assert (await look(Source(ways[:1], named))).unseen == ()


async def test_the_application_in_the_console_is_told(
    proved: Place, pgbouncer: Start, admin: Connection, subject: Subject
) -> None:
    pooler = _start(pgbouncer, proved.server, admin_users=_APP, server_reset_query_always="1")
    seen = await look(Source((pooler.url(_APP, proved.name),)))
    (facts,) = seen.poolers
    found = await _keys(admin, facts, subject, proved.name)
    assert found - {"pooler-version"} == {"pooler-console"}


async def test_a_real_one_that_is_set_up_wrongly_is_told(
    proved: Place, pgbouncer: Start, admin: Connection, subject: Subject
) -> None:
    pooler = _start(
        pgbouncer, proved.server, pool_mode="statement", auth_type="trust", admin_users=_WATCHER,
        stats_users=_APP, ignore_startup_parameters="extra_float_digits, app.tenant_id",
    )  # fmt: skip
    seen = await look(Source((pooler.url(_APP, proved.name),)))
    found = await _keys(admin, seen.poolers[0], subject, proved.name)
    assert found - {"pooler-version"} == {
        "pooler-statement-mode", "pooler-authentication", "pooler-statistics", "pooler-parameters",
    }  # fmt: skip


async def test_without_a_pooler_that_is_said(proved: Place) -> None:
    seen = await look(Source((proved.url("app"),)))
    assert seen.findings() == []
    assert seen.words(proved.name).startswith("No pooler stands between")
    assert "not known" in (await look(Source())).words(proved.name)
    assert "not asked for" in (
        await look(Source((), "postgresql://nowhere/x", wanted=False))
    ).words("x")


async def test_a_login_that_does_not_get_in_is_told(proved: Place) -> None:
    seen = await look(Source((f"postgresql://nobody:{_WORD}@127.0.0.1:1/x",)))
    assert [f.check for f in seen.findings()] == ["pooler-unseen"]
    assert _WORD not in str(seen)


async def test_a_proof_looks_at_the_pooler_of_its_doors(proved: Place, pgbouncer: Start) -> None:
    pooler = _start(pgbouncer, proved.server, stats_users=_APP)
    doors = Doors({_APP: pooler.url(_APP, proved.name)})

    async def proof(pooler: Source | None = None) -> Proof:
        url = proved.url("superuser")
        return await prove(url, metadata, doors=doors, pooler=pooler, attacks=False)

    found = await proof()
    assert "pooler-statistics" in {f.check for f in found.findings}
    assert as_data(found)["poolers"]["looked_at"][0]["version"]
    assert "its settings were checked" in as_page(found)
    closed = await proof(Source((pooler.url(_APP, proved.name),), wanted=False))
    assert closed.ok
    assert "was not asked for" in as_page(closed)


# ---- the rules --------------------------------------------------------------------------------

_SOUND = {
    "pool_mode": "transaction", "auth_type": "scram-sha-256", "listen_addr": "127.0.0.1, ::1",
    "server_reset_query": "", "admin_users": "postgres", "stats_users": "watcher", "auth_user": "",
    "ignore_startup_parameters": "extra_float_digits,options", "track_extra_parameters": "IntervalStyle, search_path",
    "client_tls_sslmode": "disable", "server_tls_sslmode": "prefer",
}  # fmt: skip
_HERE = Entry("shop", "/run/postgresql", "shop")


def _facts(*entries: Entry, version: str = "1.26.1", **config: str) -> PoolerFacts:
    return PoolerFacts("test", version, {**_SOUND, **config}, entries or (_HERE,))


VIOLATIONS: tuple[tuple[str, PoolerFacts], ...] = (
    ("pooler-version", _facts(version="1.26.0")),
    ("pooler-statement-mode", _facts(pool_mode="statement")),
    ("pooler-statement-mode", _facts(replace(_HERE, pool_mode="statement"))),
    ("pooler-statement-mode", replace(_facts(), user_modes={_APP: "statement"})),
    ("pooler-reset", _facts(pool_mode="session", server_reset_query="DEALLOCATE ALL")),
    ("pooler-reset", _facts(replace(_HERE, pool_mode="session"))),
    ("pooler-reset", replace(_facts(), user_modes={_APP: "session"})),
    ("pooler-identity", _facts(replace(_HERE, user=_SERVICE))),
    ("pooler-identity", _facts(Entry("*", user="postgres"))),
    ("pooler-context", _facts(replace(_HERE, connect_query="SET app.tenant_id = 'x'"))),
    ("pooler-context", _facts(replace(_HERE, connect_query="SET App.Tenant_Id = 'x'"))),
    ("pooler-parameters", _facts(ignore_startup_parameters="options, app.tenant_id")),
    ("pooler-parameters", _facts(track_extra_parameters="app.user_id")),
    ("pooler-authentication", _facts(auth_type="trust")),
    ("pooler-authentication", _facts(auth_type="any")),
    ("pooler-passwords", _facts(auth_type="md5", listen_addr="*")),
    ("pooler-passwords", _facts(auth_type="plain", listen_addr="127.0.0.1,10.0.0.7")),
    ("pooler-console", _facts(admin_users="postgres, tenantry_service")),
    ("pooler-statistics", _facts(stats_users="tenantry_readonly")),
    ("pooler-tls", _facts(listen_addr="*", client_tls_sslmode="prefer")),
    ("pooler-tls", _facts(replace(_HERE, host="db.example.org"), server_tls_sslmode="require")),
)
NEAR_MISSES = (
    _facts(),
    _facts(version="1.27.0"),
    _facts(_HERE, Entry("other", "", "other", "postgres", "statement")),  # another database
    _facts(_HERE, Entry("*", "", "other", "postgres")),
    replace(_facts(), user_modes={"somebody": "statement"}),
    _facts(pool_mode="session", server_reset_query="DISCARD ALL"),
    _facts(replace(_HERE, pool_mode="transaction"), pool_mode="session"),
    _facts(replace(_HERE, user=_APP)),
    _facts(auth_type="md5"),
    _facts(listen_addr="*", auth_type="md5", client_tls_sslmode="require"),
    _facts(replace(_HERE, host="db.example.org"), server_tls_sslmode="verify-full"),
    _facts(replace(_HERE, connect_query="SET work_mem = '8MB'")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "facts"), VIOLATIONS, ids=lambda v: v if isinstance(v, str) else ""
)
async def test_a_rule_tells_its_violation_and_no_other(
    admin: Connection, subject: Subject, rule: str, facts: PoolerFacts
) -> None:
    found = await examine(admin, facts, subject, "shop")
    # An open network without TLS is two things at once.
    beside = {"pooler-tls"} if rule == "pooler-passwords" else set()
    assert {f.check for f in found} == {rule, *beside}
    assert all(f.object == "PgBouncer at test" and f.remediation for f in found)


@pytest.mark.parametrize("facts", NEAR_MISSES)
async def test_a_near_miss_is_none(admin: Connection, subject: Subject, facts: PoolerFacts) -> None:
    assert await examine(admin, facts, subject, "shop") == []


def test_every_rule_is_broken_once() -> None:
    assert {name for name, _ in VIOLATIONS} == {rule.name for rule in RULES}


@pytest.mark.parametrize(
    ("release", "told", "mended"),
    [
        ((1, 18, 0), {"CVE-2025-2291", "CVE-2026-6664", "CVE-2026-6668", "CVE-2026-107350"}, "1.26.1"),
        ((1, 25, 0), {"CVE-2025-12819", "CVE-2026-6667"}, "1.26.1"),
        ((1, 16, 0), {"CVE-2021-3935"}, "1.26.0"),
        ((1, 26, 0), {"CVE-2026-107349", "CVE-2026-107350"}, "1.26.1"),
    ],
)  # fmt: skip
def test_holes_are_those_of_the_release(
    release: tuple[int, ...], told: set[str], mended: str
) -> None:
    text = holes(release)
    assert all(cve in text for cve in told)
    assert text.endswith(f"mended in {mended}")
    assert ("CVE-2026-107350" in text) == (release >= (1, 17))
    assert ("CVE-2026-6667" in text) == ((1, 24) <= release < (1, 25, 2))
    assert not holes((1, 26, 1))
    assert not holes(())


async def test_who_may_ask_for_passwords_as_the_pooler_does(
    admin: Connection, subject: Subject
) -> None:
    async def found(user: str, query: str, entry: Entry = _HERE) -> list[Finding]:
        facts = _facts(entry, auth_user=user, auth_query=query)
        return [
            f
            for f in await examine(admin, facts, subject, "shop")
            if f.check == "pooler-password-query"
        ]

    await admin.execute(
        "CREATE SCHEMA pooler; CREATE ROLE asker LOGIN; CREATE FUNCTION pooler.lookup(name) RETURNS SETOF pg_shadow"
        " LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT * FROM pg_shadow WHERE usename = $1';"
        "GRANT USAGE ON SCHEMA pooler TO asker, tenantry_app"
    )
    query = "SELECT usename, passwd FROM pooler.lookup($1)"
    (open_to_all,) = await found("asker", query)
    assert open_to_all.severity == "error"
    assert "lookup" in open_to_all.object
    assert "tenantry_app may execute it" in open_to_all.detail
    assert "tenantry_readonly" not in open_to_all.detail  # who cannot reach the schema
    assert await found("asker", 'SELECT * FROM "pooler"."lookup"($1)') == [open_to_all]
    assert await found("asker", "SELECT * FROM shop.pooler.lookup ( $1 )") == [open_to_all]
    assert await found("asker", "SELECT * FROM .lookup($1)") == []
    # A line of the databases has its own, above the rest.
    assert await found("", "", replace(_HERE, auth_user="asker", auth_query=query)) == [open_to_all]
    other = Entry("other", auth_user="asker", auth_query=query)
    assert await found("", "", other) == []
    await admin.execute(
        "REVOKE ALL ON FUNCTION pooler.lookup FROM PUBLIC; GRANT EXECUTE ON FUNCTION pooler.lookup TO asker"
    )
    assert await found("asker", query) == []
    assert await found("", query) == []  # it is not asked
    await admin.execute("ALTER FUNCTION pooler.lookup RESET search_path")
    assert "search_path" in (await found("asker", query))[0].detail
    await admin.execute(
        "ALTER FUNCTION pooler.lookup SET search_path = pg_catalog;"
        "GRANT SELECT (name) ON tenantry.projects TO asker; GRANT tenantry_app TO asker;"
        "ALTER ROLE asker BYPASSRLS CREATEROLE"
    )
    powers = sorted(f.detail.partition(" it ")[2] for f in await found("asker", query))
    assert powers[:3] == [
        "is past row security (BYPASSRLS).", "may become tenantry_app.", "may make roles (CREATEROLE).",
    ]  # fmt: skip
    assert "tenantry.projects" in powers[3]
    await admin.execute("ALTER ROLE asker SUPERUSER")
    assert (
        "superuser"
        in (await found("asker", "SELECT 1 FROM pg_authid WHERE rolname = $1"))[0].detail
    )


# ---- its file ---------------------------------------------------------------------------------


def test_a_file_is_read_as_pgbouncer_reads_it(tmp_path: Path) -> None:
    (tmp_path / "more.ini").write_text(
        "shop = host=db.example.org dbname=shop_1 user=tenantry_app\n"
    )
    path = tmp_path / "pgbouncer.ini"
    path.write_text(
        "; a comment\n[databases]\n%include more.ini\n"
        "* = host=/run password='it''s a secret' connect_query='SET app.tenant_id = ''x'''\n"
        "[users]\ntenantry_app = pool_mode=statement max_user_connections=5\n"
        "[pgbouncer]\n# another\nlisten_addr = *\nauth_type=md5\nserver_reset_query =\n"
    )
    facts = read_file(path)
    shop, rest = facts.entries
    assert (shop.name, shop.host, shop.database, shop.user) == (
        "shop",
        "db.example.org",
        "shop_1",
        _APP,
    )
    assert shop.leads_to("shop_1") and not shop.leads_to("shop")
    assert rest.leads_to("anything")
    assert rest.connect_query == "SET app.tenant_id = 'x'"
    assert facts.user_modes == {_APP: "statement"}
    assert (facts["auth_type"], facts["server_reset_query"]) == ("md5", "")
    assert (facts["pool_mode"], facts["client_tls_sslmode"]) == ("session", "disable")  # by default
    assert not facts.is_local
    version, included = facts.left_out("shop_1")
    assert version == "its version, which a file does not tell"
    assert "more.ini" in included  # of that name there may be one where PgBouncer was started
    assert "secret" not in repr(facts)


def test_a_file_in_any_spelling_is_read_as_pgbouncer_reads_it(tmp_path: Path) -> None:
    (tmp_path / "more.ini").write_text("auth_type = ANY\n")
    path = tmp_path / "pgbouncer.ini"
    path.write_bytes(
        b"[databases] 'shop' = host=/run pool_mode=Statement auth_user=asker auth_query='SELECT 1'\r\n"
        b"[users]\r\ntenantry_app = pool_mode=SESSION\r\n"
        b"[pgbouncer] pool_mode = Transaction\r\n"
        + f"%include {tmp_path}/more.ini\n; until the line ends\u2028\rclient_tls_sslmode = require".encode()
    )
    facts = read_file(path)
    (shop,) = facts.entries
    assert (shop.name, shop.pool_mode) == ("shop", "statement")
    assert (shop.auth_user, shop.auth_query) == ("asker", "SELECT 1")
    assert facts.user_modes == {_APP: "session"}
    assert (facts["pool_mode"], facts["auth_type"]) == ("transaction", "any")
    assert facts["client_tls_sslmode"] == "disable"
    assert facts.left_out("shop") == ("its version, which a file does not tell",)


async def test_rules_of_another_file_are_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "pgbouncer.ini"
    path.write_text("[databases]\nshop =\n[pgbouncer]\nauth_type = hba\n")
    seen = await look(Source((), None, path))
    assert "auth_hba_file" in seen.words("shop")
    assert "its version" in seen.words("shop")


@pytest.mark.parametrize("text", [None, "[databases]\n", "%include pgbouncer.ini\n[pgbouncer]\n"])
async def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "pgbouncer.ini"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InvalidInput) as refused:
        await look(Source((), None, path))
    assert refused.value.field == "pgbouncer_ini"
