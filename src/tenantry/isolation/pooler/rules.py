"""What a PgBouncer must not be: one function a rule, each saying what is wrong and of what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..findings import Finding, Severity
from ..subject import Connection, Subject
from .facts import PoolerFacts
from .password_query import password_query_findings
from .versions import holes

#: Facts, what is examined, and the database's name.
Judge = Callable[[PoolerFacts, Subject, str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    severity: Severity
    judge: Judge
    remediation: str


def _version(pooler: PoolerFacts, _: Subject, __: str) -> Iterator[str]:
    if found := holes(pooler.release):
        yield f"PgBouncer {pooler.version} has known holes: {found}."


def _statement_mode(pooler: PoolerFacts, subject: Subject, database: str) -> Iterator[str]:
    """Each statement is a transaction there, so no context can hold for the next one."""
    modes = pooler.modes(database, _ours(subject))
    named = [what for what, mode in modes.items() if mode == "statement"]
    if named:
        yield f"pool_mode is statement for {', '.join(named)}: a context ends before it is used."


def _reset(pooler: PoolerFacts, subject: Subject, database: str) -> Iterator[str]:
    modes = pooler.modes(database, _ours(subject))
    query = pooler["server_reset_query"]
    if "session" in modes.values() and "DISCARD ALL" not in query.upper():
        yield (
            f"server_reset_query is {query or 'empty'}: settings, temporary tables and locks of one"
            " client are the next one's."
        )


def _identity(pooler: PoolerFacts, subject: Subject, database: str) -> Iterator[str]:
    for entry in pooler.entries_to(database):
        if entry.user and entry.user not in subject.roles:
            yield f"Whoever logs in to {entry.name} becomes {entry.user}."


def _context(pooler: PoolerFacts, subject: Subject, database: str) -> Iterator[str]:
    for entry in pooler.entries_to(database):
        said = [name for name in subject.settings if name.lower() in entry.connect_query.lower()]
        if said:
            yield f"connect_query of {entry.name} sets {', '.join(said)}, for every client there."


def _parameters(pooler: PoolerFacts, subject: Subject, _: str) -> Iterator[str]:
    """Custom settings are not reported by the server, so a tracked one never reaches it either."""
    for name in ("ignore_startup_parameters", "track_extra_parameters"):
        dropped = sorted(pooler.words(name) & set(subject.settings))
        if dropped:
            yield (
                f"{name} has {', '.join(dropped)}: a client that names its tenant as it connects is"
                " let in, and what it said is dropped."
            )


def _authentication(pooler: PoolerFacts, _: Subject, __: str) -> Iterator[str]:
    if pooler["auth_type"] == "any":
        yield "auth_type is any: whoever reaches it is let in under any name, and rules its console."
    elif pooler["auth_type"] == "trust":
        yield "auth_type is trust: whoever reaches it is any role it knows, without a password."


def _passwords(pooler: PoolerFacts, _: Subject, __: str) -> Iterator[str]:
    if pooler["auth_type"] in {"plain", "md5"} and not (pooler.is_local or pooler.client_tls):
        yield f"auth_type is {pooler['auth_type']} on an open network: passwords can be read off it."


def _console(pooler: PoolerFacts, subject: Subject, _: str) -> Iterator[str]:
    if found := _ours(subject) & pooler.words("admin_users"):
        yield f"admin_users has {', '.join(sorted(found))}, who may end and redirect all clients."


def _statistics(pooler: PoolerFacts, subject: Subject, _: str) -> Iterator[str]:
    if found := _ours(subject) & pooler.words("stats_users"):
        yield f"stats_users has {', '.join(sorted(found))}, who see every client and setting."


def _tls(pooler: PoolerFacts, _: Subject, database: str) -> Iterator[str]:
    if not (pooler.is_local or pooler.client_tls):
        yield (
            f"It listens on {pooler['listen_addr']} with client_tls_sslmode ="
            f" {pooler['client_tls_sslmode']}: tenants' rows pass in the clear."
        )
    hosts = {e.host for e in pooler.entries_to(database) if not e.is_local}
    if hosts and pooler["server_tls_sslmode"] != "verify-full":
        yield (
            f"server_tls_sslmode is {pooler['server_tls_sslmode']} on the way to"
            f" {', '.join(sorted(hosts))}: another may answer in the server's place."
        )


def _ours(subject: Subject) -> set[str]:
    return {*subject.roles, *subject.service_roles}


RULES: tuple[Rule, ...] = (
    Rule("pooler-version", "warning", _version,
         "Update it; where the platform pins an old one, from apt.postgresql.org. Until then let it know"
         " the application's roles alone (no auth_query; the service and the owner connect directly),"
         " leave admin_users empty, and let only the application's machines reach it."),
    Rule("pooler-statement-mode", "error", _statement_mode, "Set pool_mode = transaction."),
    Rule("pooler-reset", "warning", _reset, "Set server_reset_query = DISCARD ALL, or pool_mode = transaction."),
    Rule("pooler-identity", "error", _identity, "Leave user= out, so that each role logs in as itself."),
    Rule("pooler-context", "error", _context, "Leave it out: the context is said for each transaction."),
    Rule("pooler-parameters", "warning", _parameters, "Take it off the list: such a client should be refused."),
    Rule("pooler-authentication", "error", _authentication, "Set auth_type = scram-sha-256."),
    Rule("pooler-passwords", "warning", _passwords, "Set auth_type = scram-sha-256, and client_tls_sslmode = require."),
    Rule("pooler-console", "error", _console, "Give the console a login of its own."),
    Rule("pooler-statistics", "warning", _statistics, "Give the console a login of its own."),
    Rule("pooler-tls", "warning", _tls, "Set client_tls_sslmode = require and server_tls_sslmode = verify-full."),
)  # fmt: skip


async def examine(
    connection: Connection, pooler: PoolerFacts, subject: Subject, database: str
) -> list[Finding]:
    """What is wrong with it; `connection` leads to the server behind it."""
    name = f"PgBouncer at {pooler.name}"
    found = [
        Finding(rule.name, rule.severity, name, detail, rule.remediation)
        for rule in RULES
        for detail in rule.judge(pooler, subject, database)
    ]
    return [*found, *await password_query_findings(connection, pooler, subject, database)]
