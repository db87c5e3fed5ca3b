"""Queries of the grammar, as somebody might write them, that AGE must accept."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

LABELS = st.sampled_from(["Task", "Agent", "Desk"])
TYPES = st.sampled_from(["DEPENDS_ON", "EXECUTED"])
PROPERTIES = st.sampled_from(["id", "n", "name", "tags", "w"])
STRINGS = st.sampled_from(
    ["'a'", '"it\'s"', "'$$'", r"'\u0027'", "'/* -- */'", "'ünï'", r"'\\'", "''", "'; DROP'"]
)
NUMBERS = st.sampled_from(["0", "1", "2.5", "1e3", "42"])
CONSTANTS = st.one_of(STRINGS, NUMBERS, st.sampled_from(["true", "FALSE", "null", "$p", "$lit_1"]))


@st.composite
def values(draw: st.DrawFn, names: list[str], depth: int = 2) -> str:
    """An expression of agtype over these variables."""
    name = draw(st.sampled_from(names))
    leaf = [CONSTANTS, PROPERTIES.map(lambda p: f"{name}.{p}")]
    if depth == 0:
        return draw(st.one_of(leaf))
    deeper = values(names, depth - 1)
    given: list[st.SearchStrategy[str]] = [
        *leaf,
        st.builds("{} {} {}".format, deeper, st.sampled_from("-*/%"), deeper),
        st.builds("({} {} {})".format, deeper, st.sampled_from("-*/%"), deeper),
        st.builds("-{}".format, NUMBERS),
        st.builds("[{}, {}]".format, deeper, deeper),
        st.builds("{{a: {}, b: {}}}".format, deeper, deeper),
        st.builds("coalesce({}, {})".format, deeper, deeper),
        st.builds("TOSTRING({})".format, deeper),
        st.builds("size([{}])".format, deeper),
        st.builds("substring({}, 0,1)".format, deeper),
        st.builds("{}.tags[{}]".format, st.just(name), st.sampled_from(["0", "-1", "$p"])),
        st.builds("{}.tags[{}]".format, st.just(name), st.sampled_from(["0..1", "..1", "1.."])),
        st.builds(
            "CASE WHEN {} THEN {} ELSE {} END".format, conditions(names, depth - 1), deeper, deeper
        ),
        st.builds("case {} when {} then {} end".format, deeper, CONSTANTS, deeper),
    ]
    return draw(st.one_of(given))


@st.composite
def conditions(draw: st.DrawFn, names: list[str], depth: int = 2) -> str:
    value = values(names, max(depth - 1, 0))
    plain = st.one_of(
        STRINGS,
        NUMBERS,
        st.just("$p"),
        PROPERTIES.map(lambda p: f"{draw(st.sampled_from(names))}.{p}"),
    )
    comparison = st.one_of(
        st.builds(
            "{}{}{}".format, value, st.sampled_from([" = ", "<>", "<", " <= ", ">", ">="]), value
        ),
        st.builds(
            "{}{}{}".format, plain, st.sampled_from([" IN ", " starts with ", " CONTAINS "]), plain
        ),
        st.builds("{} IS {}NULL".format, value, st.sampled_from(["", "NOT "])),
    )
    if depth == 0:
        return draw(comparison)
    deeper = conditions(names, depth - 1)
    return draw(
        st.one_of(
            comparison,
            st.builds("{} {} {}".format, deeper, st.sampled_from(["AND", "or", "XOR"]), deeper),
            st.builds("NOT ({})".format, deeper),
        )
    )


@st.composite
def patterns(draw: st.DrawFn, names: list[str], fresh: Callable[[], str]) -> str:
    """A path; its new variables are added to the names."""
    said: list[str] = []

    def node() -> str:
        properties = draw(st.sampled_from(["", "", " {id: 'a'}", "{n: 1, name:$p}"]))
        name = fresh()
        said.append(name)
        return f"({name}{draw(st.sampled_from(['', ':Task', ':Agent']))}{properties})"

    text = node()
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(TYPES)
        inside = draw(
            st.sampled_from([None, "", f":{kind}", f":{kind}*1..2", f":{kind}*..3", f":{kind}*2"])
        )
        drawn = "--" if inside is None else f"-[{inside}]-"
        left, right = draw(st.sampled_from([("", ""), ("<", ""), ("", ">")]))
        text += f"{left}{drawn}{right}{node()}"
    if draw(st.booleans()):
        name = fresh()
        text = f"{name} = {text}"
    names.extend(said)
    return text


@st.composite
def queries(draw: st.DrawFn) -> str:
    count = 0

    def fresh() -> str:
        nonlocal count
        count += 1
        return f"v{count}"

    names: list[str] = []
    clauses = []
    for place in range(draw(st.integers(1, 2))):
        optional = "OPTIONAL " if place and draw(st.booleans()) else ""
        clause = f"{optional}MATCH {draw(patterns(names, fresh))}"
        if draw(st.booleans()):
            clause += f" WHERE {draw(conditions(names))}"
            if not place and draw(st.booleans()):
                clause += f" AND exists(({draw(st.sampled_from(names))})-[:DEPENDS_ON]->())"
        clauses.append(clause)
    if draw(st.booleans()):
        kept = draw(st.sampled_from(names))
        alias = fresh()
        aggregate = draw(st.sampled_from(["count(*)", f"collect({kept})", f"max({kept}.n)"]))
        if aggregate.startswith("collect"):
            clauses.append(f"WITH {kept} ORDER BY {kept}.id LIMIT {draw(st.integers(0, 1000))}")
        clauses.append(f"WITH {kept}, {aggregate} AS {alias} WHERE {alias} IS NOT NULL")
        names[:] = [kept]
        if aggregate.startswith("collect"):
            item = fresh()
            clauses.append(f"unwind {alias} as {item}")
            names.append(item)
    items = [f"{draw(values(names))} AS c{i}" for i in range(draw(st.integers(1, 3)))]
    end = draw(st.sampled_from(["", " ORDER BY c0 DESC", " ORDER BY c0 ASC SKIP 1 LIMIT $p"]))
    distinct = draw(st.sampled_from(["", "DISTINCT "]))
    clauses.append(f"RETURN {distinct}{', '.join(items)}{end}")
    space: str = draw(st.sampled_from([" ", "\n", "  \t"]))
    return space.join(clauses)


#: What turns one text into another one.
_PIECES = [
    *"'\"`$\\;:|.*()[]{},-+/<>=~!#@&?%^_ \n\t\v\0\ufeff\u202e\u00a0'\u212a",
    *("$$", "$q$", "//", "/*", "*/", "--", "::", "..", "=~", "||", "->", "<-", "*1..99", "[*]"),
    *("pg_sleep(1)", "pg_catalog.", "ag_catalog.", "startnode(", "CALL ", "CREATE (x) ", "SET "),
    *("DELETE ", " UNION ", "count{", "exists{", "EXPLAIN ", "OPERATOR(", "::text", "\\u0027"),
    *("MATCH ", "WITH ", "RETURN ", " AS x", "(a)", "[x]", "{a: 1}", ".id", "1", "0x1", "v1"),
]

#: Tokens of the alphabet where they do not belong.
ODD_TOKENS = [
    "pg_sleep",
    "startnode",
    "startNode",
    "ag_catalog",
    "pg_catalog",
    "size",
    "count",
    "exists",
    "vle",
    "cypher",
    ".",
    "..",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "-",
    ">",
    "<",
    "*",
    "+",
    "1",
    "99",
    "$p",
    "a",
    "CASE",
    "END",
    "IN",
    "WHERE",
    "WITH",
    "MATCH",
    "RETURN",
    "AS",
    "NOT",
    "ctid",
    "oid",
    "LIMIT",
    "UNWIND",
]


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A query with a few places cut, doubled or filled with something else."""
    text: str = draw(queries())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(0, 6)))
        piece: str = draw(st.sampled_from([*_PIECES, "", text[at:to] * 2]))
        text = text[:at] + piece + text[to:]
    return text
