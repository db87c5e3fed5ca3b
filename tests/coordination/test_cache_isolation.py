"""No name and no pattern of one tenant reaches a value of another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tenantry.coordination import Coordination
from tenantry.coordination.keys import Keys

from . import soak
from .conftest import cache_of

OURS = UUID("0199aaaa-0000-7000-8000-00000000000a")
#: What a pattern of ours would have to reach: alike in all but one digit.
THEIRS = UUID("0199aaaa-0000-7000-8000-00000000000b")

_PIECES = st.sampled_from(
    (
        *(
            "*",
            "?",
            "[a-z]",
            "[^a]",
            "[",
            "]",
            "\\",
            "\\*",
            "{",
            "}",
            f"{{{THEIRS}}}",
            ":",
            "-",
            "^",
        ),
        *("\n", "\0", "\r\n", " ", "tenantry:", "cache:", "lease:", "tag:", "..", "/", "ä", "𝄞"),
        *("report", "a", str(THEIRS), str(OURS), f"tenantry:{{{THEIRS}}}:cache:report", "x" * 300),
    )
)
NAMES = st.one_of(
    st.lists(_PIECES, min_size=1, max_size=6).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
).filter(lambda name: 0 < len(name) <= 1024)
_SETTINGS = settings(
    max_examples=soak(60, 2_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@_SETTINGS
@given(NAMES, NAMES)
@example("*", "report")
@example("*" * 1024, "report")
@example(f"*{{{THEIRS}}}*", "*")
@example(f"../../tenantry:{{{THEIRS}}}:cache:*", "report")
async def test_a_tenant_reaches_nothing_of_another(
    coordination: Coordination, name: str, pattern: str
) -> None:
    ours, theirs = cache_of(coordination, OURS), cache_of(coordination, THEIRS)
    for victim in ("report", name):
        await theirs.set(victim, "theirs", tags=["tag", name], ttl=600)
    for word in (name, pattern):
        assert await ours.get(word) != "theirs"
        assert "theirs" not in (await ours.get_many([word, "report"])).values()
        await ours.set(word, "ours", tags=[word], ttl=600)
        await ours.delete(word)
        await ours.get_or_compute(word, lambda: "ours", tags=[word])
        await ours.invalidate_tag(word)
        await ours.clear_pattern(word)
    for victim in ("report", name):
        assert await theirs.get(victim) == "theirs"
    await ours.clear_pattern("*")
    assert await _left(coordination, OURS) <= {"tag"}
    await theirs.clear_pattern("*")


@_SETTINGS
@given(NAMES)
async def test_any_text_is_a_name(coordination: Coordination, name: str) -> None:
    cache = cache_of(coordination)
    other = cache_of(coordination, UUID(cache._shelf._keys.owner))
    await cache.set(name, {"name": name}, tags=[name])
    assert await other.get(name) == {"name": name}
    assert await other.get_many([name]) == {name: {"name": name}}
    await other.invalidate_tag(name)
    assert await cache.get(name) is None
    assert await other.delete(name)


async def _left(coordination: Coordination, tenant: UUID) -> set[str]:
    """Of what kinds a tenant has keys."""
    keys = Keys(tenant)
    found: set[Any] = set()
    async for some in coordination.passing.scan(keys.pattern(), keys.name("cache", "*")):
        found |= {key.decode().split(":")[2] for key in some}
    return found
