"""The rows of an answer."""

from __future__ import annotations

import pytest

from tenantry.errors import AnswerUnreadable, InvalidInput, NotOneRow
from tenantry.graph import GraphResult, Vertex

ANSWER = GraphResult.read(
    ("agent", "tasks"),
    [['{"id": 1, "label": "Agent", "properties": {}}::vertex', "3"], [None, "null"]],
)


def test_rows_by_name_and_in_order() -> None:
    first, second = ANSWER
    assert first["agent"] == Vertex(1, "Agent", {})
    assert dict(second) == {"agent": None, "tasks": None}
    agent, tasks = first.values()
    assert (agent.label, tasks) == ("Agent", 3)
    with pytest.raises(KeyError):
        first["nobody"]
    assert list(first) == ["agent", "tasks"] == list(ANSWER.columns)
    assert first == {"agent": agent, "tasks": 3}


def test_it_is_a_sequence() -> None:
    assert len(ANSWER) == 2
    assert ANSWER[-1] == ANSWER[1]
    assert list(ANSWER[:1]) == [ANSWER[0]]
    assert ANSWER[0] in ANSWER
    assert not GraphResult.read(("n",), [])


def test_equal_answers_are_equal() -> None:
    assert GraphResult.read(("n",), [["1"]]) == GraphResult.read(("n",), [["1"]])
    assert GraphResult.read(("n",), [["1"]]) != GraphResult.read(("n",), [["1"]], truncated=True)
    assert GraphResult.read(("n",), [["1"]]) != GraphResult.read(("m",), [["1"]])


def test_one() -> None:
    assert GraphResult.read(("n",), [["1"]]).one()["n"] == 1
    for rows in (0, 2):
        with pytest.raises(NotOneRow) as caught:
            GraphResult.read(("n",), [["1"]] * rows).one()
        assert caught.value.rows == rows


def test_scalars() -> None:
    assert GraphResult.read(("n",), [["1"], [None], ['"a"']]).scalars() == [1, None, "a"]
    with pytest.raises(InvalidInput, match="agent, tasks"):
        ANSWER.scalars()


def test_json_and_a_person_s_view() -> None:
    assert ANSWER.to_list() == [
        {"agent": {"graph_id": "1", "label": "Agent", "properties": {}}, "tasks": 3},
        {"agent": None, "tasks": None},
    ]
    assert repr(ANSWER) == "<GraphResult agent, tasks: 2 rows>"
    assert repr(GraphResult.read(("n",), [["1"]], truncated=True)).endswith("1 rows and more>")


def test_an_answer_that_cannot_be_read_is_none() -> None:
    with pytest.raises(AnswerUnreadable):
        GraphResult.read(("n",), [["1"], ["{}::teapot"]])
