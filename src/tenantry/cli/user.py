"""`user`: people and service accounts, and the tenants they belong to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from tenantry.errors import InvalidInput

from . import lookup, place, user_tenants
from .answer import Answer, facts, row, table
from .command import Waiting, command, group

if TYPE_CHECKING:
    from tenantry.handles import ServiceTransaction

app = group("Create users, and make them members of tenants.")
app.add_typer(user_tenants.app)

_PlatformRole = Literal["admin", "manager", "user", "service"]
_MEMBERSHIPS = (
    "SELECT t.slug AS tenant, t.id AS tenant_id, m.role, m.created_at AS since"
    " FROM tenantry.memberships AS m JOIN tenantry.tenants AS t ON t.id = m.tenant_id"
    " WHERE m.user_id = $1 ORDER BY t.slug"
)
_STDIN = Path("-")


@command(app)
def create(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    *,
    name: Annotated[str | None, typer.Option()] = None,
    username: Annotated[str | None, typer.Option()] = None,
    kind: Annotated[Literal["human", "service"], typer.Option()] = "human",
    role: Annotated[_PlatformRole, typer.Option(help="On the platform.")] = "user",
    password: Annotated[bool, typer.Option("--password", help="Ask for a password.")] = False,
    password_file: Annotated[
        Path | None, typer.Option(help="Read the password from a file; `-` is stdin.")
    ] = None,
) -> Waiting:
    """Create a user. Without a password they sign in by an identity provider."""
    secret = _password(ask=password, file=password_file)
    values = {"name": name, "username": username, "kind": kind, "role": role}
    return _create(email, secret, values)


async def _create(email: str, password: str | None, values: dict[str, Any]) -> Answer:
    from tenantry.accounts.hashing import refuse_guessed
    from tenantry.passwords import hash_password

    if password is not None:
        values = {**values, "password_hash": hash_password(password)}
        refuse_guessed(password, email)
    async with place.service(f"user create {email}") as s:
        made = await s.users.create(email=email, **values)
    return Answer(row(made), f"Created user {made.email} ({made.id}).")


@command(app, "list")
async def list_(
    tenant: Annotated[str | None, typer.Option(help="Only its members.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=10_000)] = 100,
    after: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Continue after this id.")
    ] = None,
) -> Answer:
    """List users, newest first."""
    async with place.service("user list") as s:
        filters: dict[str, Any] = {} if tenant is None else {"id": await _members(s, tenant)}
        page = await s.users.list(limit=limit, after=after, **filters)
    rows = [(u.email, u.name, u.kind, u.role, u.is_active, u.id) for u in page]
    view = table(("E-mail", "Name", "Kind", "Role", "Active", "Id"), rows, "There are no users.")
    note = f"More: --after {page.next}" if page.next else ""
    return Answer({"users": [row(u) for u in page], "next": page.next}, view, note=note)


@command(app)
async def show(user: lookup.UserName) -> Answer:
    """Show a user and the tenants they belong to."""
    async with place.service(f"user show {user}") as s:
        found = await lookup.user(s, user)
        memberships = [dict(m) for m in await s.fetch(_MEMBERSHIPS, found.id)]
    shown = {
        "E-mail": found.email, "Name": found.name, "Username": found.username, "Id": found.id,
        "Kind": found.kind, "Role": found.role, "Active": found.is_active,
        "Created": found.created_at, "Last login": found.last_login_at,
        "Tenants": [f"{m['tenant']} ({m['role']})" for m in memberships],
    }  # fmt: skip
    return Answer({**row(found), "memberships": memberships}, facts(shown))


@command(app)
def password(
    user: lookup.UserName,
    *,
    password_file: Annotated[
        Path | None, typer.Option(help="Read the password from a file; `-` is stdin.")
    ] = None,
    keep_sessions: Annotated[
        bool, typer.Option("--keep-sessions", help="Where Redis or Valkey is away.")
    ] = False,
) -> Waiting:
    """Ask for a user's new password and set it. They are signed out everywhere, and a locked name is
    open again."""
    secret = _password(ask=password_file is None, file=password_file)
    return _set_password(user, secret or "", end_sessions=not keep_sessions)


async def _set_password(user: str, secret: str, *, end_sessions: bool) -> Answer:
    from tenantry.endpoints import has_redis

    async with place.database() as db:
        async with db.service(f"tenantry user password {user}", actor=place.actor()) as s:
            who = await lookup.user(s, user)
        await db.accounts.set_password(
            who.id, secret, end_sessions=end_sessions, actor=place.actor()
        )
        ended = end_sessions and has_redis(db.settings)
    note = "" if ended else "No session was ended: whoever is signed in stays so."
    data = {"user_id": who.id, "sessions_ended": ended}
    return Answer(data, f"Set the password of {who.email}.", note=note)


async def _members(s: ServiceTransaction, tenant: str) -> list[UUID]:
    found = await lookup.tenant(s, tenant)
    return [m.user_id async for m in s.tenant(found.id).memberships.iterate()]


def _password(*, ask: bool, file: Path | None) -> str | None:
    """Never from the command line, where every process can read it."""
    if ask and file is not None:
        raise InvalidInput("Give --password or --password-file, not both.", field="password")
    if file is not None:
        return _from_file(file)
    if not ask:
        return None
    if not sys.stdin.isatty():
        raise InvalidInput(
            "There is nobody to ask here.", field="password", hint="Use --password-file -."
        )
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _from_file(file: Path) -> str:
    try:
        text = sys.stdin.read() if file == _STDIN else file.read_text("utf-8")
    except (OSError, UnicodeError):
        raise InvalidInput(f"{file} cannot be read.", field="password_file") from None
    return text.rstrip("\r\n")
