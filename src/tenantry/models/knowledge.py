"""Knowledge: bases, where they are fed from, documents and their chunks."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.orm import Mapped

from .base import Audited, TenantScoped, unique
from .columns import Json, column, reference, searchable, words

VectorStore = Literal["pgvector", "qdrant", "none"]
SourceType = Literal["github", "web", "file", "api"]
SyncStatus = Literal["idle", "syncing", "failed", "paused"]
DocumentStatus = Literal["pending", "indexed", "failed"]


class KnowledgeBase(TenantScoped, Audited):
    """What agents can look up, and how it is embedded."""

    __tablename__ = "knowledge_bases"
    __table_args__ = (unique("name"), Index("knowledge_bases_desk_id_idx", "tenant_id", "desk_id"))

    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 255")
    description: Mapped[str | None] = column(default=None)
    desk_id: Mapped[UUID | None] = reference("desks", on_delete="set null", default=None)
    embedding_provider: Mapped[str | None] = column(default=None)
    embedding_model: Mapped[str | None] = column(default=None)
    embedding_dimensions: Mapped[int | None] = column(
        default=None, check="embedding_dimensions BETWEEN 1 AND 16000"
    )
    embedding_config: Mapped[Json] = column(default={})
    vector_store: Mapped[VectorStore] = column(words(VectorStore), default="pgvector")
    vector_store_config: Mapped[Json] = column(default={})


class DataSource(TenantScoped, Audited):
    """Where a knowledge base is fed from. Credentials are encrypted before they reach the database."""

    __tablename__ = "data_sources"
    __table_args__ = (
        Index("data_sources_knowledge_base_id_idx", "tenant_id", "knowledge_base_id"),
    )

    knowledge_base_id: Mapped[UUID] = reference("knowledge_bases")
    name: Mapped[str] = column()
    source_type: Mapped[SourceType] = column(words(SourceType))
    location: Mapped[str | None] = column(default=None, doc="URL, repository or path")
    config: Mapped[Json] = column(default={})
    credentials: Mapped[bytes | None] = column(LargeBinary, default=None, secret=True)
    sync_schedule: Mapped[str | None] = column(default=None, doc="as cron writes it")
    sync_status: Mapped[SyncStatus] = column(words(SyncStatus), default="idle")
    last_synced_at: Mapped[datetime | None] = column(default=None)
    last_error: Mapped[str | None] = column(default=None)


class Document(TenantScoped, Audited):
    """One page, file or answer of a source, cut into chunks."""

    __tablename__ = "documents"
    __table_args__ = (
        Index("documents_knowledge_base_id_idx", "tenant_id", "knowledge_base_id", "id"),
        Index("documents_data_source_id_idx", "tenant_id", "data_source_id"),
        unique("knowledge_base_id", "uri"),
    )

    knowledge_base_id: Mapped[UUID] = reference("knowledge_bases")
    data_source_id: Mapped[UUID | None] = reference(
        "data_sources", on_delete="set null", default=None
    )
    uri: Mapped[str] = column()
    title: Mapped[str | None] = column(default=None)
    content_type: Mapped[str | None] = column(default=None)
    checksum: Mapped[str | None] = column(default=None)
    size_bytes: Mapped[int | None] = column(BigInteger, default=None, check="size_bytes >= 0")
    status: Mapped[DocumentStatus] = column(words(DocumentStatus), default="pending")
    metadata_: Mapped[Json] = column(name="metadata", default={})


class Chunk(TenantScoped, Audited):
    """A piece of a document. Its embedding comes with the optional vectors feature."""

    __tablename__ = "chunks"
    __table_args__ = (
        unique("document_id", "ordinal"),
        Index("chunks_search_idx", "tenant_id", "search", postgresql_using="gin"),
    )

    document_id: Mapped[UUID] = reference("documents")
    ordinal: Mapped[int] = column(check="ordinal >= 0", doc="its place in the document")
    content: Mapped[str] = column()
    token_count: Mapped[int | None] = column(default=None)
    metadata_: Mapped[Json] = column(name="metadata", default={})
    search: Mapped[str] = searchable("content")
