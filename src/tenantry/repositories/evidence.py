"""Evidence, and what it says of other things."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Integer, Select, Table, Text, select, union
from sqlalchemy.dialects import postgresql

from tenantry.errors import ReferenceNotFound
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import AgentExecution, Approval, Evidence, EvidenceLink, QaReview
from tenantry.models.base import Base
from tenantry.models.quality import EvidenceLinkKind, EvidenceTarget
from tenantry.schema.statements import Statement, compile_statement, readable, slot

from .base import Creates, Repository
from .found import within
from .lessons import tag_list

CONSTRAINT_MESSAGES.update(
    {
        "evidence_credibility_score_check": "credibility_score lies between 0 and 1.",
        "evidence_verified_by_fkey": "The user is no member of this tenant.",
        "evidence_links_evidence_id_fkey": "There is no such evidence in this tenant.",
        "evidence_links_not_itself_check": "Evidence says nothing of itself.",
        "evidence_links_kind_check": "kind is one of supports, contradicts, related.",
        "evidence_links_target_type_check": "target_type is one of evidence, execution, approval,"
        " review.",
    }
)

_TARGETS: dict[str, type[Base]] = {
    "evidence": Evidence,
    "execution": AgentExecution,
    "approval": Approval,
    "review": QaReview,
}


class EvidenceLinks(Repository[EvidenceLink]):
    model = EvidenceLink


class EvidencePieces(Repository[Evidence]):
    """What decisions rest on."""

    model = Evidence
    create = add = Creates(Evidence)

    async def verify(
        self, id: UUID, by: UUID, *, credibility_score: float | None = None
    ) -> Evidence:
        """A person has checked it, and may rate it anew."""
        rated = {} if credibility_score is None else {"credibility_score": credibility_score}
        return await self.update(
            id, is_verified=True, verified_by=by, verified_at=datetime.now(UTC), **rated
        )

    async def link(
        self,
        id: UUID,
        target_id: UUID,
        kind: EvidenceLinkKind = "supports",
        *,
        target_type: EvidenceTarget = "evidence",
        note: str | None = None,
    ) -> EvidenceLink:
        """What this evidence says of other evidence, an execution, an approval or a review. Said
        again, it stays one link."""
        values = {
            **{"evidence_id": id, "kind": kind, "target_type": target_type},
            **{"target_id": target_id, "note": note},
        }
        rows = await self._fetch(_link(target_type), values)
        if not rows:
            # A soft reference, so the database itself does not look.
            raise ReferenceNotFound(
                f"There is no such {target_type} in this tenant.",
                hint="It may have been deleted, or belong to another tenant.",
                table=EvidenceLink.__tablename__,
                constraint="target_id",
            )
        return EvidenceLinks(self._scope)._load(rows[0])

    async def unlink(self, link_id: UUID) -> bool:
        """Whether there was such a link."""
        return await EvidenceLinks(self._scope).delete(link_id)

    async def links(self, id: UUID) -> Sequence[EvidenceLink]:
        """What it says of other things, the newest first."""
        return await EvidenceLinks(self._scope).list(evidence_id=id, limit=1000)

    async def contradictions(
        self, id: UUID, *, target_type: EvidenceTarget = "evidence"
    ) -> Sequence[Evidence]:
        """What contradicts it, and what it contradicts itself; the most credible first."""
        return await self._about(id, "contradicts", target_type, both_ways=True)

    async def supporting(
        self, id: UUID, *, target_type: EvidenceTarget = "evidence"
    ) -> Sequence[Evidence]:
        """What supports it, the most credible first."""
        return await self._about(id, "supports", target_type, both_ways=False)

    async def by_tags(
        self, tags: Sequence[str], *, match: Literal["any", "all"] = "any", limit: int = 50
    ) -> Sequence[Evidence]:
        """The most credible first."""
        return await self._found(
            "evidence_tagged",
            wanted=(tag_list(tags), ARRAY(Text())),
            every=(match == "all", Boolean()),
            many=(within(limit), Integer()),
        )

    async def search(self, text: str, limit: int = 20) -> Sequence[Evidence]:
        """Best match first, in title and content."""
        return await self._found(
            "search_evidence", query=(text, Text()), many=(within(limit), Integer())
        )

    async def _about(
        self, id: UUID, kind: str, target_type: str, *, both_ways: bool
    ) -> Sequence[Evidence]:
        values = {"this": id, "kind": kind, "target_type": target_type}
        statement = _about(both_ways and target_type == "evidence")
        return [self._load(row) for row in await self._fetch(statement, values)]


def _table(model: type[Base]) -> Table:
    table: Table = model.__table__  # type: ignore[assignment]
    return table


@cache
def _about(both_ways: bool) -> Statement:
    """The evidence that is linked to `this`; both ways also what `this` is linked to."""
    e, link = _table(Evidence).c, _table(EvidenceLink).c
    mine = (
        link.tenant_id == slot("tenant_id"),
        link.kind == slot("kind", Text()),
        link.target_type == slot("target_type", Text()),
    )
    ids: Any = select(link.evidence_id).where(*mine, link.target_id == slot("this"))
    if both_ways:
        ids = union(ids, select(link.target_id).where(*mine, link.evidence_id == slot("this")))
    found: Select[Any] = select(*readable(Evidence)).where(
        e.tenant_id == slot("tenant_id"), e.id.in_(ids)
    )
    return compile_statement(found.order_by(e.credibility_score.desc(), e.id.desc()))


@cache
def _link(target_type: str) -> Statement:
    """Nothing is inserted when the target is not there; an unknown type is the table's to refuse."""
    c = _table(EvidenceLink).c
    given = [c.tenant_id, c.evidence_id, c.kind, c.target_type, c.target_id, c.note]
    values = select(*(slot(g.name, g.type) for g in given))
    if target_type in _TARGETS:
        target = _table(_TARGETS[target_type]).c
        there = select(target.id).where(
            target.tenant_id == slot("tenant_id"), target.id == slot("target_id")
        )
        values = values.where(there.exists())
    statement = postgresql.insert(_table(EvidenceLink)).from_select([g.name for g in given], values)
    return compile_statement(
        statement.on_conflict_do_update(
            index_elements=[c.tenant_id, c.evidence_id, c.kind, c.target_type, c.target_id],
            set_={"note": statement.excluded.note},
        ).returning(*readable(EvidenceLink))
    )
