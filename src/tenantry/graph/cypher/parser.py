"""Tokens as a tree, by recursive descent. What the grammar has no place for is refused.

Every recursion goes through a bracket or a CASE, whose depth the lexer bounds.
"""

from __future__ import annotations

import re
from typing import NoReturn

from tenantry.schema.cypher import (
    AGGREGATES,
    CERTAIN,
    CONDITIONS,
    FUNCTIONS,
    KEYWORDS,
    NAME,
    NESTING,
    RESERVED,
)

from .lexer import Token, refuse, string_value
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
    Item,
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

_NAME = re.compile(NAME)
_FUNCTIONS = {name.lower(): name for name in FUNCTIONS}
_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">=", "IN", "CONTAINS"})
_TOP = (frozenset({"OR"}), frozenset({"XOR"}), frozenset({"AND"}))
_ARITHMETIC = (frozenset("+-"), frozenset("*/%"), frozenset("^"))
#: A column's name is one of PostgreSQL's identifiers.
_COLUMN_LENGTH = 63


def _of(word: str, words: frozenset[str]) -> bool:
    return word in words or word.lower() in words


def _is_plain(value: Expression) -> bool:
    """Whether it is a value of the graph's whatever it holds; see CONDITIONS."""
    if isinstance(value, Access):
        value = value.base
    if isinstance(value, Constant):
        return value.text[0].isdigit()
    if isinstance(value, Call):
        return value.function in CERTAIN
    return isinstance(value, (Variable, Parameter, String, ListOf, MapOf, CountAll))


class Parser:
    """One text's tokens, and how far they are read."""

    def __init__(self, text: str, tokens: list[Token], *, max_hops: int) -> None:
        self._text = text
        self._tokens = tokens
        self._place = 0
        self._max_hops = max_hops
        self._turns = 0

    # ---- clauses ----------------------------------------------------------------------------

    def query(self) -> tuple[Clause, ...]:
        clauses: list[Clause] = []
        while True:
            if self._is("MATCH", "OPTIONAL"):
                clauses.append(self._match())
            elif self._took("UNWIND"):
                if clauses and isinstance(clauses[-1], Match) and clauses[-1].optional:
                    self._refuse("Put WITH between OPTIONAL MATCH and UNWIND.", back=1)
                start = self._place
                value = self._expression()
                self._refuse_aggregates(start)
                self._expect("AS")
                clauses.append(Unwind(value, self._name("a variable")))
            elif self._is("WITH", "RETURN"):
                projection = self._projection()
                clauses.append(projection)
                if projection.keyword == "RETURN":
                    break
            else:
                self._refuse(
                    "A query is made of MATCH, OPTIONAL MATCH, WHERE, UNWIND and WITH, and ends "
                    "with RETURN: it can only read."
                )
        if self._word:
            self._refuse("RETURN, with its ORDER BY, SKIP and LIMIT, ends the query.")
        return tuple(clauses)

    def _match(self) -> Match:
        optional = self._took("OPTIONAL")
        self._expect("MATCH")
        paths = [self._path()]
        while self._took(","):
            paths.append(self._path())
        return Match(optional, tuple(paths), self._where())

    def _where(self) -> Expression | None:
        return self._expression() if self._took("WHERE") else None

    def _projection(self) -> Projection:
        keyword = self._next().word
        distinct = self._took("DISTINCT")
        items = [self._item(keyword)]
        while self._took(","):
            items.append(self._item(keyword))
        columns: set[str] = set()
        for item in items:
            if item.column in columns:
                self._refuse(
                    f"Two columns are called {item.column}: name one anew with AS.", back=1
                )
            columns.add(item.column)
        order: list[tuple[Expression, bool]] = []
        if self._took("ORDER"):
            self._expect("BY")
            order.append(self._sorting())
            while self._took(","):
                order.append(self._sorting())
        skip = self._amount() if self._took("SKIP") else None
        limit = self._amount() if self._took("LIMIT") else None
        where = self._where() if keyword == "WITH" else None
        return Projection(keyword, distinct, tuple(items), tuple(order), skip, limit, where)

    def _item(self, keyword: str) -> Item:
        if self._is("*"):
            self._refuse(f"Name what is to be had: {keyword} * is not allowed.")
        start = self._place
        value = self._expression()
        if keyword == "WITH":
            self._refuse_conditions(start)
        if self._took("AS"):
            alias = self._name("an alias")
            return Item(value, alias, alias)
        if isinstance(value, Variable):
            return Item(value, None, value.name)
        last = self._tokens[self._place - 1]
        written = self._text[self._tokens[start].at : last.at + len(last.written)]
        column = " ".join(written.split())
        if keyword == "WITH" or len(column.encode()) > _COLUMN_LENGTH:
            self._refuse("This needs a name of its own: add AS and an alias.")
        return Item(value, None, column)

    def _sorting(self) -> tuple[Expression, bool]:
        value = self._expression()
        if self._took("DESC"):
            return value, True
        self._took("ASC")
        return value, False

    def _amount(self) -> Expression:
        if self._word.isdigit():
            return Constant(self._next().word)
        if self._word.startswith("$"):
            return Parameter(self._next().word[1:])
        self._refuse("SKIP and LIMIT take a whole number or a parameter.")

    # ---- patterns ---------------------------------------------------------------------------

    def _path(self) -> Path:
        variable = None
        if not self._is("("):
            variable = self._name("a path's name or a node in round brackets")
            self._expect("=")
        start = self._node()
        steps = []
        while self._is("-", "<"):
            relationship = self._relationship()
            steps.append((relationship, self._node()))
        return Path(variable, start, tuple(steps))

    def _node(self) -> Node:
        self._expect("(", "a node: (name:Label {property: value})")
        variable = None if self._is(":", "{", ")") else self._name("a variable")
        label = self._name("a label") if self._took(":") else None
        if self._is(":"):
            self._refuse("A node has one label.")
        properties = self._map() if self._is("{") else None
        self._expect(")")
        return Node(variable, label, properties)

    def _relationship(self) -> Relationship:
        left = self._took("<")
        self._expect("-")
        variable = kind = hops = properties = None
        if self._took("["):
            if not self._is(":", "*", "{", "]"):
                variable = self._name("a variable")
            if self._took(":"):
                kind = self._name("a relationship's type")
            if self._is("*"):
                if kind is None:
                    self._refuse("A relationship of several hops needs a type: [:TYPE*1..3].")
                hops = self._hops()
            if self._is("{"):
                properties = self._map()
            self._expect("]")
        self._expect("-")
        right = self._took(">")
        if left and right:
            self._refuse("A relationship points one way, or neither.", back=1)
        direction = "<" if left else ">" if right else ""
        return Relationship(direction, variable, kind, hops, properties)

    def _hops(self) -> tuple[int, int]:
        star = self._next()
        low = high = self._whole()
        if self._took(".."):
            low = 1 if low is None else low
            high = self._whole()
        if low is None or high is None or not low <= high <= self._max_hops:
            refuse(
                self._text,
                star.at,
                f"Hops need an upper bound of at most {self._max_hops}: [:TYPE*1..3].",
            )
        return low, high

    def _whole(self) -> int | None:
        return int(self._next().word) if self._word.isdigit() else None

    # ---- expressions ------------------------------------------------------------------------

    def _expression(self) -> Expression:
        return self._logic(0)

    def _logic(self, level: int) -> Expression:
        if level == len(_TOP):
            return self._negation()
        operands = [self._logic(level + 1)]
        operator = self._word
        while self._is(*_TOP[level]):
            self._next()
            operands.append(self._logic(level + 1))
        return operands[0] if len(operands) == 1 else Infix(operator, tuple(operands))

    def _negation(self) -> Expression:
        if not self._took("NOT"):
            return self._comparison()
        if self._is("NOT"):
            self._refuse("NOT is said once.")
        return Unary("NOT", self._comparison())

    def _comparison(self) -> Expression:
        left = self._arithmetic(0)
        if self._took("IS"):
            negated = self._took("NOT")
            self._expect("NULL")
            result: Expression = IsNull(left, negated)
        elif self._is("STARTS", "ENDS"):
            operator = f"{self._next().word} WITH"
            self._expect("WITH")
            result = self._comparing(operator, left)
        elif self._is("IN", "CONTAINS"):
            result = self._comparing(self._next().word, left)
        elif self._is(*_COMPARISONS):
            result = Infix(self._next().word, (left, self._arithmetic(0)))
        else:
            return left
        if self._is("IS", "STARTS", "ENDS", *_COMPARISONS):
            self._refuse("Comparisons do not chain: join two with AND.")
        return result

    def _comparing(self, operator: str, left: Expression) -> Expression:
        back, start = self._place - 1, self._place
        right = self._arithmetic(0)
        for operand, place in ((left, back), (right, start)):
            if not _is_plain(operand):
                self._refuse(
                    f"{operator} compares variables, properties, parameters, texts, numbers, lists and "
                    "calls: name anything else by WITH … AS first.",
                    back=self._place - place,
                )
        return Infix(operator, (left, right))

    def _refuse_aggregates(self, start: int) -> None:
        """In UNWIND they end the server."""
        for place in range(start, self._place):
            if _of(self._tokens[place].word, AGGREGATES) and self._tokens[place + 1].word == "(":
                self._refuse("Name the aggregate by WITH … AS first.", back=self._place - place)

    def _refuse_conditions(self, start: int) -> None:
        """Where a value is wanted that has a name from here on; see CONDITIONS."""
        is_asking = False
        for place in range(start, self._place):
            word = self._tokens[place].word
            is_asking = word == "WHEN" or (is_asking and word != "THEN")
            if _of(word, CONDITIONS) and not is_asking:
                self._refuse(
                    "A condition has no name: write CASE WHEN … THEN 1 ELSE 0 END, or ask it in WHERE.",
                    back=self._place - place,
                )

    def _arithmetic(self, level: int) -> Expression:
        if level == len(_ARITHMETIC):
            return self._signed()
        result = self._arithmetic(level + 1)
        while self._is(*_ARITHMETIC[level]):
            operator, operands = self._word, [result]
            while self._took(operator):
                operands.append(self._arithmetic(level + 1))
            result = Infix(operator, tuple(operands))
            self._turns += 1
            if self._turns > NESTING:
                self._refuse(f"Arithmetic changes its sign at most {NESTING} times.")
        return result

    def _signed(self) -> Expression:
        if not self._took("-"):
            return self._taken()
        if self._is("-"):
            self._refuse("A minus is said once.")
        return Unary("-", self._taken())

    def _taken(self) -> Expression:
        base = self._atom()
        steps: list[str | Expression | Slice] = []
        while self._is(".", "["):
            if not isinstance(base, (Variable, Parameter, Call)):
                self._refuse("Only variables, parameters and calls have properties and indices.")
            if self._took("."):
                steps.append(self._name("a property"))
                if self._is("("):
                    self._refuse("Functions have no qualified names.")
            else:
                steps.append(self._index())
        if steps and isinstance(base, (Variable, Parameter, Call)):
            return Access(base, tuple(steps))
        return base

    def _index(self) -> Expression | Slice:
        self._expect("[")
        begun = self._place
        start = None if self._is("..") else self._expression()
        result: Expression | Slice
        if self._took(".."):
            result = Slice(start, None if self._is("]") else self._expression())
        elif start is None:
            self._refuse("Expected an index.")
        else:
            result = start
        for place in range(begun, self._place):
            if _of(self._tokens[place].word, KEYWORDS | CONDITIONS | {"coalesce"}):
                self._refuse("An index is a number.", back=self._place - place)
        self._expect("]")
        return result

    def _atom(self) -> Expression:  # noqa: PLR0911 - one line for each kind
        word = self._word
        if self._took("("):
            inner = self._expression()
            self._expect(")")
            return inner
        if word == "[":
            return self._list()
        if word == "{":
            return self._map()
        if word == "CASE":
            return self._case()
        if word[:1] in ("'", '"') and word:
            return String(string_value(self._text, self._next()))
        if word.startswith("$"):
            return Parameter(self._next().word[1:])
        if word[:1].isdigit() or word in ("TRUE", "FALSE", "NULL"):
            return Constant(self._next().word)
        if self._tokens[self._place + 1 :] and self._tokens[self._place + 1].word == "(":
            return self._call()
        return Variable(self._name("a value"))

    def _list(self) -> ListOf:
        self._expect("[")
        items: list[Expression] = []
        while not self._took("]"):
            if items:
                self._expect(",")
            items.append(self._expression())
        return ListOf(tuple(items))

    def _map(self) -> MapOf:
        self._expect("{")
        entries: list[tuple[str, Expression]] = []
        while not self._took("}"):
            if entries:
                self._expect(",")
            key = self._name("a property")
            self._expect(":")
            entries.append((key, self._expression()))
        return MapOf(tuple(entries))

    def _case(self) -> Case:
        self._expect("CASE")
        subject = None if self._is("WHEN") else self._expression()
        branches = []
        while self._took("WHEN"):
            condition = self._expression()
            self._expect("THEN")
            branches.append((condition, self._expression()))
        if not branches:
            self._refuse("Expected WHEN.")
        otherwise = self._expression() if self._took("ELSE") else None
        self._expect("END")
        return Case(subject, tuple(branches), otherwise)

    def _call(self) -> Expression:
        token = self._next()
        function = _FUNCTIONS.get(token.word.lower())
        if function is None:
            refuse(
                self._text,
                token.at,
                f"The functions that can be called are {', '.join(FUNCTIONS)}.",
                token.written,
            )
        self._expect("(")
        if function == "exists":
            return self._exists()
        if function == "count" and self._took("*"):
            self._expect(")")
            return CountAll()
        distinct = function in AGGREGATES and self._took("DISTINCT")
        arguments: list[Expression] = []
        while not self._took(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression())
        fewest, most = FUNCTIONS[function]
        if not fewest <= len(arguments) <= most:
            number = str(fewest) if fewest == most else f"{fewest} to {most}"
            refuse(self._text, token.at, f"{function}() takes {number} arguments.", token.written)
        return Call(function, tuple(arguments), distinct)

    def _exists(self) -> Expression:
        if self._is("("):
            path = self._path()
            self._expect(")")
            return Exists(path)
        variable = Variable(self._name("a variable"))
        self._expect(".", "a property, or a pattern: exists(n.name), exists((n)-[:TYPE]->())")
        name = self._name("a property")
        self._expect(")")
        return Call("exists", (Access(variable, (name,)),))

    # ---- tokens -----------------------------------------------------------------------------

    @property
    def _word(self) -> str:
        return self._tokens[self._place].word

    def _is(self, *words: str) -> bool:
        return self._word in words

    def _took(self, word: str) -> bool:
        if self._word != word:
            return False
        self._place += 1
        return True

    def _next(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _expect(self, word: str, what: str = "") -> None:
        if not self._took(word):
            self._refuse(f"Expected {what or word}.")

    def _name(self, what: str) -> str:
        word = self._word
        if not _NAME.fullmatch(word) or word in KEYWORDS:
            self._refuse(f"Expected {what}.")
        if word.lower() in RESERVED:
            self._refuse(f"{word} is a word of Cypher's own: expected {what}.")
        self._place += 1
        return word

    def _refuse(self, why: str, *, back: int = 0) -> NoReturn:
        token = self._tokens[self._place - back]
        refuse(self._text, token.at, why, token.written)
