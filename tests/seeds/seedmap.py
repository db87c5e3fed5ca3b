"""`docs/seed-map.toml`: what the things of five systems are called here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .inventory import ROOT, Item

_FILE = ROOT / "docs" / "seed-map.toml"
_LATER = re.compile(r"issue (\d+)")
_SECTIONS = ("tables", "columns", "enums", "functions", "methods")


@dataclass
class Answer:
    """What serves an item: some things here, all of them; or a later issue, or a reason for nothing."""

    things: list[str] = field(default_factory=list)
    issue: int | None = None
    left_out: str | None = None

    @property
    def kind(self) -> str:
        if self.left_out is not None:
            return "left out"
        return "later" if self.issue is not None else "here"


class SeedMap:
    """The map, and which of its lines have been of use."""

    def __init__(self, text: str | None = None) -> None:
        self.data: Mapping[str, Any] = tomllib.loads(_FILE.read_text() if text is None else text)
        self._unused: set[str] = {
            f"{seed}.{section}: {name}"
            for seed, sections in self.data["names"].items()
            for section in sections
            for name in sections[section]
        }
        self._unused |= {f"differs: {item}" for item in self.data.get("differs", {})}
        self._unused |= {f"soft: {name}" for name in self._soft()}
        for thing, ids in self.data.get("serves", {}).items():
            self._unused |= {f"{thing}: {pattern}" for pattern in ids}
        for seed, sections in self.data["names"].items():
            if unknown := set(sections) - set(_SECTIONS):
                raise ValueError(f"names.{seed} has no {', '.join(unknown)}")

    def unused(self) -> list[str]:
        return sorted(self._unused)

    def stated(self, item: Item) -> Answer | None:
        """What `serves` says of an item; None where the rules of its kind are to answer."""
        keys = []
        for thing, ids in self.data.get("serves", {}).items():
            for pattern in ids:
                if fnmatchcase(item.id, pattern):
                    keys.append(thing)
                    self._unused.discard(f"{thing}: {pattern}")
        if not keys:
            return None
        answer = Answer()
        for key in keys:
            if later := _LATER.match(key):
                answer.issue = int(later[1])
            elif key.startswith("left out: "):
                answer.left_out = key.removeprefix("left out: ")
            else:
                answer.things.append(key)
        if len(keys) > 1 and (answer.issue, answer.left_out) != (None, None):
            raise ValueError(f"{item.id} is answered in several ways: {', '.join(keys)}")
        return answer

    # ---- names ------------------------------------------------------------------------------

    def name(self, seed: str, section: str, name: str) -> str | list[str] | None:
        """What a thing of a seed is called here, where the map gives it another name."""
        found: str | list[str] | None = self.data["names"].get(seed, {}).get(section, {}).get(name)
        if found is not None:
            self._unused.discard(f"{seed}.{section}: {name}")
        return found

    def table(self, seed: str, name: str) -> str:
        found = self.name(seed, "tables", name)
        return found if isinstance(found, str) else name

    def columns(self, seed: str, name: str) -> list[str]:
        """Where a column, or a key inside one, is kept here: `table.column`, or a whole `table`."""
        name = name.replace("[]", "")
        table, column, *key = name.split(".")
        ours = self.table(seed, table)
        found = self.name(seed, "columns", name)
        if found is None and key:
            return [self._key(place, key[0]) for place in self.columns(seed, f"{table}.{column}")]
        if found is None:
            found = self.name(seed, "columns", f"*.{column}") or f".{column}"
        given = [found] if isinstance(found, str) else found
        return [f"{ours}{one}" if one.startswith(".") else one for one in given]

    def method(self, seed: str, name: str) -> str | None:
        """A method goes by its own name on what its class is called here."""
        found = self.name(seed, "methods", name)
        owner, _, method = name.rpartition(".")
        if found is None and owner:
            kind = self.name(seed, "methods", owner)
            return f"{kind}.{method}" if isinstance(kind, str) else None
        return found if isinstance(found, str) else None

    @staticmethod
    def _key(place: str, key: str) -> str:
        """A key of a JSON column stays one; one of a column that became a table is a column."""
        return f"{place}.{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', key).lower()}"

    def equal_defaults(self, theirs: str) -> set[str]:
        return {theirs, *self.data.get("defaults", {}).get(theirs, [])}

    def referred(self, table: str) -> set[str]:
        """A reference to a table may lead to another that stands for it."""
        return {table, *self.data.get("references", {}).get(table, [])}

    def is_soft(self, column: str) -> bool:
        """Whether a column refers by value alone, with no rule in the database, and is meant to."""
        table, _, name = column.partition(".")
        for pattern in self._soft():
            if pattern in (column, f"{table}.*", f"*.{name}"):
                self._unused.discard(f"soft: {pattern}")
                return True
        return False

    def _soft(self) -> list[str]:
        return [pattern for patterns in self.data.get("soft", {}).values() for pattern in patterns]

    def aliases(self, column: str) -> dict[str, str]:
        """Words that a column takes for others."""
        found: dict[str, str] = self.data.get("words", {}).get(column, {})
        return found

    def forgives(self, item: Item, fault: str) -> bool:
        """Whether the map says that, and why, this fault is a difference that is meant."""
        excuse = self.data.get("differs", {}).get(item.id, "")
        if not excuse or not fault.startswith(excuse.partition(":")[0]):
            return False
        self._unused.discard(f"differs: {item.id}")
        return True
