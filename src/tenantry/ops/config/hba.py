"""Who may log in from where, and how: `pg_hba.conf` and `pg_ident.conf`, for exactly the roles there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from tenantry.errors import InvalidInput
from tenantry.schema.roles import LOGINS, OWNER

from .files import File, header
from .tls import POOLER_ROLE

#: Who a standby logs in as to be sent the WAL.
REPLICA_ROLE = "tenantry_replica"
_HERE = ("127.0.0.1/32", "::1/128")
#: The owner's migrations hold locks of a session, so they always go past a pooler.
_POOLED = tuple(role for role in LOGINS if role != OWNER)
_USE = (
    "Put it where `SHOW hba_file` says, then: SELECT pg_reload_conf();",
    "The first line that fits decides; who is in none of them is refused.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is let in. Without TLS that is this machine alone."""

    database: str
    superuser: str = "postgres"
    #: Where the administrator may come from too, by password: a container's host has no account in it.
    superuser_networks: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    tls: bool = False
    #: A role shows a certificate in its own name, beside its password.
    client_certificates: bool = False
    pooler: bool = False
    #: The operating system's account that PgBouncer runs as, where it comes by the socket.
    pooler_account: str = "postgres"
    #: Where it comes from otherwise. Its certificate speaks for it there, and not for the roles.
    pooler_networks: tuple[str, ...] = ()
    replica_networks: tuple[str, ...] = ()
    #: Logins of their own, from where the application comes: `monitor_url`'s and `backup_url`'s.
    monitor: str | None = None
    backup: str | None = None

    def __post_init__(self) -> None:
        away = (
            *self.networks, *self.pooler_networks, *self.replica_networks, *self.superuser_networks
        )  # fmt: skip
        for network in away:
            try:
                ip_network(network)
            except ValueError:
                raise InvalidInput(
                    f"{network!r} is no network.", field="network", hint="Say it as 10.0.0.0/24."
                ) from None
        if away and not self.tls:
            raise InvalidInput(
                "Other machines are let in by TLS alone.",
                field="tls",
                hint="Make certificates with `tenantry config tls`, and name their folder by --tls.",
            )
        if self.client_certificates and not self.tls:
            raise InvalidInput("Certificates of clients need TLS.", field="tls")


def files(access: Access, command: str) -> list[File]:
    """Both files."""
    rules = "\n".join(_aligned(row) for row in _rules(access))
    maps = f"{POOLER_ROLE}  {access.pooler_account}  {POOLER_ROLE}\n" if access.pooler else ""
    use = "Put it where `SHOW ident_file` says. MAP  ACCOUNT-OR-CERTIFICATE  ROLE"
    return [
        File("pg_hba.conf", header(command, *_USE) + rules + "\n", 0o640),
        File("pg_ident.conf", header(command, use) + maps, 0o640),
    ]


def _rules(access: Access) -> Iterator[Sequence[str] | str]:
    database, roles = _quoted(access.database, "database"), ",".join(LOGINS)
    yield "# TYPE DATABASE ROLE ADDRESS METHOD"
    yield "# The administrator comes from this machine, as the account of that name."
    yield "local", "all", access.superuser, "", "peer"
    yield "local", "replication", access.superuser, "", "peer"
    for network in access.superuser_networks:
        yield "hostssl", "all", access.superuser, network, "scram-sha-256"
    if access.pooler:
        yield "# PgBouncer looks passwords up; it has none itself."
        yield "local", database, POOLER_ROLE, "", f"peer map={POOLER_ROLE}"
        for network in access.pooler_networks:
            yield "hostssl", database, POOLER_ROLE, network, "cert"
    yield "# The application's roles, by password."
    yield "local", database, roles, "", "scram-sha-256"
    way = "hostssl" if access.tls else "host"
    for network in access.pooler_networks:
        # One certificate stands before several roles here, so it cannot carry their names.
        proof = " clientcert=verify-ca" if access.client_certificates else ""
        yield way, database, ",".join(_POOLED), network, f"scram-sha-256{proof}"
    proof = " clientcert=verify-full" if access.client_certificates else ""
    for network in (*_HERE, *access.networks):
        yield way, database, roles, network, f"scram-sha-256{proof}"
    for about, role, databases in (
        ("Who watches the server.", access.monitor, database),
        ("Who takes backups.", access.backup, f"{database},replication"),
    ):
        if role is not None and role not in (*LOGINS, access.superuser):
            yield f"# {about}"
            yield "local", databases, _quoted(role, "role"), "", "scram-sha-256"
            for network in (*_HERE, *access.networks):
                yield way, databases, _quoted(role, "role"), network, f"scram-sha-256{proof}"
    if access.replica_networks:
        yield "# Standbys."
        for network in access.replica_networks:
            yield way, "replication", REPLICA_ROLE, network, f"scram-sha-256{proof}"
    yield "# Nobody else."
    yield "local", "all,replication", "all", "", "reject"
    yield "host", "all,replication", "all", "all", "reject"


def _aligned(row: Sequence[str] | str) -> str:
    if isinstance(row, str):
        return row
    widths = (8, 16, 20, 18, 0)
    return " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _quoted(name: str, field: str) -> str:
    """In quotes a name is nothing but a name: `all` and `replication` have another meaning."""
    if not name or '"' in name or "\n" in name:
        raise InvalidInput(f"{name!r} cannot stand in pg_hba.conf.", field=field)
    return f'"{name}"'
