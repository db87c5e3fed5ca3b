"""Lessons, and patterns that are seen again and again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Integer, Table, Text, func, select, text
from sqlalchemy.dialects import postgresql

from tenantry.errors import InvalidInput, NotFound
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Lesson, Pattern
from tenantry.schema.statements import Statement, compile_statement, readable, slot

from .base import Creates, Repository
from .found import within

CONSTRAINT_MESSAGES.update(
    {
        "lessons_category_check": "A category has 1 to 50 characters.",
        "lessons_title_check": "A title has 1 to 255 characters.",
        "lessons_confidence_check": "confidence lies between 0 and 1.",
        "lessons_validated_by_fkey": "The user is no member of this tenant.",
        "patterns_type_check": "A type has 1 to 50 characters.",
    }
)


class Lessons(Repository[Lesson]):
    """What was learned. How often a lesson was applied, and how well, is counted, never written."""

    model = Lesson
    create = Creates(Lesson)

    async def by_category(self, category: str, limit: int = 50) -> Sequence[Lesson]:
        """Those applied most often first."""
        values = {"category": category, "many": within(limit)}
        return [self._load(row) for row in await self._fetch(_by_category(), values)]

    async def by_tags(
        self, tags: Sequence[str], *, match: Literal["any", "all"] = "any", limit: int = 50
    ) -> Sequence[Lesson]:
        """Those we are surest of first."""
        return await self._found(
            "lessons_tagged",
            wanted=(tag_list(tags), ARRAY(Text())),
            every=(match == "all", Boolean()),
            many=(within(limit), Integer()),
        )

    async def search(self, text: str, limit: int = 20) -> Sequence[Lesson]:
        """Best match first. Words as one types them for a search: `"exact words"`, `or`, `-not`."""
        return await self._found(
            "search_lessons", query=(text, Text()), many=(within(limit), Integer())
        )

    async def record_applied(self, id: UUID) -> int:
        """How often it has been applied now."""
        count = await self._record("SELECT tenantry.record_lesson_applied($1)", id)
        return int(count)

    async def record_outcome(self, id: UUID, success: bool) -> float:
        """The success rate after it: a moving average in which the newest outcome weighs a fifth."""
        rate = await self._record("SELECT tenantry.record_lesson_outcome($1, $2)", id, success)
        return float(rate)

    async def validate(self, id: UUID, by: UUID) -> Lesson:
        """A person vouches for it."""
        return await self.update(id, human_validated=True, validated_by=by)

    async def _record(self, sql: str, id: UUID, *more: Any) -> Any:
        (row,) = await self._scope.within(sql, id, *more)
        if row[0] is None:
            raise NotFound(Lesson.__tablename__, id)
        return row[0]


class Patterns(Repository[Pattern]):
    model = Pattern

    async def observe(
        self, type: str, pattern: dict[str, Any], agent_type: str | None = None
    ) -> Pattern:
        """Seen once more: counted with its like, or for the first time."""
        values = {"type": type, "pattern": pattern, "agent_type": agent_type}
        return await self._one(_observe(), values)

    async def frequent(self, type: str, limit: int = 50) -> Sequence[Pattern]:
        values = {"type": type, "many": within(limit)}
        return [self._load(row) for row in await self._fetch(_frequent(), values)]


def tag_list(tags: Sequence[str]) -> list[str]:
    if isinstance(tags, str):
        raise InvalidInput("tags are a list.", field="tags", hint=f"Give [{tags!r}].")
    return list(tags)


@cache
def _by_category() -> Statement:
    c = Lesson.__table__.c
    return compile_statement(
        select(*readable(Lesson))
        .where(c.tenant_id == slot("tenant_id"), c.category == slot("category", Text()))
        .order_by(c.application_count.desc(), c.id.desc())
        .limit(slot("many", Integer()))
    )


@cache
def _frequent() -> Statement:
    c = Pattern.__table__.c
    return compile_statement(
        select(*readable(Pattern))
        .where(c.tenant_id == slot("tenant_id"), c.type == slot("type", Text()))
        .order_by(c.frequency.desc(), c.id.desc())
        .limit(slot("many", Integer()))
    )


@cache
def _observe() -> Statement:
    table: Table = Pattern.__table__  # type: ignore[assignment]
    c = table.c
    given = [c.tenant_id, c.type, c.agent_type, c.pattern]
    statement = postgresql.insert(table).values({g.name: slot(g.name, g.type) for g in given})
    alike: list[Any] = [c.tenant_id, c.type]
    alike += [text("coalesce(agent_type, '')"), text("md5(pattern::text)")]
    return compile_statement(
        statement.on_conflict_do_update(
            index_elements=alike, set_={"frequency": c.frequency + 1, "last_seen": func.now()}
        ).returning(*readable(Pattern))
    )
