"""Writing a revision that brings the database to what the models mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.errors import MigrationError
from tenantry.schema.catalog import Object
from tenantry.schema.roles import DEFINERS

from .compare import Change, closes, reverse, steps

if TYPE_CHECKING:
    from .runner import Migrator

_INDEXES = '''"""{message}: indexes

Built while the tables are written to, and so in a revision of their own: interrupted, it is run again.
"""

from tenantry.migrations import build_indexes, run

revision = "{revision}"
down_revision = {parent!r}
branch_labels = {label!r}
depends_on = None

INDEXES = ({up})

DOWN = ({down})


def upgrade() -> None:
    build_indexes(INDEXES)


def downgrade() -> None:
    run(DOWN)
'''
_TEMPLATE = '''"""{message}"""

from tenantry.migrations import run

revision = "{revision}"
down_revision = {parent!r}
branch_labels = {label!r}
depends_on = None

UP = ({up})

DOWN = ({down})


def upgrade() -> None:
    run(UP)


def downgrade() -> None:
    run(DOWN)
'''


async def generate(migrator: Migrator, message: str, folder: Path) -> tuple[Path, ...]:
    """Write the next revision into `folder`, and one for indexes that existing tables are to get; none
    when the database is what the models mean."""
    report = await migrator.check()
    if not report.at_head:
        raise MigrationError(
            "The database is not at the newest revision, so its difference is not the models'.",
            hint="Run `tenantry migrate up` first.",
        )
    indexes = list(_added_indexes(report.differences))
    others = [change for change in report.differences if change not in indexes]
    paths = []
    if others:
        up, down = frame(others), frame(reverse(others))
        paths.append(_write(migrator, message, folder, template=_TEMPLATE, up=up, down=down))
    if indexes:
        made = [statement for c in indexes if c.after for statement in c.after.create]
        gone = [f"DROP INDEX IF EXISTS tenantry.{c.object.name}" for c in reversed(indexes)]
        paths.append(_write(migrator, message, folder, template=_INDEXES, up=made, down=gone))
    return tuple(paths)


def _added_indexes(changes: Sequence[Change]) -> Iterator[Change]:
    """Those of tables that are there and may be big, and in use while an index is built."""
    made = {
        c.object.name for c in changes if c.before is None and c.object.kind in ("table", "view")
    }
    for change in changes:
        is_new_index = change.before is None and change.object.kind == "index"
        if is_new_index and change.object.table not in made:
            yield change


def _write(
    migrator: Migrator,
    message: str,
    folder: Path,
    *,
    template: str,
    up: Iterable[str],
    down: Iterable[str],
) -> Path:
    """A revision as a file after those already in `folder`."""
    folder = folder.resolve()
    known = migrator.scripts_with(folder).walk_revisions()
    mine = sorted(s.revision for s in known if Path(s.path).parent == folder)
    ours = folder == Path(str(files(__package__).joinpath("versions"))).resolve()
    number = f"{len(mine) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40] or "revision"
    slug += "_indexes" if template is _INDEXES else ""
    path = folder / f"{number}_{slug}.py"
    text = template.format(
        message=message.replace('"', "'"),
        revision=number if ours else f"app_{number}",
        parent=mine[-1] if mine else None,
        label=None if ours or mine else ("app",),
        up=_render(up),
        down=_render(down),
    )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def frame(changes: list[Change]) -> Iterable[str]:
    """Definer roles may create in the schema just while functions are handed to them. An open table
    is closed before anything else, since the guard lets nothing be granted beside it."""
    yield from steps(filter(closes, changes))
    changes = [change for change in changes if not closes(change)]
    made = [c.after for c in changes if c.after is not None]
    needs = sorted({role for obj in made for role in DEFINERS if _owned(obj, role)})
    if needs:
        yield f"GRANT CREATE ON SCHEMA tenantry TO {', '.join(needs)}"
    yield from steps(changes)
    if needs:
        yield f"REVOKE CREATE ON SCHEMA tenantry FROM {', '.join(needs)}"


def _owned(obj: Object, role: str) -> bool:
    return any(statement.endswith(f"OWNER TO {role}") for statement in obj.create)


def _render(statements: Iterable[str]) -> str:
    body = "".join(f'    r"""{s}""",\n' for s in statements)
    return f"\n{body}" if body else ""
