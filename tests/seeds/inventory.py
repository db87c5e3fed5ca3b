"""What five systems name that Tenantry replaces: `tests/data/inventory.toml`, one item each."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FILE = ROOT / "tests" / "data" / "inventory.toml"

#: How an item says a type -> the types here that can hold it.
_FAMILIES = (
    (r"uuid\b|references ", {"uuid"}),
    (r"timestamp|time;|text holding a time", {"timestamp with time zone"}),
    (r"text list|text-to-text|list|object|jsonb", {"jsonb"}),
    (r"(unique )?text\b|varchar", {"text", "character varying"}),
    (r"integer|number|real", {"integer", "bigint", "double precision", "numeric"}),
    (r"boolean", {"boolean"}),
    (r"inet", {"inet"}),
    (r"serial", {"integer", "bigint"}),
)


@dataclass(frozen=True)
class Item:
    id: str
    seed: str
    kind: str
    name: str
    detail: str

    @property
    def types(self) -> set[str] | None:
        """The types here that a column of this kind may have; None where the item does not say."""
        said = self.detail.removeprefix("JSON key; ")
        for pattern, types in _FAMILIES:
            if re.match(pattern, said):
                return types
        return None

    @property
    def required(self) -> bool | None:
        """Whether a column must have a value, where the item says so."""
        if "not null" in self.detail or "primary key" in self.detail:
            return True
        return False if "nullable" in self.detail else None

    @property
    def words(self) -> list[str]:
        """The values of an enum."""
        return self.detail.removeprefix("values: ").partition(";")[0].split(", ")

    @property
    def is_open(self) -> bool:
        """Whether an enum lists only some of its values."""
        return "list open" in self.detail


def inventory() -> list[Item]:
    return [Item(**item) for item in tomllib.loads(_FILE.read_text())["item"]]
