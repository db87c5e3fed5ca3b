"""What the package really offers: methods, commands, settings, variables, and what stands in the repository."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from functools import cache, cached_property
from itertools import chain
from typing import Any, get_type_hints

from tenantry import Database, handles
from tenantry.cli.app import parser
from tenantry.config import Settings
from tenantry.config.seeds import SEED_NAMES
from tenantry.config.sources import variable
from tenantry.graph.builtin import BUILTIN
from tenantry.schema.graph import EDGES, VERTICES

from .inventory import ROOT

#: How documentation calls the objects that work is done through.
_HANDLES: dict[str, type[Any]] = {
    "db": Database,
    "t": handles.TenantTransaction,
    "s": handles.ServiceTransaction,
}


def method(path: str) -> bool:
    """`t.tasks.by_state` on a tenant's transaction, `db.close`, or `tenantry.connect`."""
    first, *rest = path.split(".")
    if first in _HANDLES:
        return _leads(_HANDLES[first], rest)
    for many in range(len(rest), -1, -1):
        try:
            module = importlib.import_module(".".join([first, *rest[:many]]))
        except ImportError:
            continue
        return _leads(module, rest[many:])
    return False


def _leads(found: Any, names: list[str]) -> bool:
    for name in names:
        # Of a class, what is declared: getting a repository from one would make it.
        get = inspect.getattr_static if inspect.isclass(found) else getattr
        found = get(found, name, None)
        if isinstance(found, handles.repository):
            found = found._kind
        elif isinstance(found, cached_property):
            found = get_type_hints(found.func)["return"]
        if found is None or name.startswith("_"):
            return False
    return True


def command(words: str) -> bool:
    """A command that does something, not a group of them."""
    found = parser()
    for word in words.split():
        found = getattr(found, "commands", {}).get(word)
    return found is not None and not hasattr(found, "commands")


def setting(name: str) -> bool:
    return name in Settings.model_fields


def env(name: str) -> bool:
    return name in SEED_NAMES or name in map(variable, Settings.model_fields)


def test(path: str) -> bool:
    file, _, name = path.partition("::")
    return name in _tests(file)


@cache
def _tests(file: str) -> frozenset[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text()) if path.is_file() else ast.Module([], [])
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, defined) and node.name.startswith("test_")
    )


def make(target: str) -> bool:
    return f"\n{target}:" in (ROOT / "Makefile").read_text()


def file(path: str) -> bool:
    return (ROOT / path).is_file()


def dependency(name: str) -> bool:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = chain(project["dependencies"], *project["optional-dependencies"].values())
    return any(line.partition("[")[0].partition(">")[0] == name for line in listed)


def vertex(form: str) -> bool:
    """`Agent(id, name)`: a label with at least these properties."""
    label, *properties = re.findall(r"\w+", form)
    return any(v.label == label and {"id", *v.properties} >= set(properties) for v in VERTICES)


def edge(form: str) -> bool:
    """`EXECUTED Agent Task(result)`: a label, from and to what, with at least these properties."""
    label, start, end, *properties = re.findall(r"\w+", form)
    return any(
        (e.label, e.start[0]) == (label, start)
        and end in dict(e.ends)
        and {"id", *e.properties} >= set(properties)
        for e in EDGES
    )


def question(name: str) -> bool:
    return any(q.name == name for q in BUILTIN)


_KINDS = (method, command, setting, env, test, make, file, dependency, vertex, edge, question)
CHECKS = {f.__name__: f for f in _KINDS}
