"""What a statement does, in the words of OpenTelemetry's conventions: told from its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tenantry.kernel.literals import without_values

#: Longer ones are cut: they are generated, and nobody reads them.
_LONGEST: Final = 4096
_VERB: Final = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|MERGE|CALL)\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z]+")
_NAME: Final = r"((?:[A-Za-z_]\w*|\"[^\"]+\")(?:\.(?:[A-Za-z_]\w*|\"[^\"]+\"))?)"
_TARGET: Final = re.compile(
    rf"\b(?P<word>FROM|INTO|UPDATE|CALL) (?:ONLY )?{_NAME} ?(?P<call>\()?", re.IGNORECASE
)
_CALLED: Final = re.compile(rf"SELECT {_NAME} ?\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Described:
    """`table` or `function` is the first one it names; '' where none is seen."""

    text: str
    operation: str
    table: str
    function: str

    @property
    def summary(self) -> str:
        """Few words, the same for all statements of a kind: a span's name."""
        return f"{self.operation} {self.table or self.function}".strip()


@lru_cache(maxsize=1024)
def described(sql: str) -> Described:
    """Of the text without its values: what was written into it may be a tenant's."""
    text = without_values(sql)
    verb = _VERB.search(text) or _WORD.search(text)
    operation = verb[0].upper() if verb else ""
    table = function = ""
    if called := _CALLED.match(text):
        function = called[1]
    elif target := _TARGET.search(text):
        if target["word"].upper() == "CALL" or (
            target["call"] and target["word"].upper() == "FROM"
        ):
            function = target[2]
        else:
            table = target[2]
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return Described(text, operation, table, function)
