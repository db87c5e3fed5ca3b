"""What the company has written down: bases, their sources, documents and chunks."""

from __future__ import annotations

import hashlib
from typing import Any

from tenantry.models import Chunk, DataSource, Document, KnowledgeBase

from .story import Company, Row, between
from .texts import text

_TYPES = {".md": "text/markdown", ".html": "text/html"}


def knowledge(company: Company) -> None:
    for place, told in enumerate(text(company.slug)["knowledge"]):
        base = company.add(
            KnowledgeBase, told["name"], at=company.story.demo.ago(120 - 15 * place),
            name=told["name"], description=told["description"],
            desk_id=company.desks[told["desk"]]["id"], embedding_provider="openai",
            embedding_model="text-embedding-3-small", embedding_dimensions=1536,
        )  # fmt: skip
        sources = {source["name"]: _source(company, base, source) for source in told["sources"]}
        for document in told["document"]:
            _document(company, base, sources[document["source"]], document)


def _source(company: Company, base: Row, told: dict[str, Any]) -> Row:
    failed = told["type"] == "web" and company.slug == "acme"
    return company.add(
        DataSource, base["name"], told["name"], at=base["created_at"], knowledge_base_id=base["id"],
        name=told["name"], source_type=told["type"], location=told["location"], config={},
        sync_schedule=told["schedule"], sync_status="failed" if failed else "idle",
        last_synced_at=company.at(between(0.2, 2, told["name"])),
        last_error="Three of 212 pages answered 503; their last version is kept." if failed else None,
    )  # fmt: skip


def _document(company: Company, base: Row, source: Row, told: dict[str, Any]) -> None:
    whole_text = "\n\n".join(told["chunks"])
    ending = told["uri"][told["uri"].rfind(".") :] if "." in told["uri"] else ""
    back = between(20, 60, told["uri"])
    row = company.add(
        Document, told["uri"], back=back, knowledge_base_id=base["id"], data_source_id=source["id"],
        uri=told["uri"], title=told["title"], content_type=_TYPES.get(ending, "text/plain"),
        checksum=hashlib.sha256(whole_text.encode()).hexdigest(), size_bytes=len(whole_text.encode()),
        status="indexed",
    )  # fmt: skip
    for place, content in enumerate(told["chunks"]):
        company.add(
            Chunk, told["uri"], str(place), back=back, document_id=row["id"], ordinal=place,
            content=content, token_count=len(content) // 4, metadata={"title": told["title"]},
        )  # fmt: skip
