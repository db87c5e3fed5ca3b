"""`config`: configurations of what Tenantry runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tenantry.errors import InvalidInput

from . import place
from .answer import Answer
from .command import command, group

if TYPE_CHECKING:
    from pydantic import SecretStr

    from tenantry.config import Settings
    from tenantry.ops.config import File

app = group(
    "Configurations for PostgreSQL, PgBouncer, containers, systemd, TLS, Grafana and Prometheus."
)

_Out = Annotated[
    Path | None, typer.Option(metavar="FILE|DIR", help="Where to write; else to stdout.")
]
_Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]
_Processes = Annotated[
    int, typer.Option(min=1, help="Processes of the application, on all machines together.")
]
_Tls = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where `config tls` put the certificates: turns TLS on."),
]
_ClientCertificates = Annotated[
    bool, typer.Option("--client-certificates", help="Roles show a certificate beside a password.")
]
_Database = Annotated[str | None, typer.Option(help="Else the one of the settings.")]
_Memory = Annotated[str | None, typer.Option(metavar="SIZE", help="As 16GB; else this machine's.")]
_Cpus = Annotated[int | None, typer.Option(min=1, help="Else this machine's.")]
_Disk = Annotated[Literal["ssd", "hdd", "network"], typer.Option(help="What the data lies on.")]
_Features = Annotated[
    list[str] | None,
    typer.Option("--feature", metavar="NAME", help="Will be enabled: graph, vectors."),
]


@command(app)
def pgbouncer(
    *,
    server: Annotated[
        str | None,
        typer.Option(metavar="HOST[:PORT]|DIR", help="PostgreSQL; else the owner's URL says."),
    ] = None,
    database: _Database = None,
    pgbouncer_version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Else that of the program found here.")
    ] = None,
    passwords: Annotated[
        Literal["query", "list"] | None,
        typer.Option(help="Look hashes up, or keep a list; else look up where that has no hole."),
    ] = None,
    processes: _Processes = 4,
    connections: Annotated[int, typer.Option(min=4, help="To the server, at most.")] = 20,
    clients: Annotated[
        int | None, typer.Option(min=1, help="At most; else what the settings come to.")
    ] = None,
    listen: Annotated[list[str] | None, typer.Option(help="An address; else 127.0.0.1.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 6432,
    socket: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A socket's folder, beside the address.")
    ] = None,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where PgBouncer will find its files.")
    ] = Path("/etc/pgbouncer"),
    tls: _Tls = None,
    client_certificates: _ClientCertificates = False,
    watcher: Annotated[
        str | None, typer.Option(metavar="ROLE", help="Who may read its figures on the console.")
    ] = None,
    out: _Out = None,
    force: _Force = False,
) -> Answer:
    """PgBouncer in transaction mode: pgbouncer.ini, and the SQL that goes with it.

    It passes `tenantry prove --pgbouncer-ini`. The application's roles log in with their own passwords,
    of which it knows the hashes alone.
    """
    from tenantry.ops.config import pgbouncer as made
    from tenantry.ops.config.machine import Load

    settings = place.load()
    host, server_port, name = _server(settings, server)
    plan = made.Plan(
        load=Load.of(settings, processes), database=database or name,
        server=host, server_port=server_port,
        release=_release(pgbouncer_version) or made.NEWEST, passwords=passwords,
        connections=connections, clients=clients, listen=tuple(listen or ["127.0.0.1"]), port=port,
        socket=socket, folder=folder, tls=_absolute(tls),
        client_certificates=client_certificates, watcher=watcher,
    )  # fmt: skip
    return _told(made.files(plan, settings, "config pgbouncer"), out, force)


@command(app)
def postgres(
    *,
    version: Annotated[int, typer.Option(min=15, max=18, help="PostgreSQL's.")] = 18,
    memory: _Memory = None,
    cpus: _Cpus = None,
    disk: _Disk = "ssd",
    processes: _Processes = 4,
    pooled: Annotated[
        int | None,
        typer.Option("--pooled", metavar="CONNECTIONS", help="PgBouncer's, where there is one."),
    ] = None,
    pooler_network: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Where it comes from, if not from here."),
    ] = None,
    pooler_account: Annotated[str, typer.Option(help="Whom it runs as.")] = "postgres",
    feature: _Features = None,
    database: _Database = None,
    superuser: Annotated[str, typer.Option(help="The administrator's role.")] = "postgres",
    listen: Annotated[
        list[str] | None, typer.Option(help="An address; else this machine's own.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 5432,
    network: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Where the application comes from.")
    ] = None,
    tls: _Tls = None,
    client_certificates: _ClientCertificates = False,
    replicas: Annotated[int, typer.Option(min=0, help="Standbys.")] = 0,
    replica_network: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Where they come from.")
    ] = None,
    monitor: Annotated[
        str | None, typer.Option(metavar="ROLE", help="Who watches; else the login of monitor_url.")
    ] = None,
    backup: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Who takes backups; else the login of backup_url."),
    ] = None,
    archive_command: Annotated[
        str, typer.Option(metavar="COMMAND", help="Takes WAL away, for recovery to a moment.")
    ] = "",
    out: _Out = None,
    force: _Force = False,
) -> Answer:
    """PostgreSQL for this machine's size, or another's: tenantry.conf, pg_hba.conf, pg_ident.conf.

    Who may log in is said for exactly the roles there are; all others are refused. From other machines
    it is reached with TLS only.
    """
    from tenantry.ops.config import hba
    from tenantry.ops.config import postgres as made
    from tenantry.ops.config.machine import Load, Machine

    settings = place.load()
    words = "config postgres"
    networks = tuple(network or ()), tuple(pooler_network or ()), tuple(replica_network or ())
    addresses = tuple(listen or (("*",) if any(networks) else ()))
    plan = made.Plan(
        machine=Machine.here(memory, cpus, disk), load=Load.of(settings, processes),
        version=version, pooled=pooled, features=frozenset(feature or ()), listen=addresses,
        port=port, tls=_absolute(tls), replicas=replicas, archive_command=archive_command,
    )  # fmt: skip
    access = hba.Access(
        database=database or _server(settings, None)[2], superuser=superuser, networks=networks[0],
        tls=tls is not None, client_certificates=client_certificates, pooler=pooled is not None,
        pooler_account=pooler_account, pooler_networks=networks[1], replica_networks=networks[2],
        monitor=monitor or _login(settings.monitor_url), backup=backup or _login(settings.backup_url),
    )  # fmt: skip
    return _told([made.file(plan, words), *hba.files(access, words)], out, force)


@command(app)
def compose(
    *,
    version: Annotated[int, typer.Option(min=16, max=18, help="PostgreSQL's.")] = 17,
    memory: _Memory = None,
    cpus: _Cpus = None,
    processes: _Processes = 4,
    connections: Annotated[int, typer.Option(min=4, help="PgBouncer's to the server.")] = 20,
    network: Annotated[
        str, typer.Option(metavar="CIDR", help="The containers' own.")
    ] = "172.30.77.0/24",
    out: _Out = None,
    force: _Force = False,
) -> Answer:
    """Containers: PostgreSQL with AGE and pgvector, PgBouncer, Valkey, Qdrant, and pgAdmin on demand.

    With --out also the secrets and certificates they need, each made once and never written over.
    """
    from tenantry.ops.config import compose as made
    from tenantry.ops.config.machine import Load, Machine

    settings = place.load()
    plan = made.Plan(
        machine=Machine.here(memory, cpus), load=Load.of(settings, processes),
        version=version, connections=connections, network=network,
    )  # fmt: skip
    answer = _told(made.files(plan, settings, "config compose"), out, force)
    if out is not None:
        made.complete(out)
    return answer


@command(app)
def systemd(
    *,
    program: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The installed command; else this one.")
    ] = None,
    user: Annotated[str, typer.Option(help="The account that the units run as.")] = "tenantry",
    environment: Annotated[
        Path, typer.Option(metavar="FILE", help="The settings: see `config env`.")
    ] = Path("/etc/tenantry/tenantry.env"),
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="The project's, with tenantry.toml.")
    ] = Path("/srv/tenantry"),
    calendar: Annotated[str, typer.Option(help="When maintenance begins.")] = "*:0/15",
    out: _Out = None,
    force: _Force = False,
) -> Answer:
    """systemd units: the relay of events, and maintenance by a timer."""
    from tenantry.ops.config import systemd as made

    plan = made.Plan(
        program=program or _this_program(), user=user, environment=environment, folder=folder,
        calendar=calendar,
    )  # fmt: skip
    return _told(made.files(plan, "config systemd"), out, force)


@command(app)
def env(
    *,
    profile: Annotated[Literal["development", "production"], typer.Option()] = "development",
    out: _Out = None,
    force: _Force = False,
) -> Answer:
    """An environment file with every setting, its meaning and its default."""
    from tenantry.ops.config import env as made

    return _told([made.file(profile, "config env")], out, force)


@command(app)
def grafana(*, out: _Out = None, force: _Force = False) -> Answer:
    """A dashboard for Grafana, of the metrics that programs and `tenantry metrics` tell."""
    from tenantry.ops.config import grafana as made

    return _told([made.file()], out, force)


@command(app)
def alerts(*, out: _Out = None, force: _Force = False) -> Answer:
    """Alert rules for Prometheus. Each says which command explains it."""
    from tenantry.ops.config import alerts as made

    return _told([made.file("config alerts")], out, force)


@command(app)
def tls(
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The authority's folder.")] = Path("tls"),
    host: Annotated[
        list[str] | None, typer.Option(help="A name or address that PostgreSQL is reached by.")
    ] = None,
    pooler_host: Annotated[
        list[str] | None, typer.Option(help="One that PgBouncer is reached by.")
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help="A role to make a certificate for.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=825, help="How long they are valid.")] = 397,
    renew: Annotated[bool, typer.Option("--renew", help="Anew what is about to end.")] = False,
    within: Annotated[int, typer.Option(min=0, help="Days that `about to` means.")] = 30,
    revoke: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Put a certificate on the revoked ones' list."),
    ] = None,
) -> Answer:
    """A private certificate authority, with certificates of the server, the pooler and roles.

    For development and private networks. What is there already stays; a certificate that is renewed or
    revoked is moved aside. Keep ca.key elsewhere: who has it can be anybody.
    """
    from tenantry.ops.config import tls as made

    authority = made.Authority(out.absolute())
    if revoke is not None:
        done = authority.revoke(revoke)
    else:
        wanted = [made.server(host)] if host else []
        wanted += [made.pooler(pooler_host)] if pooler_host else []
        wanted += [made.client(role) for role in client or ()]
        if not wanted:
            raise InvalidInput(
                "Nothing is asked for.", field="host",
                hint="Name hosts by --host, roles by --client, or a certificate by --revoke.",
            )  # fmt: skip
        done = authority.provide(wanted, days=days, renew_within=within if renew else None)
    ends = {name: end.isoformat() for name, end in authority.ends().items()}
    lines = [f"{word}: {', '.join(names)}" for word, names in asdict(done).items() if names]
    return Answer({"folder": str(authority.folder), **asdict(done), "ends": ends}, "\n".join(lines))


def _told(files: Sequence[File], out: Path | None, force: bool) -> Answer:
    from tenantry.ops.config.files import together, write

    data: dict[str, Any]
    if out is None:
        data = {"files": [{"name": f.name, "text": f.text, "mode": f"{f.mode:04o}"} for f in files]}
        return Answer(data, together(files))
    written = write(files, out, force=force)
    return Answer({"written": written}, "\n".join(f"Wrote {path}" for path in written))


def _login(url: SecretStr | None) -> str | None:
    from tenantry.config import DatabaseUrl

    return DatabaseUrl.parse(url.get_secret_value()).user if url is not None else None


def _server(settings: Settings, said: str | None) -> tuple[str, int, str]:
    """Host or socket's folder, port and database: as said, else where the owner connects."""
    from tenantry.config import DatabaseUrl
    from tenantry.endpoints import DATABASE, is_embedded, servers

    url = DatabaseUrl(("/run/postgresql",), database=DATABASE)
    given = settings.owner_url or settings.database_url
    if given is not None:
        url = DatabaseUrl.parse(given.get_secret_value())
    elif is_embedded(settings):
        facts = servers(settings).status()[0]
        if facts.socket_dir is not None:
            url = DatabaseUrl((str(facts.socket_dir),), str(facts.port), database=DATABASE)
    host, port = _split(said or url.hosts[0], "" if said else url.port)
    return host, int(port or 5432), url.database or DATABASE


def _split(text: str, port: str) -> tuple[str, str]:
    from tenantry.config.hosts import split_port

    if text.startswith("/"):
        folder, _, named = text.partition(":")
        return folder, named or port
    try:
        host, named = split_port(text)
    except ValueError as error:
        raise InvalidInput(f"The server {error}.", field="server") from None
    return host, named or port


def _release(said: str | None) -> tuple[int, ...] | None:
    """The version that is named, else that of the program on this machine."""
    text = said
    if text is None:
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            return None
        ran = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
        text = ran.stdout.partition("\n")[0]
    numbers = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if numbers is None:
        raise InvalidInput(f"{said!r} is no version.", field="pgbouncer_version")
    return tuple(int(n or 0) for n in numbers.groups())


def _this_program() -> Path:
    return Path(shutil.which("tenantry") or Path(sys.executable).with_name("tenantry")).absolute()


def _absolute(folder: Path | None) -> Path | None:
    """As it is named on the server, which need not be this machine."""
    return None if folder is None else folder.absolute()
