"""Figures as prometheus-client takes them: families with their help, kind and unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tenantry.errors import ConfigurationError

from .metrics import METRICS, Metric

try:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        InfoMetricFamily,
    )
    from prometheus_client.metrics_core import Metric as Family
except ImportError:
    raise ConfigurationError(
        "Metrics need prometheus-client.", setting="metrics", hint="pip install 'tenantry[metrics]'"
    ) from None


class Reading(NamedTuple):
    """One figure of now."""

    metric: str
    value: float
    labels: tuple[str, ...] = ()


class Distribution(NamedTuple):
    """A histogram of now: for each bucket its upper end and how many were no longer than that."""

    metric: str
    buckets: list[tuple[str, float]]
    sum: float
    labels: tuple[str, ...] = ()


def families(
    metrics: Iterable[Metric], readings: Iterable[Reading | Distribution]
) -> Iterator[Family]:
    """Each metric once, in the order of the list, whether there is a figure for it or not. Of two
    figures with the same labels the larger one counts: a worse lag of two standbys of one name."""
    found: dict[str, dict[tuple[str, ...], Reading | Distribution]] = {}
    for reading in readings:
        seen = found.setdefault(reading.metric, {})
        before = seen.get(reading.labels)
        if not (isinstance(before, Reading) and isinstance(reading, Reading)) or (
            reading.value > before.value
        ):
            seen[reading.labels] = reading
    unknown = found.keys() - METRICS.keys()
    assert not unknown, unknown  # noqa: S101 - our own names
    for metric in metrics:
        yield _family(metric, list(found.get(metric.name, {}).values()))


def _family(metric: Metric, readings: list[Reading | Distribution]) -> Family:
    labels, about = list(metric.labels), metric.help
    family: Family
    if metric.kind == "histogram":
        family = histogram = HistogramMetricFamily(
            metric.family, about, labels=labels, unit=metric.unit
        )
        for one in readings:
            if isinstance(one, Distribution):
                histogram.add_metric(list(one.labels), one.buckets, one.sum)
        return family
    if metric.kind == "info":
        family = info = InfoMetricFamily(metric.family, about)
        for one in readings:
            info.add_metric([], dict(zip(metric.labels, one.labels, strict=True)))
        return family
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = plain = kind(metric.family, about, labels=labels, unit=metric.unit)
    for one in readings:
        if isinstance(one, Reading):
            plain.add_metric(list(one.labels), one.value)
    return family
