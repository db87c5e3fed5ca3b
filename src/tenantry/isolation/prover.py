"""pgrls inside: its rules, and its proof of each table's policies."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tenantry.errors import DatabaseUnavailable, FeatureUnavailable, InvalidInput

from .exceptions import EVERYTHING, Excepted
from .findings import Finding
from .subject import Subject

if TYPE_CHECKING:
    import psycopg
    from pgrls.config import Config
    from pgrls.model import Schema, Table

_MODES: tuple[Literal["anon", "cross-tenant", "write"], ...] = ("anon", "cross-tenant", "write")
_PROPERTY = {
    "anon": "that no row is read without a context",
    "cross-tenant": "that no row of another tenant is read",
    "write": "that no row of another tenant is written",
}
#: libpq has no such words; asyncpg's and ours do.
_NOT_LIBPQ = frozenset({"command_timeout", "server_settings"})
#: The others of its rules are about speed and tidiness.
_ABOUT_ISOLATION = ("SEC", "VIEW")
_BY_PROJECT = "pgrls.toml of the project"


def prove_statically(
    url: str,
    subject: Subject,
    excepted: Iterable[Excepted],
    *,
    config: Path | None = None,
    prepare: str = "",
) -> list[Finding]:
    """Rules and proofs of pgrls at warning level and above. `prepare` is run first and undone."""
    driver = libpq_driver()
    from pgrls.introspect import introspect  # noqa: PLC0415

    try:
        with driver.connect(libpq(url), autocommit=False) as connection:
            _run(connection, prepare)
            schema = introspect(connection, schemas=[*subject.schemas])
            bound = _bound(connection, subject)
            connection.rollback()
    except driver.Error as error:
        raise DatabaseUnavailable("pgrls cannot read the catalog with this URL.") from error
    return [*_lint(schema, excepted, config), *_verify(schema, subject, bound)]


def libpq_driver() -> ModuleType:
    """psycopg, which comes with pgrls: an optional dependency, and half a second."""
    try:
        import pgrls  # noqa: F401, PLC0415
        import psycopg  # noqa: PLC0415
    except ImportError as error:
        raise FeatureUnavailable(
            "The static proof needs pgrls, which is not installed.",
            hint="pip install 'tenantry[prove]'",
            feature="prove",
        ) from error
    return psycopg


def _run(connection: psycopg.Connection[Any], sql: str) -> None:
    if sql:
        connection.execute(sql.encode())


def _lint(schema: Schema, excepted: Iterable[Excepted], path: Path | None) -> list[Finding]:
    from pgrls.rules import all_rules, load_extra_rules  # noqa: PLC0415
    from pgrls.violations import is_at_or_above  # noqa: PLC0415

    config = _config(excepted, path)
    found = []
    for rule in [*all_rules(), *load_extra_rules(config.extra_rules)]:
        if rule.id in config.disable:
            continue
        for violation in rule.check(schema, config.rule_options.get(rule.id, {})):
            severity = config.severity_overrides.get(rule.id, violation.severity)
            if is_at_or_above(severity, "warning"):
                words, _, advice = violation.message.partition(". ")
                found.append(
                    Finding(
                        f"pgrls-{rule.id}",
                        "error" if severity == "error" else "warning",
                        violation.location or "database",
                        f"{words}.".replace("..", "."),
                        advice or violation.title,
                    )
                )
    return found


def silenced(path: Path | None) -> list[Excepted]:
    """What the project's own pgrls.toml keeps pgrls from reporting: objects, whole rules, and whatever
    else it tells a rule, which may leave something out."""
    from pgrls.rules import all_rules  # noqa: PLC0415
    from pgrls.violations import is_at_or_above  # noqa: PLC0415

    config = _load(path)
    lowered = {
        rule.id
        for rule in all_rules()
        if is_at_or_above(rule.severity, "warning")
        and not is_at_or_above(config.severity_overrides.get(rule.id, "warning"), "warning")
    }
    whole = [Excepted(rule, EVERYTHING, _BY_PROJECT) for rule in {*config.disable, *lowered}]
    objects = [
        Excepted(rule, name, _BY_PROJECT)
        for rule, options in config.rule_options.items()
        for name in options.get("allowlist", ())
    ]
    told = [
        Excepted(rule, f"{name} = {json.dumps(value, default=str)}", _BY_PROJECT, is_option=True)
        for rule, options in config.rule_options.items()
        for name, value in options.items()
        if name != "allowlist"
    ]
    return sorted([*whole, *objects, *told], key=lambda e: (e.rule, e.object))


def silenced_findings(excepted: Iterable[Excepted]) -> list[Finding]:
    """A rule about isolation that is off, for every object there is or will be."""
    return [
        Finding(
            "silenced", "warning", e.rule, f"{e.rule} of pgrls is switched off: {e.reason}.",
            "List the objects that are meant so in the rule's allowlist.",
        )
        for e in excepted
        if e.object == EVERYTHING and e.rule.startswith(_ABOUT_ISOLATION)
    ]  # fmt: skip


def _load(path: Path | None) -> Config:
    from pgrls.config import Config, ConfigError, load_config  # noqa: PLC0415

    try:
        return load_config(path) if path is not None else Config()
    except ConfigError as error:
        raise InvalidInput(f"pgrls refuses {path}: {error}", field="pgrls_config") from error


def _config(excepted: Iterable[Excepted], path: Path | None) -> Config:
    """The exceptions of the schema's own, and those of the project's pgrls.toml."""
    config = _load(path)
    options = {rule: dict(values) for rule, values in config.rule_options.items()}
    for rule, objects in _by_rule(excepted).items():
        listed = options.setdefault(rule, {}).get("allowlist", [])
        options[rule]["allowlist"] = [*listed, *(e.object for e in objects)]
    return replace(config, rule_options=options)


def _bound(connection: psycopg.Connection[Any], subject: Subject) -> set[str]:
    """Whose policies are also tenants': their roles', those roles' groups', and everybody's."""
    groups = connection.execute(
        "SELECT g.rolname FROM pg_roles AS g WHERE EXISTS (SELECT FROM pg_roles AS r"
        " WHERE r.rolname = ANY (%s) AND pg_has_role(r.oid, g.oid, 'MEMBER'))",
        ([*subject.roles],),
    )
    return {*(name for (name,) in groups), "PUBLIC", "public"}


def _verify(schema: Schema, subject: Subject, bound: set[str]) -> list[Finding]:
    """What Z3 can prove of the policies that bind tenants' roles."""
    from pgrls.verify import DEFAULT_AUTH_FUNCTIONS, build_verification  # noqa: PLC0415

    tables = {str(t): t for t in subject.tables}
    narrowed = replace(
        schema,
        tables=tuple(_only_for(table, bound) for table in schema.tables if table.rls_enabled),
    )
    helpers = (
        {"tenantry.current_tenant_id", "tenantry.current_user_id"} if subject.installed else set()
    )
    found = []
    for mode in _MODES:
        proof = build_verification(
            narrowed,
            mode=mode,
            auth_functions={*DEFAULT_AUTH_FUNCTIONS, *helpers},
            anon_roles=set(subject.roles),
            identity_columns=frozenset(t.column for t in subject.tables),
        )
        for verdict in proof.tables:
            if verdict.qualified_name in tables and verdict.verdict != "isolated":
                reasons = [p.reason for p in verdict.proofs if p.reason]
                found.append(
                    Finding(
                        f"proof-{mode}",
                        "error" if verdict.verdict == "leak" else "warning",
                        verdict.qualified_name,
                        f"It cannot be proved {_PROPERTY[mode]}"
                        + (f": {reasons[0].split(' — ')[0]}." if reasons else "."),
                        "Compare the tenant's column with the context by =, in USING and WITH CHECK.",
                    )
                )
    return found


def _only_for(table: Table, roles: set[str]) -> Table:
    return replace(table, policies=tuple(p for p in table.policies if roles & set(p.roles)))


def pgrls_toml(schemas: Sequence[str], excepted: Iterable[Excepted]) -> str:
    """The exceptions as a file for `pgrls lint --config`: one object and one reason a line."""
    lines = [
        "# Written by `tenantry prove --pgrls-config`: what pgrls would report of this schema and is meant so.",
        "",
        "[database]",
        f"schemas = [{', '.join(map(_quoted, schemas))}]",
        "",
        "[lint]",
        'fail_on = "warning"',
    ]
    for rule, objects in _by_rule(excepted).items():
        lines += ["", f"[lint.rules.{rule}]", "allowlist = ["]
        lines += [f"  {_quoted(e.object)}, # {e.reason}" for e in objects]
        lines += ["]"]
    return "\n".join(lines) + "\n"


def _by_rule(excepted: Iterable[Excepted]) -> dict[str, list[Excepted]]:
    rules: dict[str, list[Excepted]] = defaultdict(list)
    for exception in excepted:
        if exception.object != EVERYTHING and not exception.is_option:
            rules[exception.rule].append(exception)
    return dict(sorted(rules.items()))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def libpq(url: str) -> str:
    """The URL without the words that libpq does not know."""
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query) if k not in _NOT_LIBPQ]
    return urlunsplit(parts._replace(query=urlencode(query)))
