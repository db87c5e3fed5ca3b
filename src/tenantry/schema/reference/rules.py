"""What the database itself sees to: said in words, from what a model is."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Index, Table, UniqueConstraint

from tenantry.models.base import (
    Access,
    AppendOnly,
    Audited,
    Counted,
    Partitioned,
    TenantRow,
    Timestamped,
    model_of,
)
from tenantry.schema.access import is_guarded


def row_security(table: Table) -> str:
    """Who reaches which rows, in a sentence."""
    access = model_of(table).__access__
    if not access.select:
        return "The service role alone reaches it."
    rows = _WHOSE.get(access.rows, "the rows of its members")
    if access.writes is not None and isinstance(access.update, tuple):
        return f"A tenant reads {rows}; a user changes {_those(access.update)} of the own one."
    verbs = [verb for verb, allowed in _verbs(access) if allowed is True]
    some = [f"{verb} {_those(c)}" for verb, c in _verbs(access) if isinstance(c, tuple)]
    if not verbs and not some:
        return f"A tenant reads {rows} and writes nothing."
    return f"A tenant {_listed(['reads', *verbs])} {rows}{''.join(f', and {s}' for s in some)}."


def _verbs(access: Access) -> tuple[tuple[str, bool | tuple[str, ...]], ...]:
    return (("inserts", access.insert), ("updates", access.update), ("deletes", access.delete))


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


_WHOSE = {
    "true": "every row",
    "tenant_id = tenantry.current_tenant_id()": "its own rows",
    "id = tenantry.current_tenant_id()": "its own row",
}


def _those(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def kept_by_the_database(table: Table, told: dict[str, str]) -> Iterator[str]:
    """What holds whoever writes; `told` says what a function does."""
    model = model_of(table)
    if issubclass(model, Partitioned):
        yield f"Partitioned by {model.__period__}, by the time its ids carry."
    if issubclass(model, AppendOnly):
        yield "Append-only: nobody changes or removes a row, whatever their rights."
    if issubclass(model, Counted):
        yield (
            f"Counted in `tenant_usage.{model.__usage__}`,"
            f" limited by `tenant_quotas.{model.__quota__}`."
        )
    if issubclass(model, Timestamped):
        yield "`updated_at` is kept."
    if is_guarded(table):
        yield "A suspended tenant's writes are refused."
    if issubclass(model, Audited):
        yield "Every change leaves a line in `audit_logs`, or in `platform_log` without a tenant."
    for rule in model.__rules__:
        when = rule.on if not rule.set_based else f"{rule.on.replace(' ', ', ')} (per statement)"
        meaning = told.get(rule.function, "")
        yield f"`{rule.function}`, {when.lower()}{': ' + meaning if meaning else ''}"


def unique_rules(table: Table) -> list[UniqueConstraint]:
    found = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    return sorted(found, key=lambda rule: str(rule.name))


def serves(table: Table, index: Index, method: str) -> str:
    """What an index is for: in its own words (`info={"serves": …}`), or as far as its columns tell."""
    if "serves" in index.info:
        return str(index.info["serves"])
    if index.unique:
        return "one of a kind"
    names = [c.name for c in index.columns]
    if issubclass(model_of(table), TenantRow) and len(names) > 1:
        names = names[1:]
    by = [name for name in names if name != "id"]
    if by and (method == "btree") and (len(by) > 1 or not by[0].endswith(("_id", "_by"))):
        return f"by {', '.join(by)}"
    return _serves(method, names[0])


def _serves(method: str, first: str) -> str:
    if method == "gin":
        return "full-text search" if first == "search" else f"what has some of the {first}"
    if method == "gist":
        return "whole subtrees"
    return "the newest of those" if first == "id" else f"what has one `{first}`"
