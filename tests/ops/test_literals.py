"""Whatever a statement holds, none of its values is shown: not even where the server cut it off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.ops.figures import without_values

SECRET = "Zz9secret"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("SELECT 1", "SELECT ?"),
        ("SELECT  *\n FROM t -- who: ann\n WHERE a = 'it''s' AND b=1.5e3", "SELECT * FROM t WHERE a = ? AND b=?"),
        ("INSERT INTO t VALUES (1, 'a', $2), (.5, E'\\'x', U&'y')", "INSERT INTO t VALUES (?, …, $2), (?, …)"),
        ("SELECT $$body$$, $a$ $$ $a$, \"a \"\"b\"", 'SELECT ?, …, "a ""b"'),
        ("SELECT a1, t.b2 /* one /* two */ 'x' */ FROM t", "SELECT a1, t.b2 FROM t"),
        ("ALTER ROLE r PASSWORD 'x", "ALTER ROLE r PASSWORD ?"),
        ("SELECT 'C:\\' || name, 'x' FROM t", "SELECT ? …"),
        ('SELECT "half', "SELECT …"),
        ("SELECT /* half", "SELECT"),
        ("SET LOCAL app.tenant_id = '0199'", "SET LOCAL app.tenant_id = ?"),
        ("SELECT x::int[] #>> '{a}', y ? 'b'", "SELECT x::int[] #>> ?, y ? ?"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_is_shown(sql: str, shown: str) -> None:
    assert without_values(sql) == shown


def _quoted(value: str, way: str) -> str:
    match way:
        case "plain":
            return "'" + value.replace("'", "''") + "'"
        case "escaped":
            return "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case "national":
            return "N'" + value.replace("'", "''") + "'"
        case "dollar":
            tag = "$t0$"
            return f"{tag}{value.replace('$', '')}{tag}"
        case "comment":
            return "/* " + value.replace("*", "").replace("/", "") + " */ 1"
        case _:
            return "1 -- " + value.replace("\n", " ") + "\n"


_VALUES = st.tuples(st.text(max_size=12), st.text(max_size=12)).map(
    lambda around: around[0].replace("\0", "") + SECRET + around[1].replace("\0", "")
)
_WAYS = st.sampled_from(("plain", "escaped", "national", "dollar", "comment", "line"))


@given(st.lists(st.tuples(_VALUES, _WAYS), min_size=1, max_size=4), st.integers(0, 400))
def test_no_value_of_any_kind_is_left_wherever_the_text_ends(
    values: list[tuple[str, str]], cut: int
) -> None:
    # Both ways in which a server may read a backslash in a plain literal.
    sql = "SELECT a, " + ", ".join(_quoted(*one) for one in values) + " FROM t WHERE b = 1"
    for text in (sql, sql[:cut]):
        assert SECRET[:4] not in without_values(text)


@given(st.text(max_size=80))
def test_any_text_at_all_becomes_one_line(text: str) -> None:
    assert "\n" not in without_values(text)


@given(_VALUES)
def test_nor_where_backslashes_escape_in_plain_literals(value: str) -> None:
    literal = value.replace("\\", "\\\\").replace("'", "\\'")
    assert SECRET not in without_values(f"SELECT '{literal}' FROM t")
