"""The functions that make graphs of tables, keep them, and compare the two: generated from what a graph
is (`schema/graph.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tenantry.models.graph import EDGE_ENDS, EDGE_LABELS, VERTEX_LABELS

from .cypher import TEMPLATE_HOPS
from .graph import EDGES, ROOTS, TABLES, VERTICES, Edge, Vertex
from .roles import GRAPH

#: How AGE reads a property where it compares one; an index on anything else it would not use.
_KEY = """ag_catalog.agtype_access_operator(VARIADIC ARRAY[{}.properties, '"id"'::ag_catalog.agtype])"""


def _is(alias: str) -> str:
    return f"{_KEY.format(alias)} OPERATOR(ag_catalog.=)"


def _value(column: str) -> str:
    """An id as the graph has it."""
    return f"""('"' || {column} || '"')::ag_catalog.agtype"""


def graph_functions() -> Iterator[str]:
    """Functions over all that a graph is made of."""
    for table in TABLES:
        yield _definer(f"keep_graph_{table}() RETURNS trigger", _keeper(table))
    yield _own_label()
    yield _definer("keep_graph_graph_nodes() RETURNS trigger", _own_keeper("v", _ADD_OWN_NODES))
    yield _definer("keep_graph_graph_edges() RETURNS trigger", _own_keeper("e", _ADD_OWN_EDGES))
    yield _definer("fill_vertices(tenant uuid, graph text) RETURNS void", _vertex_filler())
    yield _definer("fill_graph(tenant uuid, graph text) RETURNS void", _filler())
    yield _definer(
        "compare_graph(tenant uuid) RETURNS TABLE (label text, missing bigint, surplus bigint)",
        _comparer(),
    )
    # Keeps out of the named questions what the parser would not have written.
    yield f"""CREATE FUNCTION tenantry.check_graph_query() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenantry.check_cypher(NEW.text, {TEMPLATE_HOPS});
    RETURN NEW;
END
$$"""


def _definer(signature: str, body: str) -> str:
    name = signature.partition(")")[0] + ")"
    types = name.replace("tenant ", "").replace("graph text", "text")
    return f"""CREATE FUNCTION tenantry.{signature}
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
{body}
$$;
ALTER FUNCTION tenantry.{types} OWNER TO {GRAPH}"""


# ---- one element as SQL --------------------------------------------------------------------------
# Statements on a graph are texts, since its schema is known when they run: `%1$I` is its place, `$1`
# the tenant.


def _map(element: Vertex | Edge) -> str:
    pairs = {"id": "r.id::text", **element.properties}
    return f"ag_catalog.agtype_build_map({', '.join(f'{k!r}, {v}' for k, v in pairs.items())})"


def _add_vertices(vertex: Vertex, rows: str) -> str:
    """Those that are not there: an edge may have needed them first."""
    return f"""INSERT INTO %1$I."{vertex.label}" (properties)
        SELECT {_map(vertex)} FROM {rows} WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING"""


def _add_edges(edge: Edge, end: tuple[str, str], rows: str) -> str:
    (start_label, start), (end_label, to) = edge.start, end
    return f"""INSERT INTO %1$I."{edge.label}" (start_id, end_id, properties)
        SELECT a.id, b.id, {_map(edge)} FROM {rows}
        JOIN %1$I."{start_label}" AS a ON {_is("a")} {_value(f"r.{start}")}
        JOIN %1$I."{end_label}" AS b ON {_is("b")} {_value(f"r.{to}")}
        WHERE r.tenant_id = $1 AND {edge.when}"""


#: Of edges that are added again, since an end of some was not there.
_NOT_THERE: Final = f"""AND NOT EXISTS (SELECT FROM %1$I.{{label}} AS v
            WHERE {_is("v")} {_value("r.id")} AND v.end_id OPERATOR(ag_catalog.=) b.id)"""


def _is_edge(edge: Edge, end: tuple[str, str]) -> str:
    columns = {edge.start[1], end[1]} - {"id"}
    return " AND ".join((f"({edge.when})", *(f"r.{c} IS NOT NULL" for c in sorted(columns))))


def _labels(edge: Edge, end: tuple[str, str]) -> str:
    """Every label that the statement names."""
    named = dict.fromkeys((edge.start[0], end[0]))
    wanted = [f"PERFORM tenantry.graph_label(graph, '{label}', 'v');" for label in named]
    return " ".join((*wanted, f"PERFORM tenantry.graph_label(graph, '{edge.label}', 'e');"))


# ---- a statement's rows --------------------------------------------------------------------------


def _keeper(table: str) -> str:
    """The trigger's: what a statement did to the table is done to the graphs of its tenants."""
    vertices = [v for v in VERTICES if v.table == table]
    edges = [e for e in EDGES if e.table == table]
    names = [f"changed_{n}" for n in range(len(vertices) + len(edges))]
    elements: list[Vertex | Edge] = [*vertices, *edges]
    differ = [_differs(element) for element in elements]
    declared = "".join(f"\n    {name} boolean;" for name in names)
    changes = names[len(vertices) :]
    inserted = "\n".join(
        (*(_inserted_vertices(v) for v in vertices), *(_inserted_edges(e) for e in edges))
    )
    updated = "\n".join(
        (
            *(_updated_vertices(v, n) for v, n in zip(vertices, names, strict=False)),
            *(_updated_edges(e, n) for e, n in zip(edges, changes, strict=True)),
        )
    )
    deleted = "\n".join((*(_gone(e) for e in edges), *(_gone(v) for v in vertices)))
    return f"""DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;{declared}
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
{inserted}
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT {", ".join(f"bool_or({d})" for d in differ)} INTO {", ".join(names)}
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
{updated}
        ELSE
{deleted}
        END IF;
    END LOOP;
    RETURN NULL;
END"""


_CHANGED = "(SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id\n                WHERE {}) AS r"


def _differs(element: Vertex | Edge, new: str = "r") -> str:
    """Whether a row became something else in the graph."""
    told = list(element.properties.values())
    if isinstance(element, Edge):
        columns = [element.start[1], *(column for _, column in element.ends)]
        told += [f"r.{c}" for c in columns if c != "id"]
        told += [element.when] if element.when != "true" else []
    before = ", ".join(t.replace("r.", "o.") for t in told)
    after = ", ".join(t.replace("r.", f"{new}.") for t in told)
    return (
        f"({before}) IS DISTINCT FROM ({after})"
        if len(told) > 1
        else f"{before} IS DISTINCT FROM {after}"
    )


def _inserted_vertices(vertex: Vertex) -> str:
    return f"""            PERFORM tenantry.graph_label(graph, '{vertex.label}', 'v');
            EXECUTE format($q${_add_vertices(vertex, "new_rows AS r")}$q$, graph) USING tenant;"""


def _inserted_edges(edge: Edge) -> str:
    return "\n".join(_new_edges(edge, end, "new_rows AS r") for end in edge.ends)


def _new_edges(edge: Edge, end: tuple[str, str], rows: str) -> str:
    condition = f"r.tenant_id = tenant AND {_is_edge(edge, end)}"
    return f"""            IF EXISTS (SELECT FROM {rows} WHERE {condition}) THEN
                {_labels(edge, end)}
                EXECUTE format($q${_add_edges(edge, end, rows)}$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM {rows} WHERE {condition}) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q${_add_edges(edge, end, rows)} {_NOT_THERE.format(label=f'"{edge.label}"')}$q$, graph) USING tenant;
                END IF;
            END IF;"""


def _updated_vertices(vertex: Vertex, changed: str) -> str:
    rows = _CHANGED.format(_differs(vertex, "n"))
    return f"""            IF {changed} THEN
                PERFORM tenantry.graph_label(graph, '{vertex.label}', 'v');
                EXECUTE format($q$UPDATE %1$I."{vertex.label}" AS v SET properties = {_map(vertex)}
                FROM {rows}
                WHERE r.tenant_id = $1 AND {_is("v")} {_value("r.id")}$q$, graph) USING tenant;
            END IF;"""


def _updated_edges(edge: Edge, changed: str) -> str:
    rows = _CHANGED.format(_differs(edge, "n"))
    added = "\n    ".join(_new_edges(edge, end, rows) for end in edge.ends)
    return f"""            IF {changed} THEN
                IF to_regclass(format('%I."{edge.label}"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."{edge.label}" AS v USING {rows}
                    WHERE r.tenant_id = $1 AND {_is("v")} {_value("r.id")}$q$, graph) USING tenant;
                END IF;
    {added}
            END IF;"""


def _gone(element: Vertex | Edge) -> str:
    return f"""            IF to_regclass(format('%I."{element.label}"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."{element.label}" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND {_is("v")} {_value("r.id")}$q$, graph) USING tenant;
            END IF;"""


# ---- a tenant's own ------------------------------------------------------------------------------
# Their labels are known when the rows are: `%2$I` and `$2`.

_OWN_MAP = "(r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype"
_ADD_OWN_NODES: Final = f"""INSERT INTO %1$I.%2$I (properties)
            SELECT {_OWN_MAP} FROM {{rows}} WHERE r.tenant_id = $1 AND r.label = $2
            ON CONFLICT DO NOTHING"""
_FROM, _TO = (
    "coalesce(" + ", ".join(f"r.{side}_{kind}_id" for kind in EDGE_ENDS) + ")"
    for side in ("from", "to")
)
_ADD_OWN_EDGES: Final = f"""INSERT INTO %1$I.%2$I (start_id, end_id, properties)
            SELECT a.id, b.id, {_OWN_MAP} FROM {{rows}}
            JOIN %1$I._ag_label_vertex AS a ON {_is("a")} {_value(_FROM)}
            JOIN %1$I._ag_label_vertex AS b ON {_is("b")} {_value(_TO)}
            WHERE r.tenant_id = $1 AND r.label = $2"""


#: Of a graph `g`, the labels `l` of a tenant's own.
_OWN_LABELS: Final = f"""ag_catalog.ag_label AS l JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph
            AND l.name NOT IN ({", ".join(f"'{label}'" for label in (*ROOTS, *VERTEX_LABELS, *EDGE_LABELS))})"""


def _own_label() -> str:
    """A label that nothing has any more is a table still, until the graph is made anew."""
    return f"""CREATE FUNCTION tenantry.own_label(graph text, label text, kind text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('%I.%I', graph, label)) IS NULL THEN
        PERFORM tenantry.limit_labels(
            1 + (SELECT count(*) FROM {_OWN_LABELS} WHERE g.name = own_label.graph::name),
            'Labels that nothing has any more count until the graph is made anew: `tenantry graph rebuild`.');
        PERFORM tenantry.graph_label(graph, label, kind);
    END IF;
END
$$"""


def _own_keeper(kind: str, add: str) -> str:
    """An edge that changed is made anew; a vertex stays, since edges lead to it."""
    update = f"""EXECUTE format($q$UPDATE %1$I.%2$I AS v SET properties = {_OWN_MAP} FROM new_rows AS r
                    WHERE r.tenant_id = $1 AND r.label = $2 AND {_is("v")} {_value("r.id")}$q$, graph, own)
                USING tenant, own;"""
    remove = f"""EXECUTE format($q$DELETE FROM %1$I.%2$I AS v USING old_rows AS r
                    WHERE r.tenant_id = $1 AND r.label = $2 AND {_is("v")} {_value("r.id")}$q$, graph, own)
                USING tenant, own;"""
    insert = (
        f"EXECUTE format($q${add.format(rows='new_rows AS r')}$q$, graph, own) USING tenant, own;"
    )
    again = f"{add.format(rows='new_rows AS r')} {_NOT_THERE.format(label='%2$I')}"
    seen = f"""
            GET DIAGNOSTICS added = ROW_COUNT;
            IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND r.label = own) THEN
                PERFORM tenantry.graph_missed();
                PERFORM tenantry.fill_vertices(tenant, graph);
                EXECUTE format($q${again}$q$, graph, own) USING tenant, own;
            END IF;"""
    return f"""DECLARE
    tenant uuid;
    own text;
    graph text;
    added bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR tenant, own IN SELECT DISTINCT o.tenant_id, o.label FROM old_rows AS o ORDER BY 1, 2 LOOP
            graph := tenantry.graph_kept(tenant);
            CONTINUE WHEN graph IS NULL;
            IF to_regclass(format('%I.%I', graph, own)) IS NOT NULL THEN
                {remove}
            END IF;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR tenant, own IN SELECT DISTINCT n.tenant_id, n.label FROM new_rows AS n ORDER BY 1, 2 LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        PERFORM tenantry.own_label(graph, own, '{kind}');
        IF TG_OP = 'UPDATE' THEN
            {update if kind == "v" else remove}
        END IF;
        IF TG_OP = 'INSERT'{"" if kind == "v" else " OR TG_OP = 'UPDATE'"} THEN
            {insert}{seen if kind == "e" else ""}
        END IF;
    END LOOP;
    RETURN NULL;
END"""


def _own_rows(table: str, kind: str, add: str) -> str:
    return f"""    FOR own IN SELECT DISTINCT r.label FROM tenantry.{table} AS r WHERE r.tenant_id = tenant LOOP
        PERFORM tenantry.graph_label(graph, own, '{kind}');
        EXECUTE format($q${add.format(rows=f"tenantry.{table} AS r")}$q$, graph, own) USING tenant, own;
    END LOOP;"""


# ---- a whole graph -------------------------------------------------------------------------------


def _vertex_filler() -> str:
    """Every vertex of a tenant's that its graph has not."""
    steps = []
    for vertex in VERTICES:
        rows = f"tenantry.{vertex.table} AS r"
        steps.append(f"""    IF EXISTS (SELECT FROM {rows} WHERE r.tenant_id = tenant) THEN
        PERFORM tenantry.graph_label(graph, '{vertex.label}', 'v');
        EXECUTE format($q${_add_vertices(vertex, rows)}$q$, graph) USING tenant;
        EXECUTE format('ANALYZE %I."{vertex.label}"', graph);
    END IF;""")
    steps.append(_own_rows("graph_nodes", "v", _ADD_OWN_NODES))
    return "DECLARE\n    own text;\nBEGIN\n" + "\n".join(steps) + "\nEND"


def _filler() -> str:
    """Everything a tenant has, into a graph that has nothing."""
    steps = ["    PERFORM tenantry.fill_vertices(tenant, graph);"]
    for edge in EDGES:
        rows = f"tenantry.{edge.table} AS r"
        steps += [
            f"""    IF EXISTS (SELECT FROM {rows} WHERE r.tenant_id = tenant AND {_is_edge(edge, end)}) THEN
        {_labels(edge, end)}
        EXECUTE format($q${_add_edges(edge, end, rows)}$q$, graph) USING tenant;
    END IF;"""
            for end in edge.ends
        ]
    steps.append(_own_rows("graph_edges", "e", _ADD_OWN_EDGES))
    return "DECLARE\n    own text;\nBEGIN\n" + "\n".join(steps) + "\nEND"


def _comparer() -> str:
    """What each label should hold and does, as two bags of rows."""
    steps = []
    for vertex in VERTICES:
        wanted = (
            f"SELECT {_map(vertex)}::text FROM tenantry.{vertex.table} AS r WHERE r.tenant_id = $1"
        )
        steps.append(_compared(vertex.label, wanted, "v"))
    for label in dict.fromkeys(edge.label for edge in EDGES):
        wanted = " UNION ALL ".join(
            f"""SELECT {_map(e)}::text, {_value(f"r.{e.start[1]}")}::text, {_value(f"r.{to[1]}")}::text
            FROM tenantry.{e.table} AS r WHERE r.tenant_id = $1 AND {_is_edge(e, to)}"""
            for e in EDGES
            if e.label == label
            for to in e.ends
        )
        steps.append(_compared(label, wanted, "e"))
    own_nodes = f"SELECT {_OWN_MAP}::text FROM tenantry.graph_nodes AS r WHERE r.tenant_id = $1 AND r.label = $2"
    own_edges = f"""SELECT {_OWN_MAP}::text, {_value(_FROM)}::text, {_value(_TO)}::text
        FROM tenantry.graph_edges AS r WHERE r.tenant_id = $1 AND r.label = $2"""
    return f"""DECLARE
    graph text := tenantry.graph_kept(tenant);
    own record;
BEGIN
    IF graph IS NULL THEN
        RETURN;
    END IF;
{"".join(steps)}    -- The tenant's own labels, and whatever else is there.
    FOR own IN
        SELECT n.label AS name, 'v' AS kind FROM tenantry.graph_nodes AS n WHERE n.tenant_id = tenant
        UNION SELECT e.label, 'e' FROM tenantry.graph_edges AS e WHERE e.tenant_id = tenant
        UNION SELECT l.name::text, l.kind::text FROM {_OWN_LABELS}
            WHERE g.name = tenantry.graph_name(tenant)::name
        ORDER BY 1
    LOOP
        label := own.name;
        SELECT c.missing, c.surplus INTO missing, surplus
        FROM tenantry.compare_label(tenant, graph, label, own.kind, CASE own.kind
            WHEN 'v' THEN $q${own_nodes}$q$ ELSE $q${own_edges}$q$ END) AS c;
        RETURN NEXT;
    END LOOP;
END"""


def _compared(label: str, wanted: str, kind: str) -> str:
    return f"""    label := '{label}';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, '{kind}', $q${wanted}$q$) AS c;
    RETURN NEXT;
"""
