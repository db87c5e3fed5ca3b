"""Which paths need no credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tenantry.errors import InvalidInput

_RULE: Final = re.compile(r"(?:([A-Z]+) )?(/[^\s?#*]*?)(/\*)?", re.ASCII)
#: What some servers and proxies read as another path than others do.
_AMBIGUOUS: Final = re.compile(r"//|/\.{1,2}(?:/|$)|[\\%;\x00-\x1f\x7f]")


class Paths:
    """`"/docs"` is that path alone, `"/static/*"` all below it, `"POST /sign-in"` for one method."""

    def __init__(self, rules: Iterable[str] = ()) -> None:
        self._exact: set[tuple[str | None, str]] = set()
        self._below: list[tuple[str | None, str]] = []
        for rule in [rules] if isinstance(rules, str) else rules:
            found = _RULE.fullmatch(rule)
            if found is None or _AMBIGUOUS.search(found[2]):
                raise InvalidInput(
                    f"{rule!r} is no path.",
                    field="public",
                    hint="As in: /docs, /static/*, POST /sign-in.",
                )
            method, path, below = found.groups()
            if below:
                self._below.append((method, f"{path}/"))
            else:
                self._exact.add((method, path))

    def match(self, scope: Mapping[str, Any]) -> bool:
        path, method = path_of(scope), scope.get("method", "GET")
        if (None, path) in self._exact or (method, path) in self._exact:
            return True
        return any(
            path.startswith(prefix) and only in (None, method) for only, prefix in self._below
        ) and not _AMBIGUOUS.search(path)


def path_of(scope: Mapping[str, Any]) -> str:
    """As the application's routes see it: without what it is mounted under."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
