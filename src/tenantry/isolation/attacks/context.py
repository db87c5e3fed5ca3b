"""Attacks on the context within a transaction: none, a wrong one, a changed one."""

from __future__ import annotations

from typing import Any

from tenantry.kernel.seal import Sealer
from tenantry.keyring import new_key

from .arena import Arena, Target
from .read import callables, called, guesses
from .registry import NotApplicable, Tries, attack
from .results import Trial


async def _sees(arena: Arena, target: Target) -> bool:
    where, arguments = target.of_theirs()
    outcome = await arena.run(f"SELECT 1 FROM {target.name} WHERE {where}", *arguments)
    return bool(outcome.touched)


def _trial(target: Target, seen: bool) -> Trial:
    return Trial(target.label, "rows of another tenant" if seen else "", target.control)


@attack(40, "No context")
async def none(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            async with arena.scene(role):
                yield _trial(t, await _sees(arena, t))
                if not t.control and t.relation.tenant_column is not None:
                    outcome = await arena.run(f"SELECT 1 FROM {t.name} LIMIT 1")
                    yield _trial(t, bool(outcome.touched))


@attack(41, "An empty, garbage, NULL or wrong context")
async def garbage(arena: Arena) -> Tries:
    setting = _setting(arena)
    theirs = arena.victim.id
    words = (
        "",
        "garbage",
        "NULL",
        "0",
        "%",
        f"{theirs}' OR 'a' = 'a",
        f"{theirs},{arena.me.id}",
        theirs[:-1],
        f"{theirs}0",
    )
    for role in arena.roles:
        for word in words:
            async with arena.scene(role, arena.me):
                await arena.run("SELECT set_config($1, $2, true)", setting, word)
                for t in arena.targets(role):
                    yield _trial(t, await _sees(arena, t))


def _setting(arena: Arena) -> str:
    if not arena.subject.setting:
        raise NotApplicable("the policies read no setting")
    return arena.subject.setting


@attack(
    42, "A context changed inside a transaction", open_when_plain=True,
    note="a plain context is a setting, which SQL of one's own may set; a sealed one is not taken",
)  # fmt: skip
async def changed(arena: Arena) -> Tries:
    setting = _setting(arena)
    for role in arena.roles:
        async with arena.scene(role, arena.me):
            await arena.run("SELECT set_config($1, $2, true)", setting, arena.victim.id)
            for t in arena.targets(role):
                yield _trial(t, await _sees(arena, t))


@attack(43, "RESET and DISCARD")
async def reset(arena: Arena) -> Tries:
    setting = _setting(arena)
    for role in arena.roles:
        for sql in (f"RESET {setting}", "RESET ALL", "DISCARD PLANS", "DISCARD SEQUENCES"):
            async with arena.scene(role, arena.me):
                await arena.run(sql)
                for t in arena.targets(role):
                    yield _trial(t, await _sees(arena, t))


@attack(44, "Savepoint and rollback")
async def savepoint(arena: Arena) -> Tries:
    """A context that was undone with its savepoint does not come back."""
    for role in arena.roles:
        for t in arena.targets(role):
            async with arena.scene(role, arena.me):
                async with arena.scene(role, arena.victim):
                    await _sees(arena, t)
                await arena.act(role, arena.me)
                yield _trial(t, await _sees(arena, t))
                await arena.connection.command("SAVEPOINT mine")
                await arena.act(role, arena.victim)
                await arena.connection.command("ROLLBACK TO mine")
                yield _trial(t, await _sees(arena, t))


@attack(47, "An expired, foreign, altered or replayed seal")
async def seal(arena: Arena) -> Tries:
    if arena.sealer is None:
        raise NotApplicable("the context is plain: there is no seal to forge")
    theirs = arena.victim.id
    mine = arena.sealer.seal(arena.me.id, "", "")
    name, expiry, mac = arena.sealer.seal(theirs, "", "").split(".")
    forged = (
        mine,  # one's own, for another tenant
        f"{name}.{int(expiry) + 3600}.{mac}",
        f"{name}.{int(expiry) - 3600}.{mac}",
        f"{name}.{expiry}.{mac[:-1]}{'0' if mac[-1] != '0' else '1'}",
        f"{name}.{expiry}.",
        f"nobody.{expiry}.{mac}",
        Sealer([new_key()]).seal(theirs, "", ""),
        arena.sealer.seal(theirs, "", "", lifetime=-60),
        "",
    )
    for role in arena.roles:
        for word in forged:
            async with arena.scene(role, arena.me):
                await arena.run("SELECT set_config('app.seal', $1, true)", word)
                await arena.run("SELECT set_config($1, $2, true)", _setting(arena), theirs)
                for t in arena.targets(role):
                    yield _trial(t, await _sees(arena, t))


@attack(48, "DO blocks and dynamic SQL")
async def dynamic(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            column = t.relation.tenant_column or t.relation.key[0]
            value = str(t.theirs[column]).replace("'", "''")
            sql = (
                "DO $block$ DECLARE n bigint; BEGIN EXECUTE"
                f" $query$SELECT count(*) FROM {t.name} WHERE \"{column}\"::text = '{value}'$query$ INTO n;"
                " IF n > 0 THEN RAISE EXCEPTION 'seen' USING ERRCODE = 'PR001'; END IF; END $block$"
            )
            outcome = await arena.alone(role, arena.me, sql)
            yield _trial(t, outcome.sqlstate == "PR001")


@attack(49, "Definer functions called with another tenant's ids")
async def definer(arena: Arena) -> Tries:
    for role in arena.roles:
        before = await arena.victims_rows(role)
        for function in await callables(arena, role, definer=True):
            yield await called(arena, role, function)
            if not function["control"]:
                yield await _changed_by(arena, role, function, before)


async def _changed_by(arena: Arena, role: str, function: Any, before: dict[str, str]) -> Trial:
    """Whether anything of the victim's is another after the calls."""
    name, types = function["name"], function["types"]
    places = ", ".join(f"${n}::text::{kind}" for n, kind in enumerate(types, 1))
    async with arena.scene(role, arena.me):
        for arguments in guesses(arena, function):
            await arena.run(f"SELECT 1 FROM {name}({places}) AS f", *arguments)
        await arena.act(None)
        after = await arena.victims_rows(role)
    changed = [table for table, row in before.items() if after.get(table) != row]
    return Trial(name, f"a row of {changed[0]} of another tenant was changed" if changed else "")


@attack(50, "A one-shot function inside another tenant's transaction")
async def one_shot(arena: Arena) -> Tries:
    for role in arena.roles:
        for function in await callables(arena, role):
            if function["types"][:1] == ["uuid"] or function["control"]:
                yield await called(arena, role, function)
