"""What a query is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# ---- expressions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, TRUE, FALSE or NULL."""

    text: str


@dataclass(frozen=True, slots=True)
class String:
    value: str


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    entries: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Slice:
    start: Expression | None
    stop: Expression | None


@dataclass(frozen=True, slots=True)
class Access:
    """`base` and what is taken from it in turn: a property by name, an index, a slice."""

    base: Variable | Parameter | Call
    steps: tuple[str | Expression | Slice, ...]


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class CountAll:
    """`count(*)`."""


@dataclass(frozen=True, slots=True)
class Exists:
    path: Path


@dataclass(frozen=True, slots=True)
class Unary:
    """`NOT` or a minus."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Infix:
    """Operands with one operator between each two of them."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    operand: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Case:
    subject: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


Expression: TypeAlias = (
    Constant
    | String
    | Parameter
    | Variable
    | ListOf
    | MapOf
    | Access
    | Call
    | CountAll
    | Exists
    | Unary
    | Infix
    | IsNull
    | Case
)

# ---- patterns -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    variable: str | None
    label: str | None
    properties: MapOf | None


@dataclass(frozen=True, slots=True)
class Relationship:
    #: "<", ">", or "" for either.
    direction: str
    variable: str | None
    type: str | None
    hops: tuple[int, int] | None
    properties: MapOf | None


@dataclass(frozen=True, slots=True)
class Path:
    variable: str | None
    start: Node
    steps: tuple[tuple[Relationship, Node], ...]


# ---- clauses --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    optional: bool
    paths: tuple[Path, ...]
    where: Expression | None


@dataclass(frozen=True, slots=True)
class Unwind:
    value: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    value: Expression
    alias: str | None
    #: What a result calls it.
    column: str


@dataclass(frozen=True, slots=True)
class Projection:
    """`WITH` or `RETURN`."""

    keyword: str
    distinct: bool
    items: tuple[Item, ...]
    #: Each with whether it descends.
    order: tuple[tuple[Expression, bool], ...]
    skip: Expression | None
    limit: Expression | None
    where: Expression | None = None


Clause: TypeAlias = Match | Unwind | Projection
