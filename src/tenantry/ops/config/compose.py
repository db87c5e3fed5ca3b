"""Containers for one machine: PostgreSQL with AGE and pgvector, PgBouncer, Valkey, Qdrant, pgAdmin.

One Dockerfile makes the images that need something of ours. Each secret is a file that is made once,
from randomness, and never written over.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files as resources
from ipaddress import IPv4Network
from pathlib import Path
from string import Template

from tenantry.config import Settings
from tenantry.endpoints import DATABASE
from tenantry.errors import InvalidInput

from . import hba, pgbouncer, postgres, tls
from .files import File, header, write
from .machine import Load, Machine

#: Where a service finds its secrets, as its own account's files: see prepare.sh.
_OWN = Path("/run/own")
_SOCKET = "/var/run/postgresql"
_POOLER_ACCOUNT = "pgbouncer"
_SECRETS = "secrets"
_TLS = "tls"


class _Yaml(Template):
    """Compose has its own meaning for `$`."""

    delimiter = "@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    #: Of all the containers together.
    machine: Machine
    load: Load
    version: int = 17
    connections: int = 20
    network: str = "172.30.77.0/24"

    def __post_init__(self) -> None:
        try:
            IPv4Network(self.network)
        except ValueError:
            raise InvalidInput(f"{self.network!r} is no network.", field="network") from None
        if self.machine.memory < 2 << 30:
            raise InvalidInput("The containers need 2GB of memory together.", field="memory")


def files(plan: Plan, settings: Settings, command: str) -> list[File]:
    """Everything but secrets and certificates."""
    return [
        File("compose.yaml", _compose(plan, command)),
        File("Dockerfile", header(command) + _template("Dockerfile").format(version=plan.version)),
        File("prepare.sh", "#!/bin/sh\n" + header(command) + _template("prepare.sh"), 0o755),
        File("valkey/valkey.conf", _valkey(plan, command)),
        *_under("postgres", _postgres(plan, command)),
        *_under("pgbouncer", _pgbouncer(plan, settings, command)),
        File("pgadmin/servers.json", _servers()),
    ]


def complete(folder: Path) -> None:
    """Secrets and certificates, where they are missing: in folders that are closed to others."""
    (folder / _SECRETS).mkdir(mode=0o700, parents=True, exist_ok=True)
    write([*_secret_files()], folder)
    names = [["localhost", "127.0.0.1", service] for service in ("postgres", "pgbouncer")]
    wanted = [tls.server(names[0]), tls.pooler(names[1])]
    tls.Authority((folder / _TLS).absolute()).provide(wanted, days=397)


def _secret_files() -> Iterator[File]:
    """New secrets. Those that an image reads as an account of its own are readable in their folder,
    which is closed; the others become that account's on their way in."""
    valkey, qdrant = _random(), _random()
    yield _secret("postgres_password", _random())
    yield _secret("valkey_password", valkey)
    yield _secret("valkey_auth.conf", f"requirepass {valkey}\n")
    yield _secret("qdrant_api_key", qdrant)
    yield replace(_secret("qdrant.yaml", f"service:\n  api_key: {qdrant}\n"), mode=0o444)
    yield replace(_secret("pgadmin_password", _random()), mode=0o444)


def _compose(plan: Plan, command: str) -> str:
    use = (
        "In this folder:",
        "  docker compose up -d --build --wait          (--profile admin: with pgAdmin)",
        '  TENANTRY_ADMIN_URL="postgresql://postgres:$(cat secrets/postgres_password)@localhost:5432/postgres'
        '?sslmode=verify-full&sslrootcert=tls/ca.crt" tenantry init',
        "The application comes through PgBouncer, localhost:6432, the owner and migrations directly.",
        "Secrets lie in secrets/ and tls/: keep both out of version control and images.",
    )
    shares = {"postgres": 0.5, "qdrant": 0.25, "valkey": 0.125}
    memory = {name: f"{int(plan.machine.memory * part) >> 20}M" for name, part in shares.items()}
    network = IPv4Network(plan.network)
    text = _Yaml(_template("compose.yaml")).substitute(
        **{f"{name}_memory": size for name, size in memory.items()},
        cpus=plan.machine.cpus, network=network, gateway=network[1], socket=_SOCKET,
        database=DATABASE,
    )  # fmt: skip
    return header(command, *use) + text


def _postgres(plan: Plan, command: str) -> Iterator[File]:
    """The whole configuration: the image's own file is not read."""
    network = IPv4Network(plan.network)
    machine = replace(plan.machine, memory=plan.machine.memory // 2)
    server = postgres.Plan(
        machine=machine, load=plan.load, version=plan.version, pooled=plan.connections,
        features=frozenset({"graph", "vectors"}), listen=("*",), tls=_OWN,
    )  # fmt: skip
    yield postgres.file(server, command)
    yield from hba.files(
        hba.Access(
            database=DATABASE, tls=True, networks=(plan.network,), pooler=True,
            pooler_account=_POOLER_ACCOUNT, superuser_networks=(f"{network[1]}/32",),
        ),
        command,
    )  # fmt: skip


def _pgbouncer(plan: Plan, settings: Settings, command: str) -> list[File]:
    pooler = pgbouncer.Plan(
        load=plan.load, database=DATABASE, server=_SOCKET, connections=plan.connections,
        listen=("*",), folder=Path("/etc/pgbouncer"), tls=_OWN,
    )  # fmt: skip
    return pgbouncer.files(pooler, settings, command)


def _valkey(plan: Plan, command: str) -> str:
    limit = plan.machine.memory // 8 * 3 // 4
    return header(command) + _template("valkey.conf").format(limit=f"{limit >> 20}mb")


def _servers() -> str:
    """What pgAdmin shows. Nobody's password is in it: it asks."""
    server = {
        "Name": "Tenantry", "Group": "Servers", "Host": "postgres", "Port": 5432,
        "MaintenanceDB": DATABASE, "Username": "tenantry_owner",
        "ConnectionParameters": {"sslmode": "verify-full", "sslrootcert": "/pgadmin4/ca.crt"},
    }  # fmt: skip
    return json.dumps({"Servers": {"1": server}}, indent=2) + "\n"


def _under(folder: str, made: Iterator[File] | list[File]) -> list[File]:
    # Read in the container by accounts that this machine does not know.
    return [replace(file, name=f"{folder}/{file.name}", mode=0o644) for file in made]


def _secret(name: str, text: str) -> File:
    return File(f"{_SECRETS}/{name}", text, 0o600, lasting=True)


def _random() -> str:
    return secrets.token_urlsafe(24)


def _template(name: str) -> str:
    return resources(__package__).joinpath(f"templates/compose/{name}").read_text("utf-8")
