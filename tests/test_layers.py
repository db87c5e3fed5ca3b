"""A file imports only what stands below it."""

from __future__ import annotations

import ast
from pathlib import Path

import tenantry

#: From the ground up. Rooms of one line do not know each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "ids"),
    ("drawing", "keyring", "passwords", "rights", "signing", "strict_json"),
    ("config",),
    ("local",),
    ("endpoints",),
    ("models",),
    ("schema",),
    ("kernel",),
    ("migrations",),
    ("repositories", "coordination"),
    ("graph",),
    ("scopes", "sessions"),
    ("handles",),
    ("accounts", "pools", "requirements"),
    ("database",),
    ("sync", "observing"),
    ("isolation",),
    ("ops",),
    ("web",),
    ("cli",),
)
_LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
_ROOT = Path(str(tenantry.__file__)).parent


def _imports(path: Path) -> set[str]:
    """The rooms of the package that a module imports, also inside functions."""
    package = ("tenantry", *path.relative_to(_ROOT).parent.parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            names = [module] if module != "tenantry" else [f"tenantry.{a.name}" for a in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("tenantry.")}
    return found


def test_every_room_has_its_place() -> None:
    rooms = {p.stem for p in _ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert rooms - set(_LEVEL) <= {"__init__", "__main__"}


def test_no_file_imports_what_stands_above_or_beside_it() -> None:
    wrong = []
    for path in _ROOT.rglob("*.py"):
        room = path.relative_to(_ROOT).parts[0].removesuffix(".py")
        if room in {"__init__", "__main__"}:
            continue
        wrong += [
            f"{path.relative_to(_ROOT)} imports {other}"
            for other in _imports(path) - {room}
            if other not in _LEVEL or _LEVEL[other] >= _LEVEL[room]
        ]
    assert wrong == []
