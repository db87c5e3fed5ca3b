"""Streams: kept, read by groups, given again until done, and then to the dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tenantry.coordination import Coordination, Events, Keys, Share
from tenantry.coordination.keys import Lasting
from tenantry.coordination.streams import ADD, Event, words_of
from tenantry.errors import CoordinationError, CoordinationUnavailable, InvalidInput
from tests.coordination.conftest import coordination_at
from tests.kernel.conftest import until


@pytest.fixture
def events(coordination: Coordination) -> Events:
    return Events(Share.of(coordination, uuid4()))


async def take(source: AsyncIterator[Event], count: int) -> list[Event]:
    return [await asyncio.wait_for(anext(source), 10) for _ in range(count)]


async def pending(events: Events, topic: str, group: str) -> int:
    found = await events._store.command("XPENDING", events._stream(topic), group)
    return int(found["pending"] if isinstance(found, dict) else found[0])


async def test_history_is_read_in_pages(events: Events) -> None:
    ids = [await events.append("tasks", {"n": n}, key="k" if n % 2 else None) for n in range(5)]
    first = await events.read("tasks", limit=3)
    rest = await events.read("tasks", after=first[-1].entry)
    assert [e.id for e in first + rest] == ids
    assert [e.payload for e in rest] == [{"n": 3}, {"n": 4}]
    assert [e.key for e in first] == [None, "k", None]
    assert abs(first[0].at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await events.count("tasks") == 5
    assert await events.read("nothing") == []


async def test_each_event_goes_to_one_consumer_of_each_group(events: Events) -> None:
    for n in range(10):
        await events.append("tasks", n)
    a = events.consume("tasks", group="mailer", consumer="a", batch=5)
    b = events.consume("tasks", group="mailer", consumer="b", batch=5)
    c = events.consume("tasks", group="search", consumer="c")
    of_a, of_b, of_c = await take(a, 5), await take(b, 5), await take(c, 10)
    assert sorted(e.payload for e in of_a + of_b) == [*range(10)]
    assert [e.payload for e in of_c] == [*range(10)]
    for event in of_a:
        await event.ack()
    assert await pending(events, "tasks", "mailer") == 5


async def test_a_group_from_now_on_reads_nothing_older(events: Events) -> None:
    await events.append("tasks", "old")
    source = events.consume("tasks", group="late", start="now")
    waiting = asyncio.ensure_future(anext(source))
    await until(lambda: _has_group(events, "tasks"))
    await events.append("tasks", "new")
    assert (await asyncio.wait_for(waiting, 10)).payload == "new"


async def _has_group(events: Events, topic: str) -> bool:
    return bool(await events._store.command("XINFO", "GROUPS", events._stream(topic)))


async def test_a_block_acknowledges_unless_an_error_leaves_it(events: Events) -> None:
    for n in range(2):
        await events.append("tasks", n)
    good, bad = await take(events.consume("tasks", group="g", consumer="a"), 2)
    async with good:
        pass
    with pytest.raises(ZeroDivisionError):
        async with bad:
            raise ZeroDivisionError
    assert await pending(events, "tasks", "g") == 1
    # Started again, it is given first what it had not done.
    await events.append("tasks", 2)
    again = events.consume("tasks", group="g", consumer="a")
    assert [(e.payload, e.deliveries) for e in await take(again, 2)] == [(1, 2), (2, 1)]


async def test_a_dead_consumers_events_go_to_others(events: Events) -> None:
    await events.append("tasks", 1)
    await take(events.consume("tasks", group="g", consumer="dead"), 1)
    living = events.consume("tasks", group="g", consumer="living", idle=0.2)
    (event,) = await take(living, 1)
    assert (event.payload, event.deliveries) == (1, 2)


async def test_what_is_never_done_becomes_a_dead_letter(events: Events) -> None:
    event = await events.append("tasks", {"poison": True}, key="k")
    await events.append("tasks", "good")
    for time in range(3):
        source = events.consume("tasks", group="g", consumer="a", attempts=3, batch=1)
        (found,) = await take(source, 1)
        assert (found.id, found.deliveries) == (event, time + 1)
    source = events.consume("tasks", group="g", consumer="a", attempts=3, batch=1)
    (found,) = await take(source, 1)
    assert found.payload == "good"
    (dead,) = await events.read("tasks", dead=True)
    assert (dead.id, dead.key, dead.payload) == (event, "k", {"poison": True})
    assert await pending(events, "tasks", "g") == 1


async def test_repeats_of_what_was_done_are_left_out(events: Events) -> None:
    words = words_of(uuid4(), datetime.now(UTC), None, '"twice"')
    for _ in range(2):
        await events._store.script(ADD, [events._stream("tasks")], 0, *words)
    await events.append("tasks", "next")
    source = events.consume("tasks", group="g", batch=1)
    async with await anext(source) as event:
        assert event.payload == "twice"
    async with await anext(source) as event:
        assert event.payload == "next"
    assert await pending(events, "tasks", "g") == 0
    # Another group has done nothing yet.
    assert [e.payload for e in await take(events.consume("tasks", group="h"), 3)] == [
        "twice",
        "twice",
        "next",
    ]


async def test_streams_are_trimmed(coordination: Coordination) -> None:
    opened = coordination_at(coordination.settings.redis_url.get_secret_value(), stream_length=100)  # type: ignore[union-attr]
    short = Events(Share.of(opened, uuid4()))
    for n in range(500):
        await short.append("tasks", n)
    assert 100 <= await short.count("tasks") < 300
    await short.trim("tasks", before=datetime.now(UTC) + timedelta(hours=1))
    assert await short.count("tasks") < 100
    with pytest.raises(InvalidInput):
        await short.trim("tasks")
    await opened.close()


async def test_a_refused_event_holds_up_its_key_alone(coordination: Coordination) -> None:
    keys = Keys(uuid4())
    stream = keys.name("stream", "tasks")
    await coordination.lasting.command("SET", stream, "taken")
    events = Events(Share.of(coordination, UUID(keys.owner)))
    with pytest.raises(CoordinationError, match="WRONGTYPE"):
        await events.append("tasks", 1)
    at = datetime.now(UTC)
    rows = [words_of(uuid4(), at, key, "1") for key in ("a", "a", None, None, "b")]
    answers = await coordination.lasting.script(ADD, [stream], 0, *(w for row in rows for w in row))
    assert [a == b"behind" for a in answers] == [False, True, False, False, False]


async def test_a_stream_that_was_erased_goes_on(events: Events) -> None:
    await events.append("tasks", 1)
    source = events.consume("tasks", group="g")
    await take(source, 1)
    await events._store.command("DEL", events._stream("tasks"))
    await events.append("tasks", 2)
    assert [e.payload for e in await take(source, 1)] == [2]


async def test_erased_under_all_of_its_consumers_it_goes_on(events: Events) -> None:
    sources = [
        events.consume("tasks", group="g", consumer=name, batch=1, idle=idle)
        # Who looks often for what others left meets the loss there.
        for name, idle in (("a", 60), ("b", 60), ("c", 60), ("d", 0.01), ("e", 0.01))
    ]
    await events.append("tasks", "old")
    async with await anext(sources[0]):
        pass
    waiting = [asyncio.ensure_future(anext(source)) for source in sources]
    await until(lambda: _all_wait(events, len(sources)))
    await events._store.command("DEL", events._stream("tasks"))
    for n in range(len(sources)):
        await events.append("tasks", n)
    found = await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert {e.payload for e in found} <= {*range(len(sources))}


async def _all_wait(events: Events, count: int) -> bool:
    return int((await events._store.info())["blocked_clients"]) >= count


async def test_what_a_consumer_left_comes_some_at_a_time(events: Events) -> None:
    for n in range(7):
        await events.append("tasks", n)
    await take(events.consume("tasks", group="g", consumer="a", batch=7), 7)
    again = events.consume("tasks", group="g", consumer="a", batch=2)
    (first,) = await take(again, 1)
    assert (first.payload, first.deliveries) == (0, 2)
    third = events.consume("tasks", group="g", consumer="a", batch=7)
    assert [e.deliveries for e in await take(third, 7)] == [3, 3, 2, 2, 2, 2, 2]
    assert [e.payload for e in await take(again, 6)] == [*range(1, 7)]


async def test_dead_letters_are_counted_and_trimmed(events: Events) -> None:
    for n in range(3):
        await events.append("tasks", n)
    await take(events.consume("tasks", group="g", consumer="a", attempts=1), 3)
    await events.append("tasks", "last")
    await take(events.consume("tasks", group="g", consumer="a", attempts=1), 1)
    assert await events.count("tasks", dead=True) == 3
    assert await events.trim("tasks", keep=0, dead=True) == 3
    assert (await events.count("tasks"), await events.count("tasks", dead=True)) == (4, 0)


async def test_a_server_that_is_away_is_waited_for_and_then_an_error() -> None:
    opened = coordination_at("redis://127.0.0.1:1/0")
    away = Events(Share.of(opened, uuid4()))
    with pytest.raises(CoordinationUnavailable):
        await anext(away.consume("tasks", group="g", patience=0.3))
    with pytest.raises(CoordinationUnavailable):
        await away.append("tasks", 1)
    await opened.close()


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"attempts": 0}, {"idle": 0}, {"group": ""}])
def test_what_makes_no_sense_is_refused(events: Events, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        events.consume("tasks", **{"group": "g", **wrong})  # type: ignore[arg-type]


def test_no_name_reaches_another_tenant(events: Events) -> None:
    mine = events._share.keys
    for name in ("*", "../x", "a}:stream:b", "tenantry:{platform}:stream:x"):
        kinds: tuple[Lasting, ...] = ("stream", "dead", "channel", "seen")
        for kind in kinds:
            assert mine.name(kind, name).startswith(f"tenantry:{{{mine.owner}}}:{kind}:")
