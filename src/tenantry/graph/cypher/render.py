"""A tree as canonical text: one spelling for each query, every compound operand in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .tree import (
    Access,
    Call,
    Case,
    Clause,
    Constant,
    CountAll,
    Exists,
    Expression,
    Infix,
    IsNull,
    ListOf,
    MapOf,
    Match,
    Node,
    Parameter,
    Path,
    Projection,
    Relationship,
    Slice,
    String,
    Unary,
    Unwind,
    Variable,
)

_COMPOUND = (Infix, Unary, IsNull, Case)
_ARITHMETIC = frozenset("+-*/%^")
#: Where a string stands; no text that is parsed holds this sign outside a string.
_MARK = re.compile(r"\0(\d+)\0")


class Renderer:
    """Writes text, and notes the parameters it names and the strings it puts in parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, None] = {}
        self._strings: dict[str, str] = {}

    def query(self, clauses: tuple[Clause, ...]) -> str:
        return " ".join(self._clause(clause) for clause in clauses)

    def literals(self, text: str) -> tuple[str, dict[str, str]]:
        """The text with the strings' places named as no parameter of the caller's is, and the
        strings by these names."""
        names = (n for i in range(1, 1 << 20) if (n := f"lit_{i}") not in self.parameters)
        named = dict(zip(self._strings, names, strict=False))
        marked = list(named.values())
        text = _MARK.sub(lambda mark: f"${marked[int(mark[1])]}", text)
        return text, {name: value for value, name in named.items()}

    # ---- clauses ----------------------------------------------------------------------------

    def _clause(self, clause: Clause) -> str:
        match clause:
            case Match(optional, paths, where):
                start = "OPTIONAL MATCH" if optional else "MATCH"
                return f"{start} {self._each(self._path(p) for p in paths)}{self._where(where)}"
            case Unwind(value, name):
                return f"UNWIND {self._free(value)} AS {name}"
            case Projection():
                return self._projection(clause)

    def _projection(self, clause: Projection) -> str:
        text = clause.keyword
        if clause.distinct:
            text += " DISTINCT"
        items = (
            self._free(i.value) + (f" AS {i.alias}" if i.alias is not None else "")
            for i in clause.items
        )
        text += f" {self._each(items)}"
        if clause.order:
            sorts = (self._free(v) + (" DESC" if down else "") for v, down in clause.order)
            text += f" ORDER BY {self._each(sorts)}"
        if clause.skip is not None:
            text += f" SKIP {self._free(clause.skip)}"
        if clause.limit is not None:
            text += f" LIMIT {self._free(clause.limit)}"
        return text + self._where(clause.where)

    def _where(self, condition: Expression | None) -> str:
        return "" if condition is None else f" WHERE {self._free(condition)}"

    @staticmethod
    def _each(parts: Iterator[str]) -> str:
        return ", ".join(parts)

    # ---- patterns ---------------------------------------------------------------------------

    def _path(self, path: Path) -> str:
        name = "" if path.variable is None else f"{path.variable} = "
        steps = "".join(self._relationship(r) + self._node(n) for r, n in path.steps)
        return name + self._node(path.start) + steps

    def _node(self, node: Node) -> str:
        return f"({self._inside(node.variable, node.label, '', node.properties)})"

    def _relationship(self, drawn: Relationship) -> str:
        hops = "" if drawn.hops is None else f"*{drawn.hops[0]}..{drawn.hops[1]}"
        inside = self._inside(drawn.variable, drawn.type, hops, drawn.properties)
        left, right = ("<" if drawn.direction == "<" else ""), (">" * (drawn.direction == ">"))
        return f"{left}-[{inside}]-{right}"

    def _inside(
        self, variable: str | None, label: str | None, hops: str, properties: MapOf | None
    ) -> str:
        text = (variable or "") + (f":{label}" if label is not None else "") + hops
        return f"{text} {self._free(properties)}".lstrip() if properties is not None else text

    # ---- expressions ------------------------------------------------------------------------

    def _operand(self, value: Expression, *, after: str = "") -> str:
        text = self._free(value)
        # A dash before a square bracket would draw a relationship, a star after a map reach along it.
        drawn = after in _ARITHMETIC and isinstance(value, (ListOf, MapOf))
        return f"({text})" if drawn or isinstance(value, _COMPOUND) else text

    def _free(self, value: Expression) -> str:  # noqa: PLR0911 - one return for each kind
        match value:
            case Constant(text):
                return text
            case String(string):
                return self._strings.setdefault(string, f"\0{len(self._strings)}\0")
            case Parameter(name):
                self.parameters[name] = None
                return f"${name}"
            case Variable(name):
                return name
            case ListOf(items):
                return f"[{self._each(self._operand(i) for i in items)}]"
            case MapOf(entries):
                return f"{{{self._each(f'{k}: {self._operand(v)}' for k, v in entries)}}}"
            case Access(base, steps):
                return self._free(base) + "".join(self._step(s) for s in steps)
            case Call(function, arguments, distinct):
                given = self._each(self._operand(a) for a in arguments)
                return f"{function}({'DISTINCT ' if distinct else ''}{given})"
            case CountAll():
                return "count(*)"
            case Exists(path):
                return f"exists({self._path(path)})"
            case Unary() | Infix() | IsNull() | Case():
                return self._compound(value)

    def _compound(self, value: Unary | Infix | IsNull | Case) -> str:
        match value:
            case Unary(operator, operand):
                space = "" if operator == "-" else " "
                return operator + space + self._operand(operand, after=operator)
            case Infix(operator, operands):
                return f" {operator} ".join(self._operand(o, after=operator) for o in operands)
            case IsNull(operand, negated):
                return f"{self._operand(operand)} IS {'NOT ' * negated}NULL"
            case Case():
                return self._case(value)

    def _step(self, step: str | Expression | Slice) -> str:
        if isinstance(step, str):
            return f".{step}"
        if isinstance(step, Slice):
            start, stop = (
                "" if end is None else self._operand(end) for end in (step.start, step.stop)
            )
            return f"[{start}..{stop}]"
        return f"[{self._operand(step)}]"

    def _case(self, case: Case) -> str:
        text = "CASE"
        if case.subject is not None:
            text += f" {self._operand(case.subject)}"
        for condition, result in case.branches:
            text += f" WHEN {self._operand(condition)} THEN {self._operand(result)}"
        if case.otherwise is not None:
            text += f" ELSE {self._operand(case.otherwise)}"
        return f"{text} END"
