"""Figures as people read them."""

from __future__ import annotations


def size(number: float) -> str:
    """Of bytes."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} TB" if number < 999.5 else f"{number:,.0f} TB"


def count(number: float) -> str:
    """Of anything, in three digits; the few exactly."""
    if number < 10_000:
        return f"{number:,.0f}"
    for unit in ("k", "M", "G"):
        number /= 1000
        if number < 999.5:
            return f"{number:.3g} {unit}"
    return f"{number / 1000:,.3g} T"


def rate(number: float) -> str:
    """A second."""
    return f"{number:.3g}/s" if number < 999.5 else f"{count(number)}/s"


def milliseconds(number: float) -> str:
    return f"{number:.3g} ms" if number < 999.5 else span(number / 1000)


def span(seconds: float) -> str:
    """How long something is."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes / 1440:,.1f} d"


def part(share: float | None) -> str:
    """Of a whole; nothing where there is none."""
    return "" if share is None else f"{100 * share:.3g} %"
