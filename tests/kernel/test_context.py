import base64
import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from tenantry.errors import InvalidInput
from tenantry.kernel import Actor, Context, parse_uuid
from tenantry.kernel.context import begin

ID = UUID("0198c0de-0000-7000-8000-000000000001")


def test_begin_is_one_message_with_the_whole_context() -> None:
    assert begin(Context(ID), readonly=True, isolation="serializable", deferrable=True) == (
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE"
        "; SET LOCAL app.tenant_id = '0198c0de-0000-7000-8000-000000000001'"
        "; SET LOCAL app.user_id = ''; SET LOCAL app.actor = ''"
    )


def test_an_absent_tenant_is_set_to_nothing_explicitly() -> None:
    assert "SET LOCAL app.tenant_id = ''" in begin(Context())


def test_a_statement_timeout_is_in_milliseconds_and_never_none() -> None:
    assert begin(Context(), statement_timeout=1.5).endswith("; SET LOCAL statement_timeout = 1500")
    assert begin(Context(), statement_timeout=1e-9).endswith("= 1")
    with pytest.raises(InvalidInput):
        begin(Context(), statement_timeout=0)


class Hostile(UUID):
    """A UUID whose text is an injection."""

    def __str__(self) -> str:
        return "'; DROP TABLE notes; --"

    __repr__ = __format__ = __str__  # type: ignore[assignment]


class HostileInt(int):
    def __format__(self, _: str) -> str:
        return "'; DROP TABLE notes; --"

    __str__ = __repr__ = __index__ = __format__  # type: ignore[assignment]


def forged(number: Any) -> UUID:
    value = UUID(int=0)
    object.__setattr__(value, "int", number)
    return value


@pytest.mark.parametrize("value", [Hostile(int=ID.int), forged(HostileInt(ID.int))])
def test_no_object_can_bring_text_of_its_own(value: UUID) -> None:
    assert begin(Context(value, value)) == begin(Context(ID, ID))


@pytest.mark.parametrize("value", ["x", "", 5, None, b"0" * 16, ID.hex + "'"])
def test_what_is_no_uuid_is_refused_without_repeating_it(value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        begin(Context(parse_uuid(value, "tenant_id")))
    assert caught.value.field == "tenant_id"
    assert "DROP" not in str(caught.value)


def test_a_uuid_with_text_inside_never_reaches_sql() -> None:
    with pytest.raises(TypeError):
        begin(Context(forged("'; DROP TABLE notes; --")))


def test_text_is_refused_where_a_uuid_is_due() -> None:
    with pytest.raises(InvalidInput):
        Context("0198c0de-0000-7000-8000-000000000001")  # type: ignore[arg-type]


def test_uuids_are_parsed_at_the_boundary() -> None:
    assert parse_uuid(str(ID).upper()) == ID
    assert type(parse_uuid(Hostile(int=ID.int))) is UUID


def test_the_actor_is_base64_of_json_with_limits() -> None:
    agent = uuid4()
    actor = Actor(
        kind="agent",
        agent_id=agent,
        ip="2001:DB8::1",
        user_agent="'; DROP TABLE x; --" + "\0\ud800" + "a" * 5000,
        reason="nächtlich",
    )
    literal = re.search(r"app\.actor = '([^']*)'", begin(Context(ID, None, actor)))
    assert literal is not None
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", literal[1])
    facts = json.loads(base64.urlsafe_b64decode(literal[1]))
    assert facts["kind"] == "agent"
    assert facts["agent_id"] == str(agent)
    assert facts["ip"] == "2001:db8::1"
    assert facts["reason"] == "nächtlich"
    assert len(facts["user_agent"]) <= 1024
    assert "\0" not in facts["user_agent"]
    assert "request_id" not in facts


def test_a_false_ip_or_kind_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Actor(kind="user", ip="1.2.3.4'; --")
    with pytest.raises(InvalidInput):
        Actor(kind="root")  # type: ignore[arg-type]


def test_contexts_compare_by_what_they_say() -> None:
    assert Context(ID, None, Actor(kind="user")) == Context(ID, None, Actor(kind="user"))
    assert Context(ID) != Context()
