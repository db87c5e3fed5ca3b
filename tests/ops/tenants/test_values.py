"""Whatever a column can hold is the same after an export and an import."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import tenantry
from tenantry import Database
from tenantry.ops.tenants import exporting, importing, numbering
from tests.fixtures.database import Place, make_tenant

from .whole import purge, query, rows_of

#: Every type a platform may use, in a table that no model of ours knows.
_TABLE = """
CREATE SCHEMA crm;
CREATE TABLE crm."Odd ""Things" (
    tenant_id uuid, id uuid DEFAULT gen_random_uuid(), "a ""b'c" text, doc jsonb, raw json, bytes bytea, n numeric,
    f float8, moment timestamptz, local timestamp, span interval, tags text[], nested int[][], ip inet, day date,
    flag boolean, range tstzrange, path public.ltree, twice text GENERATED ALWAYS AS ("a ""b'c" || 'x') STORED,
    PRIMARY KEY (tenant_id, id));
GRANT USAGE ON SCHEMA crm TO tenantry_service, tenantry_transfer;
GRANT SELECT ON crm."Odd ""Things" TO tenantry_service;
GRANT SELECT, INSERT, DELETE ON crm."Odd ""Things" TO tenantry_transfer"""
_INSERT = """
INSERT INTO crm."Odd ""Things" (tenant_id, "a ""b'c", doc, raw, bytes, n, f, moment, local, span, tags, nested, ip, day, flag, range, path)
VALUES ($1, $2, $3::text::jsonb, $4::text::json, $5, $6, $7, $8, $9, $10, $11, $12, '::1/64', $13, $14,
        tstzrange($8, NULL), 'a.b')"""

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=40
) | st.sampled_from(
    [
        "",
        "\\N",
        "\\.",
        "null",
        "NULL",
        '"',
        "\n",
        "\r\n",
        "\u2028",
        "\x1e",
        "{}",
        "\\u0000",
        "\\",
        "a\tb",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_MOMENT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
_ROW = st.tuples(
    st.none() | _TEXT,
    # SQL's null is not JSON's.
    st.none() | _JSON.filter(lambda v: "\\u0000" not in json.dumps(v)).map(json.dumps),
    st.none() | _JSON.map(lambda v: json.dumps(v, indent=1)),
    st.none() | st.binary(max_size=20),
    st.none() | st.decimals(allow_infinity=False, places=20) | st.just(Decimal("1E+300")),
    st.none() | st.floats() | st.sampled_from([math.inf, -0.0, 5e-324, 0.1]),
    st.none() | _MOMENT.map(lambda m: m.replace(tzinfo=UTC)),
    st.none() | _MOMENT,
    st.none() | st.timedeltas(timedelta(-9999), timedelta(9999)),
    st.none() | st.lists(st.none() | _TEXT, max_size=3),
    st.none() | st.just([[1, 2], [3, 4]]),
    st.none() | st.dates(date(1, 1, 2)),
    st.none() | st.booleans(),
)


async def test_every_value_comes_back(place: Place, tmp_path: Path) -> None:
    admin = await place.connection("superuser")
    await admin.execute(_TABLE)
    loop = asyncio.get_running_loop()
    turns = iter(range(10_000))

    async with await tenantry.connect(settings=place.settings()) as db:

        async def check(rows: list[tuple[Any, ...]]) -> None:
            turn = next(turns)
            tenant = (await make_tenant(db, f"t{turn}")).id
            await admin.executemany(_INSERT, [(tenant, *row) for row in rows])
            before = await rows_of(place, tenant)
            await _there_and_back(db, tenant, tmp_path / str(turn))
            assert _lasting(await rows_of(place, tenant)) == _lasting(before)
            computed = 'SELECT count(*) FROM crm."Odd ""Things" WHERE twice IS DISTINCT FROM "a ""b\'c" || \'x\''
            assert (await query(place, computed))[0][0] == 0

        # No example is made smaller: each takes a tenant's whole journey.
        @settings(
            max_examples=2, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.lists(_ROW, min_size=20, max_size=20))
        def examples(rows: list[tuple[Any, ...]]) -> None:
            asyncio.run_coroutine_threadsafe(check(rows), loop).result()

        await asyncio.to_thread(examples)
    await admin.close()


async def _there_and_back(db: Database, tenant: UUID, folder: Path) -> None:
    await exporting.export(db, tenant, folder)
    await purge(db, tenant)
    await importing.import_(db, folder)


def _lasting(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Without the record, which was not sealed when it was exported."""
    return {table: found for table, found in rows.items() if not table.startswith("audit_")}


_IDS = st.uuids()


@given(
    st.lists(_IDS, min_size=1, max_size=5, unique=True),
    _IDS,
    st.lists(_TEXT, max_size=6),
    st.data(),
)
def test_new_ids_stand_wherever_the_old_ones_stood(
    own: list[UUID], seed: UUID, words: list[str], data: st.DataObject
) -> None:
    """And the text around them, and other ids, stay as they are."""
    new = numbering.Numbering({}, {i.bytes for i in own}, seed)
    mapped = [new.id(i) for i in own]
    assert len(set(mapped)) == len(own)
    assert not set(mapped) & set(own) or len(own) > 1
    for old, its in zip(own, mapped, strict=True):
        assert old.int >> 64 == its.int >> 64  # its time
        for spell in (str, lambda i: i.hex, lambda i: str(i).upper()):
            text = "zz ".join(f"{word}~{spell(old)}" for word in [*words, ""])
            expected = "zz ".join(f"{word}~{spell(its)}" for word in [*words, ""])
            assert new.text(json.dumps(text, ensure_ascii=False)) == json.dumps(
                expected, ensure_ascii=False
            )
    other = data.draw(_IDS.filter(lambda i: i not in own))
    assert new.text(f"{other} {other.hex}") == f"{other} {other.hex}"
    # A part of a longer number is none.
    assert new.text(f"{own[0].hex}00") == f"{own[0].hex}00"
