"""What the formats of Prometheus and OpenMetrics ask of an exposition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.request import Request, urlopen

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from tenantry.observing.metrics import METRICS

#: What Prometheus asks for.
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
_SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "info": ("_info",),
    "histogram": ("_bucket", "_sum", "_count"),
}
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(url: str) -> tuple[str, str]:
    """Both formats, as they come by HTTP, with the types that they must have."""
    with urlopen(url, timeout=60) as answer:  # noqa: S310 - our own
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "charset=utf-8" in answer.headers["Content-Type"]
        text = answer.read().decode()
    asked = Request(url, headers={"Accept": OPENMETRICS})  # noqa: S310
    with urlopen(asked, timeout=60) as answer:  # noqa: S310
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.")
        return text, answer.read().decode()


def written(registry: CollectorRegistry) -> tuple[str, str]:
    openmetrics: Any = generate_openmetrics
    return generate_latest(registry).decode(), openmetrics(registry).decode()


def checked(text: str, openmetrics: str) -> Samples:
    """The samples, if both are what the specifications ask for."""
    assert openmetrics.endswith("# EOF\n")
    plain = _samples(read_text(text))
    parser: Any = read_openmetrics
    strict: list[Family] = list(parser(openmetrics))  # which refuses what it should
    for family in strict:
        metric = next(one for one in METRICS.values() if one.family == family.name)
        assert family.documentation == metric.help
        assert family.documentation.endswith(".")
        assert family.type == metric.kind
        assert family.unit == metric.unit
        assert not family.unit or family.name.endswith(f"_{family.unit}")
        for sample in family.samples:
            suffixes = _SUFFIXES[metric.kind]
            assert sample.name in {family.name + suffix for suffix in suffixes}
            assert set(sample.labels) - {"le"} <= set(metric.labels)
    for kind in ("HELP", "TYPE"):
        named = re.findall(rf"^# {kind} (\S+) ", text, re.MULTILINE)
        assert len(named) == len(set(named)) == len(strict)
    found = _samples(strict)
    assert {name for name, _ in found} == {name for name, _ in plain}
    for (name, labels), value in found.items():
        assert not name.endswith(("_total", "_count", "_bucket")) or value >= 0
        if name.endswith("_count"):
            base = name.removesuffix("_count")
            ends = [
                (float(dict(its)["le"]), count)
                for (other, its), count in found.items()
                if other == f"{base}_bucket" and tuple(p for p in its if p[0] != "le") == labels
            ]
            counts = [count for _, count in sorted(ends)]
            assert counts == sorted(counts)
            assert counts[-1] == value
    return found


def _samples(families: Iterable[Family]) -> Samples:
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            labels = {k: v for k, v in sample.labels.items() if k != "le"}
            if "le" in sample.labels:
                labels["le"] = str(float(sample.labels["le"]))
            place = sample.name, tuple(sorted(labels.items()))
            assert place not in found, place
            found[place] = sample.value
    return found


def gone_back(earlier: Samples, later: Samples) -> list[str]:
    """Counters that are smaller than they were, or gone."""
    counting = ("_total", "_bucket", "_sum", "_count")
    return [
        f"{place}: {value} -> {later.get(place)}"
        for place, value in earlier.items()
        if place[0].endswith(counting) and later.get(place, -1.0) < value
    ]
