"""Things here that the map can name, and what is wrong with one: `table tasks`, `command migrate up`."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import package
from .live import Live

_CONTEXT = "current_tenant_id()"


class Things:
    def __init__(self, live: Live) -> None:
        self.live = live

    def faults(self, thing: str) -> list[str]:
        """What is wrong with a thing: nothing, unless it is not there."""
        kind, _, name = thing.partition(" ")
        if kind in package.CHECKS:
            return [] if package.CHECKS[kind](name) else [f"no {kind} {name}"]
        check: Callable[[str], list[str]] | None = getattr(self, kind, None)
        if check is None or kind == "faults" or not name:
            return [f"{thing!r} says no kind of thing"]
        return check(name)

    def table(self, name: str) -> list[str]:
        return [] if name in self.live.columns else [f"no table {name}"]

    def column(self, name: str) -> list[str]:
        table, _, column = name.partition(".")
        return [] if column in self.live.columns.get(table, {}) else [f"no column {name}"]

    def index(self, name: str, method: str = "btree") -> list[str]:
        plain, _, where = name.partition(" where ")
        table, columns, method = _indexed(plain, method)
        found = [i for i in self.live.indexes.get(table, []) if i.method == method]
        if any(i.columns[: len(columns)] == columns and where in i.where for i in found):
            return []
        return [f"no {method} index on {name}"]

    def unique(self, name: str) -> list[str]:
        table, columns, _ = _indexed(name)
        found = self.live.indexes.get(table, [])
        if any(i.unique and i.columns == columns for i in found):
            return []
        return [f"no unique rule on {table}({', '.join(columns)})"]

    def check(self, name: str) -> list[str]:
        table, columns, _ = _indexed(name)
        found = self.live.checks.get(table, [])
        return [] if any(columns[0] in text for text in found) else [f"no check of {name}"]

    def function(self, name: str) -> list[str]:
        return [] if name in self.live.functions else [f"no function {name}"]

    def view(self, name: str) -> list[str]:
        return [] if name in self.live.views else [f"no view {name}"]

    def role(self, name: str) -> list[str]:
        return [] if name in self.live.roles else [f"no role {name}"]

    def workflow(self, name: str) -> list[str]:
        return [] if name in self.live.workflows else [f"no workflow {name}"]

    def trigger(self, name: str) -> list[str]:
        table, _, function = name.partition(".")
        if function in self.live.triggers.get(table, ()):
            return []
        return [f"no trigger of {table} calls {function}"]

    def isolated(self, table: str) -> list[str]:
        """Row security is forced, and a restrictive policy lets only the context's rows through."""
        floors = [
            p
            for p in self.live.policies.get(table, [])
            if not p.permissive and p.command == "ALL" and "tenantry_app" in p.roles
        ]
        if table not in self.live.guarded:
            return [f"row security of {table} is not forced"]
        if any(_CONTEXT in f.using and _CONTEXT in f.check for f in floors):
            return []
        return [f"no policy holds {table} to the tenant of the context"]

    def partitioned(self, name: str) -> list[str]:
        """`messages week`: by ranges, with some made ahead."""
        table, _, period = name.partition(" ")
        form = r"_\d{4}w\d\d$" if period == "week" else r"_\d{4}_\d\d$"
        made = [p for p in self.live.partitions.get(table, ()) if re.search(form, p)]
        return [] if len(made) > 1 else [f"no partitions of {table} for each {period}"]


def _indexed(name: str, method: str = "btree") -> tuple[str, tuple[str, ...], str]:
    """`tasks(labels) gin` in its parts."""
    match = re.fullmatch(r"(\w+)\(([\w, ]+)\)(?: (\w+))?", name)
    if match is None:
        return name, ("",), method
    return match[1], tuple(match[2].split(", ")), match[3] or method
