"""Writing a revision that brings the database to what the models mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from tenantry.errors import MigrationError
from tenantry.schema.catalog import Object
from tenantry.schema.roles import DEFINERS

from .compare import Change, closes, reverse, steps
from .runner import Migrator

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


async def generate(migrator: Migrator, message: str, folder: Path) -> Path | None:
    """Write the next revision into `folder`; None when the database is what the models mean."""
    report = await migrator.check()
    if not report.at_head:
        raise MigrationError(
            "The database is not at the newest revision, so its difference is not the models'.",
            hint="Run `tenantry migrate up` first.",
        )
    if not report.differences:
        return None
    return write(migrator, message, folder, report.differences)


def write(migrator: Migrator, message: str, folder: Path, changes: Sequence[Change]) -> Path:
    """The revision that makes these changes, as a file after those already in `folder`."""
    folder = folder.resolve()
    known = migrator.scripts.walk_revisions()
    mine = sorted(s.revision for s in known if Path(s.path).parent == folder)
    ours = folder == Path(str(files(__package__).joinpath("versions"))).resolve()
    number = f"{len(mine) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40] or "revision"
    path = folder / f"{number}_{slug}.py"
    text = _TEMPLATE.format(
        message=message.replace('"', "'"),
        revision=number if ours else f"app_{number}",
        parent=mine[-1] if mine else None,
        label=None if ours or mine else ("app",),
        up=_render(_frame(list(changes))),
        down=_render(_frame(reverse(list(changes)))),
    )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _frame(changes: list[Change]) -> Iterable[str]:
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
