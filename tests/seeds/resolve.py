"""Does what the map answers exist, and is it what the item asks for?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from .inventory import Item
from .live import Live, without_tenant
from .seedmap import Answer, SeedMap
from .things import Things

_COLUMNS = re.compile(r"(\w+)\(([\w, ]+)\)")


class Resolver:
    def __init__(self, seeds: SeedMap, live: Live) -> None:
        self.map = seeds
        self.live = live
        self.things = Things(live)

    def resolve(self, item: Item) -> tuple[Answer, list[str]]:
        """What answers an item, and what is wrong with it."""
        stated = self.map.stated(item)
        if stated is not None:
            faults = [f for thing in stated.things for f in self._stated(thing, item)]
            return stated, self._meant(item, faults)
        rule = _RULES.get(item.kind)
        if rule is None:
            return Answer(), [f"no answer: a {item.kind} must stand in [serves]"]
        things, faults = rule(self, item)
        return Answer(things), self._meant(item, faults)

    def _meant(self, item: Item, faults: list[str]) -> list[str]:
        return [fault for fault in faults if not self.map.forgives(item, fault)]

    def _stated(self, thing: str, item: Item) -> list[str]:
        """A thing that the map names must be there, and hold the words that the item lists."""
        kind, _, name = thing.partition(" ")
        if kind == "workflow":
            return self._workflow_of(name, item)
        if kind == "column" and item.kind == "enum":
            return self._words(item, name, is_open=True)
        return self.things.faults(thing)

    def _workflow_of(self, name: str, item: Item) -> list[str]:
        """A preset has exactly a seed's vocabulary, and begins where the seed does."""
        stages = self.live.workflows.get(name, [])
        if item.kind == "enum" and set(stages) != set(item.words):
            return [f"workflow {name} has the stages {', '.join(stages)}"]
        if item.kind == "default" and [item.detail.strip("'")] != stages[:1]:
            return [f"workflow {name} begins with {', '.join(stages[:1]) or 'nothing'}"]
        return self.things.workflow(name)

    # ---- rules of each kind -----------------------------------------------------------------

    def table(self, item: Item) -> tuple[list[str], list[str]]:
        name = self.map.table(item.seed, item.name)
        return [f"table {name}"], self.things.table(name)

    def column(self, item: Item) -> tuple[list[str], list[str]]:
        things, faults = [], []
        for place in self.map.columns(item.seed, item.name):
            kind, wrong = self._place(place, item)
            things.append(f"{kind} {place}")
            faults += wrong
        return things, faults

    def _place(self, place: str, item: Item) -> tuple[str, list[str]]:
        table, _, name = place.partition(".")
        if not name:
            return "table", self.things.table(table)
        name, _, key = name.partition(".")
        if key:
            found = self.live.columns.get(table, {}).get(name)
            known = found is not None and found.type == "jsonb" and key in _words(found.meaning)
            return "key", [] if known else [f"{table}.{name} tells of no key {key}"]
        found = self.live.columns.get(table, {}).get(name)
        if found is None:
            return "column", [f"no column {place}"]
        faults = []
        types = item.types
        if types is not None and found.type not in types:
            faults.append(f"type: {place} is {found.type}, not {' or '.join(sorted(types))}")
        if item.required and not found.required:
            faults.append(f"null: {place} may be empty")
        if item.required is False and found.required and found.default is None:
            faults.append(f"null: {place} must be given")
        return "column", faults

    def default(self, item: Item) -> tuple[list[str], list[str]]:
        places = self.map.columns(item.seed, item.name)
        wanted = dict.fromkeys(places, item.detail)
        if item.detail.startswith("{") and len(item.detail) > 2:
            parts = [part.split(":") for part in item.detail.strip("{}").split(", ")]
            wanted = {
                place: value
                for key, value in parts
                for place in self.map.columns(item.seed, f"{item.name}.{key}")
            }
        faults = []
        for place, value in wanted.items():
            table, _, name = place.partition(".")
            if not name:  # no rows are the empty list, or the empty object
                faults += (
                    self.things.table(table) if value in ("[]", "{}") else [f"{place} is a table"]
                )
                continue
            found = self.live.columns.get(table, {}).get(name)
            if found is None or found.default is None:
                faults.append(f"default: {place} has none")
            elif _literal(found.default) not in self.map.equal_defaults(_literal(value)):
                faults.append(f"default: {place} has {found.default}, not {value}")
        return [f"default of {place}" for place in wanted], faults

    def enum(self, item: Item) -> tuple[list[str], list[str]]:
        found = self.map.name(item.seed, "enums", item.name)
        if not isinstance(found, str) and "." not in item.name:
            return [], [f"no answer: {item.name} is no column, so it must stand in names"]
        places = [found] if isinstance(found, str) else self.map.columns(item.seed, item.name)
        faults = [f for p in places for f in self._words(item, p, is_open=item.is_open)]
        return [f"vocabulary of {place}" for place in places], faults

    def _words(self, item: Item, place: str, *, is_open: bool) -> list[str]:
        table, _, name = place.partition(".")
        column, _, key = name.partition(".")
        if wrong := self.things.column(f"{table}.{column}"):
            return wrong
        subject = f"'{key}'" if key else column
        told = [set(re.findall(r"'([^']+)'::text", c)) - {key} for c in self.live.checks[table]
                if re.search(rf"(?<!\w){subject}(?!\w)", c) and ("ANY (" in c or "= '" in c)]  # fmt: skip
        allowed = set[str]().union(*told)
        if not allowed:
            return [] if is_open else [f"{place} has no vocabulary"]
        aliases = self.map.aliases(place)
        missing = [w for w in item.words if aliases.get(w, w) not in allowed]
        source = " ".join(self.live.functions[f] for f in self.live.triggers[table])
        unknown = [a for a in aliases if a in item.words and f"WHEN '{a}' THEN '{aliases[a]}'" not in source]  # fmt: skip
        return (
            [f"{place} does not take {', '.join(missing + unknown)}"] if missing + unknown else []
        )

    def constraint(self, item: Item) -> tuple[list[str], list[str]]:
        places = self.map.columns(item.seed, item.name)
        table = places[0].partition(".")[0]
        columns = ", ".join(place.partition(".")[2] for place in places)
        name = f"{table}({columns})"
        if item.detail.startswith("primary key"):
            keys = [i.columns for i in self.live.indexes.get(table, []) if i.primary]
            wrong = [] if [tuple(columns.split(", "))] == keys else [f"{name} is no primary key"]
            return [f"primary key {name}"], wrong
        if item.detail.startswith("unique"):
            return [f"unique {name}"], self.things.unique(name)
        return [f"check {name}"], self.things.check(name)

    def foreign_key(self, item: Item) -> tuple[list[str], list[str]]:
        theirs, rule = item.detail.removeprefix("-> ").split("; ", 1)
        targets = self.map.referred(self.map.table(item.seed, theirs.partition(".")[0]))
        things, faults = [], []
        for place in self.map.columns(item.seed, item.name):
            table, _, column = place.partition(".")
            found = [r for r in self.live.references.get(table, []) if column == without_tenant(r.columns)[-1]]  # fmt: skip
            things.append(f"{'reference' if found else 'soft reference'} {place}")
            if not found:
                faults += self.things.column(place)
                if not self.map.is_soft(place):
                    faults.append(f"{place} refers to nothing")
                elif self.live.columns[table][column].type != "uuid":
                    faults.append(f"{place} is no id")
            elif not any(r.target in targets for r in found):
                faults.append(f"{place} refers to {found[0].target}")
            elif "cascade" in rule and not any(r.on_delete == "c" for r in found):
                faults.append(f"{place} does not go with {found[0].target}")
        return things, faults

    def index(self, item: Item) -> tuple[list[str], list[str]]:
        method = item.detail.split()[0]
        said = _COLUMNS.search(item.detail) or _COLUMNS.fullmatch(item.name)
        if said is None:
            return [], ["no answer: it does not say its columns, so it must stand in [serves]"]
        names = said[2].split(", ")
        table = self.map.table(item.seed, said[1])
        places = [place for name in names for place in self.map.columns(item.seed, f"{said[1]}.{name}")]  # fmt: skip
        if len({place.partition(".")[0] for place in places}) == 1:
            table = places[0].partition(".")[0]
        columns = [place.partition(".")[2] for place in places]
        if columns[0] == "tenant_id":
            # Every key of a tenant's table begins with its tenant.
            found = any(i.primary for i in self.live.indexes.get(table, []))
            isolated = "tenant_id" in self.live.columns.get(table, {})
            columns = columns[1:]
            if not columns:
                wrong = [] if found and isolated else [f"no key of {table} begins with the tenant"]
                return [f"primary key {table}"], wrong
        name = f"{table}({', '.join(columns)})"
        faults = self.things.index(name, method)
        if faults and columns == ["created_at"]:
            # Ids carry their time: what is asked for by time is asked for by id.
            timed = "uuidv7" in (self.live.columns[table]["id"].default or "")
            name = f"{table}(id)"
            faults = self.things.index(name, method) if timed else faults
        if faults and any(i.where == columns[0] for i in self.live.indexes.get(table, [])):
            return [f"index {table} where {columns[0]}"], []  # a flag: only the rows that have it
        return [f"index {name}"], faults

    def policy(self, item: Item) -> tuple[list[str], list[str]]:
        known = {**self.live.columns, **self.map.data["names"].get(item.seed, {}).get("tables", {})}
        theirs = item.name if item.name in known else item.detail.partition(",")[0]
        table = self.map.table(item.seed, theirs)
        if "every row" in item.detail:
            return [f"service policy of {table}"], self._served(table)
        faults = self.things.isolated(table)
        if "select only" in item.detail and self.live.rights.get(table) != {"SELECT"}:
            faults.append(f"the application may write {table}")
        return [f"policies of {table}"], faults

    def _served(self, table: str) -> list[str]:
        found = [p for p in self.live.policies.get(table, []) if p.roles == ("tenantry_service",)]
        return [] if any(p.using == "true" for p in found) else [f"the service role misses {table}"]

    def trigger(self, item: Item) -> tuple[list[str], list[str]]:
        function = self._ours(item, item.detail.rpartition("runs ")[2])
        subject = re.split("[,;]", item.detail)[0]
        if subject == "tables with updated_at":
            tables = [t for t, columns in self.live.columns.items() if "updated_at" in columns]
        else:
            tables = [self.map.table(item.seed, subject)]
        things = [f"trigger {table}.{function}" for table in tables]
        return things, [f for table in tables for f in self.things.trigger(f"{table}.{function}")]

    def function(self, item: Item) -> tuple[list[str], list[str]]:
        name = self._ours(item, item.name.partition("(")[0])
        return [f"function {name}"], self.things.function(name)

    def _ours(self, item: Item, name: str) -> str:
        found = self.map.name(item.seed, "functions", name)
        return found if isinstance(found, str) else name

    def view(self, item: Item) -> tuple[list[str], list[str]]:
        name = self.map.table(item.seed, item.name)
        return [f"view {name}"], self.things.view(name)

    def method(self, item: Item) -> tuple[list[str], list[str]]:
        found = self.map.method(item.seed, item.name)
        if found is None:
            return [], [f"no answer: {item.name} stands neither in names nor in [serves]"]
        return [f"method {found}"], self.things.faults(f"method {found}")

    def env(self, item: Item) -> tuple[list[str], list[str]]:
        return [f"env {item.name}"], self.things.faults(f"env {item.name}")


_RULES: dict[str, Callable[[Resolver, Item], tuple[list[str], list[str]]]] = {
    "table": Resolver.table,
    "column": Resolver.column,
    "default": Resolver.default,
    "enum": Resolver.enum,
    "constraint": Resolver.constraint,
    "foreign_key": Resolver.foreign_key,
    "index": Resolver.index,
    "policy": Resolver.policy,
    "trigger": Resolver.trigger,
    "function": Resolver.function,
    "materialized_view": Resolver.view,
    "method": Resolver.method,
    "env": Resolver.env,
}


def _literal(text: str) -> str:
    """`'free'::text` and `'free'` are one."""
    plain = re.sub(r"::[\w ]+$", "", text).strip("'").replace("'", "")
    return json.dumps(json.loads(plain)) if plain[:1] in ("{", "[") else plain


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))
