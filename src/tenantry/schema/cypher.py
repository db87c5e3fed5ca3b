"""What Cypher text may hold before it comes near the graph engine.

The text of a query is code: through Apache AGE it reaches any function on the search path, other
graphs by name, and clauses that write. So only words and signs of these lists pass, in one canonical
spelling without quotes, comments or any other way of saying a thing twice. `tenantry.graph.cypher`
writes it; the function below has the last word, because whoever can send SQL can send any text.

AGE 1.7 reads such a text exactly as these rules do: its scanner takes `$` as part of a name, a run
of signs as one operator, a leading zero as octal, `1.` as a decimal. Each of these is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tenantry.models.graph import CYPHER_WORDS

#: Clauses and operators, as canonical text spells them.
_KEYWORDS = (
    "MATCH OPTIONAL WHERE WITH DISTINCT ORDER BY DESC SKIP LIMIT UNWIND AS RETURN"
    " AND OR XOR NOT IN STARTS ENDS CONTAINS IS NULL TRUE FALSE CASE WHEN THEN ELSE END"
)
KEYWORDS: Final = frozenset(_KEYWORDS.split())

#: Functions, and the fewest and most arguments of each. The spelling matters: AGE finds functions
#: in any case, but hands its own graph only to `startNode` and `endNode`; `startnode` takes a
#: graph's name from the caller. A function AGE lacks would be looked for on the search path.
FUNCTIONS: Final[Mapping[str, tuple[int, int]]] = {
    "abs": (1, 1),
    "avg": (1, 1),
    "ceil": (1, 1),
    "coalesce": (1, 8),
    "collect": (1, 1),
    "count": (1, 1),
    "endNode": (1, 1),
    "exists": (1, 1),
    "floor": (1, 1),
    "head": (1, 1),
    "id": (1, 1),
    "keys": (1, 1),
    "label": (1, 1),
    "labels": (1, 1),
    "last": (1, 1),
    "length": (1, 1),
    "max": (1, 1),
    "min": (1, 1),
    "nodes": (1, 1),
    "properties": (1, 1),
    "relationships": (1, 1),
    "reverse": (1, 1),
    "round": (1, 2),
    "sign": (1, 1),
    "size": (1, 1),
    "startNode": (1, 1),
    "substring": (2, 3),
    "sum": (1, 1),
    "tail": (1, 1),
    "toBoolean": (1, 1),
    "toFloat": (1, 1),
    "toInteger": (1, 1),
    "toLower": (1, 1),
    "toString": (1, 1),
    "toUpper": (1, 1),
    "trim": (1, 1),
    "type": (1, 1),
}
#: What is true or false to PostgreSQL, and no value of the graph's. AGE hands such a thing on to
#: IN, CONTAINS, STARTS WITH, ENDS WITH and to indices as if it were one, and the server ends. So no
#: condition is a value: WITH names none, no index holds one, and these compare plain things only.
CONDITIONS: Final = frozenset({"AND", "IN", "IS", "NOT", "OR", "XOR", "exists"})
#: Functions that give a value of the graph's, whatever they are given.
CERTAIN: Final = frozenset(FUNCTIONS) - {"coalesce", "exists"}
AGGREGATES: Final = frozenset({"avg", "collect", "count", "max", "min", "sum"})

#: Words that AGE keeps for itself, in any case: none can be a name.
RESERVED: Final = frozenset(CYPHER_WORDS)

TEXT_LENGTH: Final = 10_000
#: How far a relationship may reach in one match, in an agent's own question and in a template.
HOPS: Final = 5
TEMPLATE_HOPS: Final = 15
#: Brackets within brackets, and CASE within CASE.
NESTING: Final = 30

#: collect() holds all its rows in memory, 2.4 GB within five seconds when let: so it stands behind a
#: WITH … LIMIT of at most so many, and no MATCH or UNWIND between.
COLLECTED: Final = 1_000

#: How often a thing may stand in one text. Patterns beside each other multiply their rows; x + x
#: doubles a value each time it is said again. So would WITH [x, x] AS x: WITH makes no lists or maps.
BOUNDS: Final[Mapping[str, int]] = {
    "patterns": 3,
    "relationships": 10,
    "withs": 4,
    "unwinds": 1,
    "additions": 8,
    "entries": 40,
    "collects": 1,
}

NAME: Final = "[A-Za-z][A-Za-z0-9_]{0,62}"
_OWN = "(?![A-Za-z0-9_$])"
_SIGNS = "-+*/%<>=!@#^&|~?"
#: One token, for Python and for PostgreSQL alike.
TOKEN: Final = "|".join(
    (
        rf"[$]?{NAME}{_OWN}",
        rf"(?:0|[1-9][0-9]{{0,17}})(?:[.][0-9]{{1,17}})?(?:[eE][-+]?[0-9]{{1,3}})?{_OWN}",
        rf"(?:<>|<=|>=|[=<>+*/%^])(?![{_SIGNS[1:]}])",
        r"-(?!-)",
        r"[.][.](?![.])",
        r"[.](?![.])",
        r":(?!:)",
        r"[](){}[,]",
    )
)
OPENING: Final = frozenset({"(", "[", "{", "CASE"})
CLOSING: Final = frozenset({")", "]", "}", "END"})
#: After these a new clause has begun, and a comma no longer parts two patterns.
CLAUSES: Final = frozenset({"MATCH", "WHERE", "WITH", "UNWIND", "RETURN", "ORDER"})

_RELATIONSHIP = (
    rf" - \[ (?:(?:{NAME} )?(?:: {NAME} )?|(?:{NAME} )?: {NAME} \* [0-9]+ \.\. [0-9]+ )(?=[]{{] )"
)


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


def check_function() -> str:
    """The database's own check: raises TN011 unless the text is canonical and allowed throughout."""
    bounds = "\n            ".join(
        f"WHEN {name} > {bound} THEN 'more than {bound} {name}'" for name, bound in BOUNDS.items()
    )
    return f"""CREATE OR REPLACE FUNCTION tenantry.check_cypher(query text, hops integer DEFAULT {HOPS}) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $check$
DECLARE
    token constant text := $token${TOKEN}$token$;
    tokens text[];
    line text;
    word text;
    before text := '';
    earlier text := '';
    is_name boolean;
    was_name boolean := false;
    is_called boolean := false;
    callers text[] := '{{}}';
    closed text := '';
    is_compared boolean;
    was_compared boolean := false;
    is_asking boolean := false;
    is_optional boolean := false;
    open text := '';
    inside text;
    clause text := '';
    place integer := 0;
    wrong text;
    patterns integer := 0;
    relationships integer := 0;
    withs integer := 0;
    unwinds integer := 0;
    additions integer := 0;
    entries integer := 0;
    collects integer := 0;
    limited boolean := false;
    ends_value boolean;
BEGIN
    IF query IS NULL OR octet_length(query) NOT BETWEEN 1 AND {TEXT_LENGTH} THEN
        RAISE EXCEPTION 'Cypher is refused: its text is empty or longer than {TEXT_LENGTH} characters'
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', '', 'position', 0);
    END IF;
    line := regexp_replace(query, token, '', 'g');
    IF line ~ '[^ ]' THEN
        word := left(ltrim(line), 1);
        RAISE EXCEPTION 'Cypher is refused: it is not in canonical form'
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', word, 'position', strpos(query, word));
    END IF;
    tokens := ARRAY(SELECT m[1] FROM regexp_matches(query, '(' || token || ')', 'g') AS m);
    line := ' ' || array_to_string(tokens, ' ') || ' ';
    IF regexp_replace(line, $shape${_RELATIONSHIP}$shape$, '', 'g') ~ ' - \\[ '
       OR EXISTS (SELECT FROM regexp_matches(line, ' \\* ([0-9]+) \\.\\. ([0-9]+) ', 'g') AS m
                  WHERE (m[2]::bigint BETWEEN m[1]::bigint AND hops) IS NOT TRUE) THEN
        RAISE EXCEPTION 'Cypher is refused: a relationship without bounds, or beyond % hops', hops
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', '[', 'position', strpos(query, '['));
    END IF;
    FOREACH word IN ARRAY tokens LOOP
        place := place + 1;
        is_name := word ~ '^[A-Za-z]' AND word NOT IN ({_words(KEYWORDS)});
        ends_value := before ~ '[])}}A-Za-z0-9_]$'
            AND before NOT IN ({_words(KEYWORDS - {"TRUE", "FALSE", "NULL", "END"})});
        is_compared := before IN ('IN', 'CONTAINS') OR (before = 'WITH' AND earlier IN ('STARTS', 'ENDS'));
        IF before = 'LIMIT' THEN
            -- Of LIMIT 5 * 1000 this sees the 5, until it sees the star.
            limited := CASE WHEN word ~ '^[0-9]{{1,6}}$' THEN word::integer <= {COLLECTED} ELSE false END;
        ELSIF earlier = 'LIMIT' AND word NOT IN ('WHERE', 'WITH', 'RETURN') THEN
            limited := false;
        END IF;
        CASE word
            WHEN '(' THEN
                IF was_name AND (earlier = '.' OR before NOT IN ({_words(FUNCTIONS)})) THEN
                    wrong := 'a function that is not allowed';
                    word := before;
                END IF;
                IF earlier = 'exists' AND before = '(' THEN patterns := patterns + 1; END IF;
                is_called := was_name;
                IF clause = 'UNWIND' AND was_name AND before IN ({_words(AGGREGATES)}) THEN
                    wrong := 'an aggregate in UNWIND';
                END IF;
                IF was_compared AND was_name AND before NOT IN ({_words(CERTAIN)}) THEN
                    wrong := 'a comparison of what may be a condition';
                END IF;
            WHEN '.' THEN
                IF NOT ends_value OR before ~ '^[0-9]' THEN wrong := 'a dot after nothing'; END IF;
            WHEN '*' THEN
                IF before = '(' THEN
                    IF earlier <> 'count' THEN wrong := 'a star'; END IF;
                ELSIF NOT ends_value OR before = '}}' THEN wrong := 'a star';
                END IF;
            WHEN '>' THEN
                IF before = '-' AND earlier <> ']' THEN wrong := 'an arrow'; END IF;
            WHEN '[' THEN
                IF before = '-' THEN relationships := relationships + 1; END IF;
                IF clause = 'WITH' AND NOT ends_value THEN wrong := 'a list in WITH'; END IF;
                entries := entries + 1;
            WHEN '{{' THEN
                IF clause = 'WITH' THEN wrong := 'a map in WITH'; END IF;
                entries := entries + 1;
            WHEN ',' THEN
                IF open = '' AND clause = 'MATCH' THEN patterns := patterns + 1; END IF;
                IF right(open, 1) IN ('[', '{{') THEN entries := entries + 1; END IF;
            WHEN 'MATCH' THEN
                patterns := patterns + 1;
                limited := false;
            WHEN 'OPTIONAL' THEN is_optional := true;
            WHEN 'UNWIND' THEN
                -- It ends the server.
                IF is_optional THEN wrong := 'UNWIND after OPTIONAL MATCH'; END IF;
                unwinds := unwinds + 1;
                limited := false;
            WHEN 'WITH' THEN
                IF before NOT IN ('STARTS', 'ENDS') THEN
                    withs := withs + 1;
                    is_optional := false;
                END IF;
            WHEN '+' THEN additions := additions + 1;
            WHEN 'collect' THEN
                IF NOT limited THEN wrong := 'collect() of more than {COLLECTED} rows'; END IF;
                collects := collects + 1;
            ELSE NULL;
        END CASE;
        inside := right(open, 1);
        is_asking := CASE word WHEN 'WHEN' THEN true WHEN 'THEN' THEN false ELSE is_asking END;
        IF word IN ({_words(CONDITIONS)}) AND (strpos(open, 'i') > 0 OR (clause = 'WITH' AND NOT is_asking)) THEN
            wrong := 'a condition as a value';
        ELSIF strpos(open, 'i') > 0 AND (word = 'coalesce' OR word IN ({_words(KEYWORDS)})) THEN
            wrong := 'an index that may be a condition';
        ELSIF is_compared AND NOT (is_name OR word ~ '^[$0-9]' OR word IN ('[', '{{'))
              OR word IN ('IN', 'CONTAINS', 'STARTS', 'ENDS')
                 AND NOT (was_name OR before ~ '^[$0-9]' OR before IN (']', '}}')
                          OR (before = ')' AND closed IN ({_words(CERTAIN)}))) THEN
            wrong := 'a comparison of what may be a condition';
        END IF;
        IF word IN ({_words(OPENING)}) THEN
            open := open || CASE WHEN word = '[' AND ends_value THEN 'i' ELSE left(word, 1) END;
            callers := callers || CASE WHEN word = '(' AND was_name THEN before ELSE '' END;
        ELSIF word IN ({_words(CLOSING)}) THEN
            open := left(open, greatest(length(open) - 1, 0));
            closed := callers[cardinality(callers)];
            callers := trim_array(callers, least(1, cardinality(callers)));
        ELSIF open = '' AND word IN ({_words(CLAUSES)}) AND before NOT IN ('STARTS', 'ENDS') THEN clause := word;
        END IF;
        wrong := CASE
            WHEN wrong IS NOT NULL THEN wrong
            WHEN is_name AND lower(word COLLATE "C") IN ({_words(RESERVED)})
                 AND word NOT IN ({_words(RESERVED & set(FUNCTIONS))}) THEN 'a word that is not allowed'
            WHEN before IN ({_words(RESERVED & set(FUNCTIONS))}) AND word <> '(' THEN 'a function without its arguments'
            WHEN earlier = '<' AND before = '-' AND word <> '[' THEN 'an arrow'
            -- As `exists(($a)-[:T]->())`, which ends the server.
            WHEN earlier = '(' AND NOT is_called AND before ~ '^[$]' AND word IN (')', ':', '{{')
                THEN 'a parameter as a vertex'
            WHEN before IN ('.', 'AS') AND NOT is_name THEN 'a word that is no name'
            -- AGE takes any word for a label or a key, and CASE would pass for a bracket here.
            WHEN word = ':' AND before IN ({_words(KEYWORDS)}) THEN 'a key that is no name'
            WHEN before = ':' AND inside IN ('(', '[') AND NOT is_name THEN 'a label that is no name'
            WHEN length(open) > {NESTING} THEN 'brackets nested more than {NESTING} deep'
            {bounds}
        END;
        EXIT WHEN wrong IS NOT NULL;
        earlier := before;
        before := word;
        was_name := is_name;
        was_compared := is_compared;
    END LOOP;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'Cypher is refused: %', wrong
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', word, 'position', regexp_instr(query, token, 1, place));
    END IF;
END
$check$"""
