"""A database that is watched, and what its watchers have seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

import tenantry
from tenantry import Database
from tenantry.observing.opentelemetry import OpenTelemetryTraces
from tenantry.observing.prometheus import PrometheusMetrics
from tests.fixtures.database import Place


class Traced:
    """A tracer provider that keeps its spans."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self._kept = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.tracer = self.provider.get_tracer("test")

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """In the order in which they ended."""
        return self._kept.get_finished_spans()

    def clear(self) -> None:
        self._kept.clear()

    def all_words(self) -> str:
        return "\n".join(span.to_json() for span in self.spans)


@dataclass(frozen=True)
class Watched:
    db: Database
    registry: CollectorRegistry
    traced: Traced

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def traced() -> Traced:
    return Traced()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def watched(
    place: Place, traced: Traced, registry: CollectorRegistry
) -> AsyncIterator[Watched]:
    """By both, from the beginning."""
    observers = [PrometheusMetrics(registry), OpenTelemetryTraces(traced.provider)]
    async with await tenantry.connect(settings=place.settings(), observe=observers) as db:
        yield Watched(db, registry, traced)


@pytest.fixture
def db(watched: Watched) -> Database:
    """So that `acme` and `beta` are made there."""
    return watched.db


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})
