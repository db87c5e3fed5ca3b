"""`tenantry doctor` at a shell."""

from __future__ import annotations

import asyncio

import pytest

from tests.cli.helpers import Cli
from tests.fixtures.database import Place

from .test_watcher import CHECKS


@pytest.fixture
def doctor(cli: Cli, place: Place, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("TENANTRY_MONITOR_URL", place.url("superuser"))
    return cli


def test_of_a_new_database_there_is_nothing_to_say(doctor: Cli) -> None:
    assert doctor("doctor", "partitions-ahead").out == "1 check, no findings.\n"
    found = doctor.json("doctor", *CHECKS)
    assert found["ok"] is True
    assert found["unseen"] == []
    assert found["looked"] == list(CHECKS)
    assert {f["severity"] for f in found["findings"]} <= {"notice"}


def test_what_is_wrong_is_said_with_what_mends_it(doctor: Cli, place: Place) -> None:
    asyncio.run(_nearly_used_up(place))
    found = doctor.json("doctor", "sequences", "autovacuum", code=1)
    assert found["ok"] is False
    assert found["looked"] == ["sequences", "autovacuum"]
    (finding,) = found["findings"]
    assert set(finding) == {"check", "severity", "object", "what", "why", "advice"}
    assert (finding["check"], finding["severity"]) == ("sequences", "critical")
    assert finding["object"] == "public.tickets"
    assert finding["advice"]["sql"] == ['ALTER SEQUENCE "public"."tickets" NO MAXVALUE']
    said = doctor("doctor", "sequences", code=1).out
    assert said.startswith("critical  sequences  public.tickets\n")
    assert '\n    ALTER SEQUENCE "public"."tickets" NO MAXVALUE;\n' in said
    assert said.endswith("1 check, 1 finding.\n")


def test_what_cannot_be_seen_is_no_good_news(doctor: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENANTRY_SERVICE_URL")
    found = doctor.json("doctor", "outbox", code=1)
    assert found["ok"] is False
    assert found["findings"] == found["looked"] == []
    (unseen,) = found["unseen"]
    assert unseen["check"] == "outbox"
    assert "TENANTRY_SERVICE_URL" in unseen["why"]
    assert "not seen  outbox" in doctor("doctor", "outbox", code=1).out


def test_a_check_that_there_is_not(doctor: Cli) -> None:
    assert "wraparound" in doctor.json("doctor", "humours", code=2)["hint"]


async def _nearly_used_up(place: Place) -> None:
    server = await place.connection("superuser")
    await server.execute("CREATE SEQUENCE public.tickets MAXVALUE 10")
    await server.execute("SELECT setval('public.tickets', 10)")
    await server.close()
