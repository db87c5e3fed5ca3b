"""How it is written what a key, a token or a role may do.

`tasks:write` is what it is about, and what is done to it. `*` stands for all of either, and alone for
everything. Whether one covers another is for whoever lets somebody in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tenantry.errors import InvalidInput

_NAME: Final = r"(?:[a-z][a-z0-9_-]*|\*)"
_SCOPE: Final = re.compile(rf"\*|{_NAME}:{_NAME}", re.ASCII)
_LONGEST: Final = 200


def checked_scope(text: object) -> str:
    """A scope as it may be given or asked for. One that is misspelt is refused where it is written:
    later it would be one that opens nothing, and nobody would know why."""
    if not isinstance(text, str) or len(text) > _LONGEST or not _SCOPE.fullmatch(text):
        raise InvalidInput("A scope is like tasks:write, tasks:*, *:read or *.", field="scopes")
    return text


def checked_scopes(texts: Iterable[str]) -> list[str]:
    """Each of them once, in the order given."""
    if isinstance(texts, str):
        # Its characters would be the scopes, and a * among them everything.
        raise InvalidInput("Scopes are a list of texts, not one text.", field="scopes")
    return list(dict.fromkeys(map(checked_scope, texts)))
