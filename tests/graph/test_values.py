"""Vertices, edges and paths in the hands of a program, of a person and of JSON."""

from __future__ import annotations

import json
import math
import pickle
from decimal import Decimal
from uuid import UUID

import pytest

from tenantry.graph import Edge, Path, Vertex
from tenantry.graph.values import to_json

TASK = UUID("01932f6e-1111-7000-8000-000000000000")
A = Vertex(1, "Task", {"id": str(TASK), "n": 1})
B = Vertex(2**62, "Task", {})
R = Edge(3, "DEPENDS_ON", 1, 2**62, {"since": [Decimal("1.50"), math.inf]})


def test_a_vertex_knows_the_row_it_stands_for() -> None:
    assert A.id == TASK
    assert B.id is None
    for other in ("teapot", 7, None, [1]):
        assert Vertex(1, "Own", {"id": other}).id is None


def test_they_cannot_be_changed_and_can_be_collected() -> None:
    with pytest.raises(AttributeError):
        A.label = "Agent"  # type: ignore[misc]
    assert {A, Vertex(1, "Task", {"n": 1, "id": str(TASK)})} == {A}
    assert pickle.loads(pickle.dumps(Path((A, B), (R,)))) == Path((A, B), (R,))  # noqa: S301


def test_a_path_is_as_long_as_its_edges_and_never_false() -> None:
    assert len(Path((A, B), (R,))) == 1
    assert len(Path((A,), ())) == 0
    assert Path((A,), ())


def test_as_people_read_them() -> None:
    back = Edge(3, "DEPENDS_ON", B.graph_id, A.graph_id, {})
    assert str(A) == f"(:Task {{id: '{TASK}', n: 1}})"
    assert str(back) == "[:DEPENDS_ON]"
    away = Edge(3, "DEPENDS_ON", A.graph_id, B.graph_id, {})
    assert str(Path((A, B), (away,))) == f"{A}-[:DEPENDS_ON]->(:Task)"
    assert str(Path((A, B), (back,))) == f"{A}<-[:DEPENDS_ON]-(:Task)"
    assert repr(B) == f"Vertex(graph_id={2**62}, label='Task', properties={{}})"


def test_as_json_that_any_reader_takes() -> None:
    document = to_json({"path": Path((A, B), (R,)), "rows": [(A,), math.nan, 1.5, None, True]})
    assert json.loads(json.dumps(document, allow_nan=False)) == {
        "path": {
            "vertices": [
                {"graph_id": "1", "label": "Task", "properties": {"id": str(TASK), "n": 1}},
                {"graph_id": str(2**62), "label": "Task", "properties": {}},
            ],
            "edges": [
                {
                    "graph_id": "3",
                    "label": "DEPENDS_ON",
                    "start_id": "1",
                    "end_id": str(2**62),
                    "properties": {"since": ["1.50", "inf"]},
                }
            ],
        },
        "rows": [[A.to_dict()], "nan", 1.5, None, True],
    }
