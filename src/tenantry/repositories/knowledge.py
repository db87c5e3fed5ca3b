"""Knowledge: bases, where they are fed from, documents and their chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid

from tenantry.errors import InvalidInput, NotFound
from tenantry.ids import uuid7
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Chunk, DataSource, Document, KnowledgeBase
from tenantry.models.knowledge import DocumentStatus, SourceType, SyncStatus

from .base import Creates, Repository, Scope
from .found import within

T = TypeVar("T")

CONSTRAINT_MESSAGES.update(
    {
        "knowledge_bases_tenant_id_name_key": "There is a knowledge base of this name already.",
        "data_sources_source_type_check": "source_type is one of github, web, file, api.",
        "data_sources_knowledge_base_id_fkey": "There is no such knowledge base in this tenant.",
        "documents_knowledge_base_id_fkey": "There is no such knowledge base in this tenant.",
        "documents_tenant_id_knowledge_base_id_uri_key": "The knowledge base has a document of this"
        " uri already.",
        "chunks_document_id_fkey": "There is no such document in this tenant.",
        "chunks_tenant_id_document_id_ordinal_key": "The document has a chunk at this place already.",
    }
)


class KnowledgeBases(Repository[KnowledgeBase]):
    model = KnowledgeBase
    create = Creates(KnowledgeBase)

    async def by_name(self, name: str) -> KnowledgeBase | None:
        page = await self.list(name=name, limit=1)
        return page[0] if page else None


class DataSources(Repository[DataSource]):
    """Where knowledge comes from. Credentials go in as a dict, rest encrypted, and are told by
    `credentials` alone: no other answer, record or log has them."""

    model = DataSource

    async def create(
        self,
        *,
        knowledge_base_id: UUID,
        name: str,
        source_type: SourceType,
        location: str | None = None,
        config: dict[str, Any] | None = None,
        credentials: dict[str, Any] | None = None,
        sync_schedule: str | None = None,
    ) -> DataSource:
        values = {
            **{"knowledge_base_id": knowledge_base_id, "name": name, "source_type": source_type},
            **{"location": location, "config": config or {}, "sync_schedule": sync_schedule},
        }
        if credentials is not None:
            values["credentials"] = credentials
        return await self._create(**self._sealed(values, uuid7()))

    async def create_many(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[DataSource]:
        return await super().create_many([self._sealed(row, uuid7()) for row in rows])

    async def update(self, id: UUID, **changes: Any) -> DataSource:
        """Change some columns; `credentials=None` forgets them."""
        sealed = self._sealed(changes, id)
        return await super().update(id, **{k: v for k, v in sealed.items() if k != "id"})

    async def upsert(self, *, on: str | Sequence[str], **values: Any) -> DataSource:
        if "credentials" in values:
            raise InvalidInput(
                "upsert takes no credentials: they are sealed for one row.",
                field="credentials",
                hint="Give them to `update` afterwards.",
            )
        return await super().upsert(on=on, **values)

    async def credentials(self, id: UUID) -> dict[str, Any] | None:
        """In clear, None if it has none. That they were read is on record."""
        tenant_id = _there(self._scope.tenant_id)
        ((sealed,),) = await self._scope.within("SELECT tenantry.data_source_credentials($1)", id)
        if sealed is None:
            await self.get(id)
            return None
        return self._scope.keyring.open(sealed, tenant_id, id)

    async def sync_started(self, id: UUID) -> DataSource:
        return await self._sync(id, "syncing")

    async def sync_finished(self, id: UUID, error: str | None = None) -> DataSource:
        """When it was last in step, or why it failed."""
        if error is not None:
            return await self._sync(id, "failed", last_error=error)
        return await self._sync(id, "idle", last_error=None, last_synced_at=datetime.now(UTC))

    async def _sync(self, id: UUID, status: SyncStatus, **changes: Any) -> DataSource:
        return await self.update(id, sync_status=status, **changes)

    def _sealed(self, values: Mapping[str, Any], id: UUID) -> dict[str, Any]:
        sealed = {"id": id, **values}
        if sealed.get("credentials") is not None:
            tenant_id = _there(self._scope.tenant_id)
            secret = sealed["credentials"]
            sealed["credentials"] = self._scope.keyring.seal(secret, tenant_id, sealed["id"])
        return sealed


class Documents(Repository[Document]):
    model = Document
    create = Creates(Document)

    async def of(self, knowledge_base_id: UUID, *, limit: int = 50) -> Sequence[Document]:
        """The newest first."""
        return await self.list(knowledge_base_id=knowledge_base_id, limit=limit)

    async def mark(self, id: UUID, status: DocumentStatus) -> Document:
        return await self.update(id, status=status)


class Chunks(Repository[Chunk]):
    model = Chunk
    create = Creates(Chunk)

    async def add_many(
        self, document_id: UUID, pieces: Sequence[str | Mapping[str, Any]]
    ) -> Sequence[Chunk]:
        """A document's pieces in their order, behind those it has: text, or a chunk's columns."""
        async with self._scope.transaction() as scope:
            inside = Chunks(scope)
            start = await inside._hold(document_id)
            rows = [
                {"document_id": document_id, "ordinal": start + n, **_columns(piece)}
                for n, piece in enumerate(pieces)
            ]
            return await inside.create_many(rows)

    async def replace(
        self, document_id: UUID, pieces: Sequence[str | Mapping[str, Any]]
    ) -> Sequence[Chunk]:
        """These pieces instead of those it has, when a document has changed."""
        async with self._scope.transaction() as scope:
            inside = Chunks(scope)
            await inside._hold(document_id)
            await scope.execute(_EMPTY, scope.tenant_id, document_id)
            return await inside.add_many(document_id, pieces)

    async def of(self, document_id: UUID, *, limit: int = 1000) -> Sequence[Chunk]:
        """In their order."""
        chunks = await self.list(document_id=document_id, limit=limit)
        return sorted(chunks, key=lambda chunk: chunk.ordinal)

    async def _hold(self, document_id: UUID) -> int:
        """The place of the next chunk. Who else adds to the document waits."""
        tenant_id = self._scope.tenant_id
        if not await self._scope.fetch(_HOLD, tenant_id, document_id):
            raise NotFound(Document.__tablename__, document_id)
        ((place,),) = await self._scope.fetch(_NEXT, tenant_id, document_id)
        return int(place)


_HOLD = "SELECT FROM tenantry.documents WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
_NEXT = (
    "SELECT coalesce(max(ordinal) + 1, 0) FROM tenantry.chunks"
    " WHERE tenant_id = $1 AND document_id = $2"
)
_EMPTY = "DELETE FROM tenantry.chunks WHERE tenant_id = $1 AND document_id = $2"


class Knowledge:
    """`t.knowledge.bases`, `.sources`, `.documents`, `.chunks`, and `search` over all of them."""

    def __init__(self, scope: Scope) -> None:
        self.bases = KnowledgeBases(scope)
        self.sources = DataSources(scope)
        self.documents = Documents(scope)
        self.chunks = Chunks(scope)

    async def search(
        self, text: str, *, knowledge_base_id: UUID | None = None, limit: int = 20
    ) -> Sequence[Chunk]:
        """The chunks that match best, of one base or all."""
        return await self.chunks._found(
            "search_chunks",
            query=(text, Text()),
            base=(knowledge_base_id, Uuid()),
            many=(within(limit), Integer()),
        )


def _columns(piece: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"content": piece} if isinstance(piece, str) else piece


def _there(value: T | None) -> T:
    if value is None:
        raise InvalidInput("Credentials belong to a tenant.", field="tenant_id")
    return value
