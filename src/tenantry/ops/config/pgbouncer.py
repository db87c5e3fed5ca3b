"""PgBouncer in transaction mode, set up as `tenantry prove` demands of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from math import ceil
from pathlib import Path
from string import Template
from typing import Literal

from tenantry.config import Settings
from tenantry.config.hosts import is_here
from tenantry.errors import InvalidInput
from tenantry.isolation.pooler.versions import holes
from tenantry.schema.roles import APP, READONLY, SERVICE

from .files import File, header
from .machine import Load
from .tls import POOLER, POOLER_ROLE

Release = tuple[int, ...]
#: `query` asks the server for each role's password hash, `list` keeps a copy of the hashes in a file.
Passwords = Literal["query", "list"]

#: The one to run: the first without a known hole.
NEWEST: Release = (1, 26, 1)
_PREPARED: Release = (1, 21)
_NAME = re.compile(r"[A-Za-z_][\w$-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many clients over how many connections, from where to where."""

    load: Load
    database: str
    #: A host's name, or a socket's folder.
    server: str
    server_port: int = 5432
    release: Release = NEWEST
    passwords: Passwords | None = None
    #: To the server, all roles together.
    connections: int = 20
    #: None: as many as the settings allow the application's processes.
    clients: int | None = None
    listen: tuple[str, ...] = ("127.0.0.1",)
    port: int = 6432
    socket: Path | None = None
    #: Where PgBouncer finds its files, and its certificates.
    folder: Path = Path("/etc/pgbouncer")
    tls: Path | None = None
    client_certificates: bool = False
    #: A login of the server's that may read the console's figures.
    watcher: str | None = None

    def __post_init__(self) -> None:
        for name in filter(None, (self.database, self.watcher)):
            if not _NAME.fullmatch(name):
                raise InvalidInput(f"{name!r} cannot stand in PgBouncer's file.", field="database")
        if self.connections < 4:
            raise InvalidInput("It needs 4 server connections at least.", field="connections")
        if self.tls is None and not (self.is_local and self.server_is_local):
            raise InvalidInput(
                "Other machines are reached, and reach it, by TLS alone.", field="tls",
                hint="Make certificates with `tenantry config tls`, and name their folder by --tls.",
            )  # fmt: skip
        if self.client_certificates and self.tls is None:
            raise InvalidInput("Certificates of clients need TLS.", field="tls")

    @property
    def is_local(self) -> bool:
        return all(map(_is_here, self.listen))

    @property
    def server_is_local(self) -> bool:
        return _is_here(self.server)

    @property
    def is_sound(self) -> bool:
        return not holes(self.release)

    @property
    def looks_up(self) -> bool:
        return (self.passwords or ("query" if self.is_sound else "list")) == "query"

    @property
    def roles(self) -> tuple[str, ...]:
        """Whom it knows. Where a tenant's role might become another by a hole, that is tenants' roles
        alone; the owner's migrations hold locks of a session, and always go past it."""
        return (APP, READONLY, SERVICE) if self.is_sound else (APP, READONLY)

    @property
    def listed(self) -> tuple[str, ...]:
        """Whose hashes are in its file: nobody is looked up for the console."""
        watcher = (self.watcher,) if self.watcher else ()
        return watcher if self.looks_up else (*self.roles, *watcher)

    @property
    def max_clients(self) -> int:
        return self.clients or max(100, self.load.connections + 20)


def files(plan: Plan, settings: Settings, command: str) -> list[File]:
    """`pgbouncer.ini`, and the SQL that prepares the server and lists passwords' hashes."""
    made = [File("pgbouncer.ini", _ini(plan, settings, command), 0o640)]
    if plan.looks_up:
        made.append(File("pooler.sql", _lookup(plan, command)))
    if plan.listed:
        made.append(File("userlist.sql", _list(plan, command)))
    return made


def _ini(plan: Plan, settings: Settings, command: str) -> str:
    descriptors = plan.max_clients + plan.connections + 50
    release = ".".join(map(str, plan.release))
    steps = [
        f"For PgBouncer {release}; at most {plan.max_clients} clients over {plan.connections}"
        f" server connections ({plan.load}).",
        f"Put it into {plan.folder}; it needs {descriptors} open files (LimitNOFILE).",
    ]
    if plan.looks_up:
        steps.append("Run pooler.sql once, as the server's administrator, in that database.")
    if plan.listed:
        steps.append(
            f"Make {plan.folder}/userlist.txt as userlist.sql says, after each change of a"
        )
        steps.append("password. It holds hashes, no passwords; keep it at mode 0600 all the same.")
    if not plan.is_sound:
        steps.append(
            "This release has known holes (`tenantry prove` lists them), so it is to know the"
        )
        steps.append(f"roles of tenants alone: {SERVICE} connects directly. Better: update it.")
    text = header(command, *steps, mark=";")
    text += f"[databases]\n{plan.database} = {_target(plan)}\n\n[pgbouncer]\n"
    return text + "".join(f"{name} = {value}\n" for name, value in _settings(plan, settings))


def _target(plan: Plan) -> str:
    host = plan.server.replace("'", "''")
    return f"host='{host}' port={plan.server_port} dbname={plan.database}"


def _settings(plan: Plan, settings: Settings) -> Iterator[tuple[str, object]]:
    yield "listen_addr", ", ".join(plan.listen)
    yield "listen_port", plan.port
    # The folder it would take by itself is everybody's, who could stand there in its place.
    yield "unix_socket_dir", plan.socket or ""
    yield "pool_mode", "transaction"
    yield "max_client_conn", plan.max_clients
    # A few are out of the application's reach, so that the other roles are never kept waiting by it.
    yield "default_pool_size", plan.connections - max(2, plan.connections // 5)
    yield "max_db_connections", plan.connections
    yield "query_wait_timeout", ceil(settings.acquire_timeout)
    yield "server_connect_timeout", ceil(settings.connect_timeout)
    yield "server_lifetime", ceil(settings.connection_lifetime)
    # Drivers say extra_float_digits as they connect; anything else they say is refused, not dropped.
    dropped = "extra_float_digits" if plan.is_sound else "extra_float_digits, options"
    yield "ignore_startup_parameters", dropped
    if plan.release >= _PREPARED:
        yield "max_prepared_statements", 200
    yield from _authentication(plan)
    yield from _tls(plan)
    yield "log_connections", 0
    yield "log_disconnections", 0


def _authentication(plan: Plan) -> Iterator[tuple[str, object]]:
    yield "auth_type", "scram-sha-256"
    if plan.listed:
        yield "auth_file", plan.folder / "userlist.txt"
    if plan.looks_up:
        yield "auth_user", POOLER_ROLE
        yield "auth_query", f"SELECT usename, passwd FROM {POOLER_ROLE}.password_of($1)"  # noqa: S608
    yield "admin_users", ""
    yield "stats_users", plan.watcher or ""


def _tls(plan: Plan) -> Iterator[tuple[str, object]]:
    if plan.tls is None:
        yield "client_tls_sslmode", "disable"
        yield "server_tls_sslmode", "disable"
        return
    for side in ("client", "server"):
        yield f"{side}_tls_ca_file", plan.tls / "ca.crt"
        yield f"{side}_tls_cert_file", plan.tls / f"{POOLER}.crt"
        yield f"{side}_tls_key_file", plan.tls / f"{POOLER}.key"
        yield f"{side}_tls_protocols", "secure"
    yield "client_tls_sslmode", "verify-full" if plan.client_certificates else "require"
    # There is no TLS on a socket, and no need of it.
    yield "server_tls_sslmode", "disable" if plan.server.startswith("/") else "verify-full"


def _lookup(plan: Plan, command: str) -> str:
    use = (
        f"psql -X -v ON_ERROR_STOP=1 -d {plan.database} -f pooler.sql",
        "By the administrator: only a superuser may read passwords' hashes. To be run again after a",
        "restore, or where other roles are to be known.",
    )
    template = resources(__package__).joinpath("templates/pooler.sql").read_text("utf-8")
    words = {
        "pooler": POOLER_ROLE,
        "database": f'"{plan.database}"',
        "roles": _literals(plan.roles),
    }
    return header(command, *use, mark="--") + Template(template).substitute(words)


def _list(plan: Plan, command: str) -> str:
    use = (
        f"umask 077; psql -X -A -t -d {plan.database} -f userlist.sql > userlist.txt",
        "By the administrator. What it prints are hashes, as the server keeps them.",
    )
    return header(command, *use, mark="--") + (
        'SELECT format(\'"%s" "%s"\', rolname, rolpassword)\n'
        f"FROM pg_catalog.pg_authid WHERE rolcanlogin AND rolname IN ({_literals(plan.listed)})\n"
        "ORDER BY rolname;\n"
    )


def _literals(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _is_here(host: str) -> bool:
    try:
        return is_here(host)
    except ValueError:  # no host's name, such as "*"
        return False
