"""The table of every setting, for docs/settings.md."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from tenantry.config.durations import LONGEST
from tenantry.config.settings import Settings
from tenantry.config.sources import variable


def reference() -> str:
    """Every setting as a Markdown table, generated from the class."""
    rows = ["| Setting | Variable | Default | Meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        cells = (f"`{name}`", f"`{variable(name)}`", default_in_words(field), field.description)
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows) + "\n"


def default_in_words(field: FieldInfo) -> str:
    """How the reference says what holds where nothing is set."""
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default_in_words" in extra:
        return str(extra["default_in_words"])
    if field.default is None:
        return "not set"
    is_duration = any(getattr(m, "le", None) == LONGEST for m in field.metadata)
    return f"`{field.default:g}` s" if is_duration else f"`{field.default}`"
