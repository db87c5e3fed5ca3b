"""Many rows at once: all or nothing, and which of them were wrong.

Rows go in unexamined, so that a good batch costs nothing more. Only when the database (or the driver)
has refused one is it written again by halves, and undone, until each refused row stands alone:
whatever the rule, also one kept by a trigger, it is found where it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tenantry.errors import (
    AlreadyExists,
    InvalidInput,
    InvalidRows,
    ReferenceNotFound,
    RuleViolated,
    TenantryError,
)
from tenantry.models.base import Base

from .compiler import Compiler

if TYPE_CHECKING:
    from .base import Scope

M = TypeVar("M", bound=Base)
Rows = Sequence[Mapping[str, Any]]

#: How many rows are sought and named.
NAMED = 20

_OF_A_ROW = (RuleViolated, ReferenceNotFound, AlreadyExists, InvalidInput)


async def create_many(scope: Scope, compiler: Compiler[M], rows: Rows) -> Sequence[M]:
    try:
        async with scope.atomic() as inside:
            return await _insert(inside, compiler, rows)
    except InvalidRows:
        raise
    except _OF_A_ROW as error:
        faults = await _faults(scope, compiler, rows)
        if not faults:
            raise
        if isinstance(error, AlreadyExists):
            again = {**error.fields, "errors": faults}
            raise AlreadyExists(error.message, hint=error.hint, **again) from error
        raise InvalidRows(faults, of=len(rows)) from error


async def _insert(scope: Scope, compiler: Compiler[M], rows: Rows) -> list[M]:
    made: dict[int, M] = {}
    for statement, values, places in compiler.insert_many(rows):
        values["tenant_id"] = scope.tenant_id
        stored = await scope.fetch(statement.sql, *statement.arguments(values))
        made.update(zip(places, map(compiler.load, stored), strict=True))
    return [made[place] for place in range(len(rows))]


class _Undo(Exception):
    """Ends a block whose work is not to stay."""


async def _faults(scope: Scope, compiler: Compiler[M], rows: Rows) -> list[dict[str, Any]]:
    faults: list[dict[str, Any]] = []
    with suppress(_Undo):
        async with scope.atomic() as rehearsal:

            async def seek(start: int, stop: int) -> None:
                if len(faults) == NAMED:
                    return
                try:
                    # What is right stays until the end: rows may refer to others of their batch.
                    async with rehearsal.atomic() as inside:
                        await _insert(inside, compiler, rows[start:stop])
                except _OF_A_ROW as error:
                    if stop - start == 1:
                        faults.append(
                            {"index": start, "reason": _reason(error, compiler, rows[start])}
                        )
                        return
                    middle = (start + stop) // 2
                    await seek(start, middle)
                    await seek(middle, stop)

            await seek(0, len(rows))
            raise _Undo
    return faults


def _reason(error: TenantryError, compiler: Compiler[M], row: Mapping[str, Any]) -> str:
    # The driver knows a parameter by its number only.
    misfit = compiler.misfit(row) if isinstance(error, InvalidInput) else None
    return misfit or error.message
