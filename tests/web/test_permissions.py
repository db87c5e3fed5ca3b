"""What scopes and roles allow, and that nothing else does."""

from __future__ import annotations

from typing import Any, Literal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import InvalidInput, NotAllowed
from tenantry.rights import checked_scope
from tenantry.web.caller import Caller
from tenantry.web.permissions import ROLES, Roles, checked_role, grants

TENANT, USER, KEY = uuid4(), uuid4(), uuid4()


def caller(
    by: Literal["key", "session", "token"] = "session",
    role: str | None = "member",
    *scopes: str,
    **more: Any,
) -> Caller:
    return Caller(
        **{"tenant_id": TENANT, "user_id": USER, "role": role, "by": by, "scopes": scopes or ("*",)}
        | more
    )


# ---- scopes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("held", ["*", "*:*", "tasks:*", "*:write", "tasks:write"])
def test_a_scope_is_covered_by_itself_and_by_wider_ones(held: str) -> None:
    assert grants([held], "tasks:write")
    assert grants(["other:read", held], "tasks:write")


@pytest.mark.parametrize(
    "held",
    [
        "tasks:read",
        "task:write",
        "tasks:writes",
        "*:read",
        "tasks",
        "tasks:",
        ":write",
        "",
        "**",
        "*:",
        ":*",
        ":",
        "TASKS:WRITE",
        "tasks:write ",
        " *",
        "tasks:write:x",
        "t*:write",
        ".*",
    ],
)
def test_and_by_nothing_else(held: str) -> None:
    assert not grants([held], "tasks:write")


def test_nothing_is_granted_by_nothing() -> None:
    assert not grants([], "tasks:read")
    assert not grants((), "*")


def test_all_of_something_takes_a_scope_for_all_of_it() -> None:
    assert grants(["tasks:*"], "tasks:*")
    assert grants(["*:*"], "*")
    assert grants(["*"], "*:read")
    assert not grants(["tasks:read", "tasks:write"], "tasks:*")
    assert not grants(["tasks:*", "*:read"], "*")
    assert not grants(["tasks:*"], "*:read")


def test_a_text_is_no_collection_of_scopes() -> None:
    with pytest.raises(TypeError):
        grants("tasks:read *", "tasks:write")


MALFORMED: list[Any] = [
    "", "tasks", "tasks:", ":write", "Tasks:write", "tasks:write:now", "tasks write", "1:read",
    "tasks:wr*", "**", "tasks:write\n", "t\xe4sks:read", "\u0661:read", "a:" + "b" * 200, None, 7,
]  # fmt: skip


@pytest.mark.parametrize("wrong", MALFORMED)
def test_what_is_no_scope_is_refused_where_it_is_written(wrong: Any) -> None:
    for write in (
        lambda: checked_scope(wrong),
        lambda: grants(["*"], wrong),
        lambda: Roles({"member": [wrong]}),
        lambda: caller().can(wrong),
        lambda: caller().require(wrong),
    ):
        with pytest.raises(InvalidInput):
            write()


NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,4}", fullmatch=True)


@given(NAME, NAME, st.lists(st.text(alphabet="ab:*", max_size=4) | st.just("x:y"), max_size=6))
def test_a_scope_is_granted_by_its_five_forms_only(
    resource: str, action: str, held: list[str]
) -> None:
    forms = {f"{resource}:{action}", f"{resource}:*", f"*:{action}", "*", "*:*"}
    assert grants(held, f"{resource}:{action}") is bool(forms & set(held))


# ---- roles ----------------------------------------------------------------------------------


def test_what_roles_may_by_default() -> None:
    roles = Roles()
    allowed = {
        role: [
            w for w in ("tasks:read", "tasks:write", "tasks:delete", "*") if roles.allows(role, w)
        ]
        for role in ROLES
    }
    every = ["tasks:read", "tasks:write", "tasks:delete", "*"]
    assert allowed == {
        "viewer": every[:1],
        "member": every[:2],
        "manager": every[:2],
        "admin": every,
        "owner": every,
    }


@pytest.mark.parametrize("role", [None, "", "root", "Owner", "*"])
def test_what_is_no_role_may_nothing(role: str | None) -> None:
    assert not Roles().allows(role, "tasks:read")
    assert not any(Roles().is_at_least(role, wanted) for wanted in ROLES)


def test_roles_have_an_order() -> None:
    assert ROLES == ("viewer", "member", "manager", "admin", "owner")
    for at, role in enumerate(ROLES):
        assert [Roles().is_at_least(role, w) for w in ROLES] == [n <= at for n in range(5)]


def test_a_platform_says_what_its_roles_may() -> None:
    roles = Roles({"member": ["tasks:*"], "admin": [], "viewer": iter(["a:read"])})
    assert roles.allows("member", "tasks:delete")
    assert not roles.allows("member", "projects:read")
    assert not roles.allows("admin", "tasks:read")
    assert [roles.allows("viewer", "a:read") for _ in range(2)] == [True, True]
    assert roles.allows("owner", "projects:delete")
    with pytest.raises(TypeError):
        roles.scopes["viewer"] = ("*",)  # type: ignore[index]
    assert not Roles().allows("member", "tasks:delete")


def test_roles_are_checked_where_they_are_written() -> None:
    for wrong in ({"boss": ["*"]}, {"member": "*"}):
        with pytest.raises(InvalidInput):
            Roles(wrong)
    for role in ("boss", "", None, 7, "Admin"):
        with pytest.raises(InvalidInput):
            checked_role(role)
        with pytest.raises(InvalidInput):
            caller().require_role(role)  # type: ignore[arg-type]


# ---- callers --------------------------------------------------------------------------------


def test_scopes_and_role_must_both_allow() -> None:
    assert caller("session", "member").can("tasks:write")
    assert not caller("session", "member").can("tasks:delete")
    assert not caller("session", "viewer").can("tasks:write")
    assert caller("key", "owner", "tasks:read").can("tasks:read")
    assert not caller("key", "owner", "tasks:read").can("tasks:write")
    # A key of a viewer does not do more than he.
    assert not caller("key", "viewer", "*").can("tasks:write")


def test_a_key_that_acts_for_nobody_has_its_scopes() -> None:
    for by in ("key", "token"):
        machine = caller(by, None, "tasks:delete", user_id=None)
        assert machine.can("tasks:delete")
        assert not machine.can("tasks:read")
        assert not machine.is_at_least("viewer")


def test_who_is_no_member_any_more_may_nothing() -> None:
    for by in ("key", "token", "session"):
        assert not caller(by, None, "*").can("tasks:read")
    assert not caller("session", None, "*", user_id=None).can("tasks:read")


def test_no_scopes_allow_nothing() -> None:
    for role in ("owner", None):
        assert not caller("key", role, scopes=()).can("tasks:read")


def test_what_is_missing_is_named() -> None:
    who = caller("session", "viewer")
    who.require("tasks:read")
    who.require_role("viewer")
    with pytest.raises(NotAllowed) as caught:
        who.require("tasks:write")
    assert (caught.value.scope, caught.value.role) == ("tasks:write", "")
    with pytest.raises(NotAllowed) as caught:
        who.require_role("admin")
    assert (caught.value.scope, caught.value.role) == ("", "admin")


def test_a_platforms_roles_go_with_the_caller() -> None:
    who = caller("session", "viewer", roles=Roles({"viewer": ["tasks:write"]}))
    assert who.can("tasks:write")
    assert not who.can("tasks:read")


def test_the_audit_trail_names_who_it_was() -> None:
    facts = {"request_id": "r-1", "ip": "192.0.2.1", "user_agent": "curl"}
    actor = caller("key", None, api_key_id=KEY, **facts).actor
    assert (actor.kind, actor.api_key_id) == ("api_key", KEY)
    assert (actor.request_id, actor.ip, actor.user_agent) == ("r-1", "192.0.2.1", "curl")
    assert caller("session").actor.kind == "user"
    assert caller("token").actor.kind == "user"
    assert caller("token", None, user_id=None).actor.kind == "service"
