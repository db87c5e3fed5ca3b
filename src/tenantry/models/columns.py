"""The words a model's columns are written in.

A column's `default` is the one the *database* applies: it stands here once, and type checkers
take a column that has one for optional.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from sqlalchemy import Computed, FetchedValue, Text, Uuid, cast, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

NOW = func.now()
NEW_ID = text("tenantry.uuidv7()")
THIS_TENANT = text("tenantry.current_tenant_id()")

Json = dict[str, Any]
OnDelete = Literal["cascade", "set null", "restrict"]


class Vocabulary(TypeDecorator[str]):
    """Text restricted to some words by a CHECK rule.

    A native enum cannot lose a word, and a driver must look it up on every new connection; a
    CHECK is changed by an ordinary, reversible migration.
    """

    impl = Text
    cache_ok = True

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words


class LTree(UserDefinedType[str]):
    """A path of labels, as text to Python."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "public.ltree"

    def column_expression(self, colexpr: Any) -> Any:
        # As text, so that a driver need not look the type up on every new connection.
        return cast(colexpr, Text)


def searchable(*expressions: str) -> Any:
    """A full-text column kept by the database, searched through a function and never read. What is
    found in the first of several expressions counts more than in the next."""
    vectors = [f"to_tsvector('english'::regconfig, {expression})" for expression in expressions]
    if len(vectors) > 1:
        ranked = zip(vectors, "ABCD", strict=False)
        vectors = [f"setweight({vector}, '{weight}')" for vector, weight in ranked]
    return column(
        TSVECTOR,
        Computed(" || ".join(vectors), persisted=True),
        init=False,
        default=None,
        kept=True,
        info={"hidden": True},
    )


def words(literal: Any) -> Vocabulary:
    """The type of a column whose values are those of a `Literal[...]`."""
    return Vocabulary(*get_args(literal))


def column(
    type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
    *args: Any,
    default: Any = ...,
    init: bool = True,
    name: str | None = None,
    primary_key: bool = False,
    secret: bool = False,
    kept: bool = False,
    check: str | None = None,
    doc: str = "",
    sort_order: int = 0,
    info: dict[str, Any] | None = None,
) -> Any:
    """A column. A `secret` one is never read back, logged or audited; one that is `kept` is written
    by triggers alone."""
    del init  # read by type checkers alone
    leading: list[Any] = [given for given in (name, type_) if given is not None]
    return mapped_column(
        *leading,
        *args,
        server_default=_server_default(default),
        primary_key=primary_key,
        deferred=secret,
        deferred_raiseload=secret,
        comment=doc or None,
        sort_order=sort_order,
        info={"secret": secret, "kept": kept, "check": check, **(info or {})},
    )


def reference(
    target: str,
    *,
    on_delete: OnDelete = "cascade",
    to: tuple[str, str] = ("tenant_id", "id"),
    default: Any = ...,
    init: bool = True,
    doc: str = "",
) -> Any:
    """A reference to a row of the same tenant: its composite key makes any other impossible."""
    return column(
        Uuid(), default=default, init=init, doc=doc, info={"reference": (target, to, on_delete)}
    )


def member(*, on_delete: OnDelete = "set null", default: Any = ..., doc: str = "") -> Any:
    """A reference to a user who is a member of the tenant."""
    return reference(
        "memberships", on_delete=on_delete, to=("tenant_id", "user_id"), default=default, doc=doc
    )


def _server_default(default: Any) -> Any:
    if default is None or default is ... or isinstance(default, (str, FetchedValue, ClauseElement)):
        return None if default is ... else default
    if isinstance(default, bool):
        return text("true" if default else "false")
    if isinstance(default, (int, float)):
        return text(str(default))
    if default in ({}, []):
        return text(f"'{default}'::jsonb")
    raise TypeError(f"{default!r} cannot be a database default")
