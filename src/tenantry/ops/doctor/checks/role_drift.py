"""Roles that are not as they were made: attributes, memberships, and the settings that stand on them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from tenantry.schema import roles

from ..check import Check, Patient
from ..finding import Advice, Finding, Severity

_ROLES = """
    SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS powerful,
           rolcanlogin, rolvaliduntil < now() AS ended, rolconnlimit
    FROM pg_roles WHERE rolname = ANY ($1)"""
_MEMBERSHIPS = """
    SELECT m.member::regrole::text AS member, m.roleid::regrole::text AS role
    FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member
    WHERE r.rolname = ANY ($1)"""
_SETTINGS = """
    SELECT r.rolname, c.setting FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole
    JOIN pg_database AS d ON d.oid = s.setdatabase CROSS JOIN unnest(s.setconfig) AS c (setting)
    WHERE d.datname = current_database()"""
_EVERY = (*roles.LOGINS, *roles.DEFINERS)
_SESSIONS = (roles.APP, roles.SERVICE, roles.READONLY)


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(CHECK.name, severity, name, what, why, advice)
        async for severity, name, what, why, advice in _drift(patient)
    ]


_Drift = tuple[Severity, str, str, str, Advice]


async def _drift(patient: Patient) -> AsyncIterator[_Drift]:
    rows = {row["rolname"]: row for row in await patient.server.fetch(_ROLES, [*_EVERY])}
    for name in _EVERY:
        if name not in rows:
            why = "What it owns or may do is not there, so calls of the application fail."
            # Whoever has the passwords keeps them.
            advice = Advice(
                "With an administrator's URL in TENANTRY_ADMIN_URL (and the passwords in use by"
                " --passwords-file, or new ones by --rotate):",
                shell=("tenantry init --rotate",),
            )
            yield "critical", name, f"There is no role {name}.", why, advice
            continue
        row = rows[name]
        login = name in roles.LOGINS
        if row["powerful"]:
            why = "It reaches what row security or ownership should keep from it."
            mended = (f"ALTER ROLE {name} {roles.ATTRIBUTES}",)
            what = f"{name} has the power of an administrator."
            yield "critical", name, what, why, Advice("As a superuser:", sql=mended)
        if row["rolcanlogin"] != login:
            what = f"{name} may {'not ' if login else ''}log in."
            why = (
                "The application cannot work as it."
                if login
                else "It owns functions, and nobody is to be it."
            )
            mended = (f"ALTER ROLE {name} {'LOGIN' if login else 'NOLOGIN'}",)
            advice = Advice("As a superuser:", sql=mended)
            yield "critical" if login else "warning", name, what, why, advice
        if login and (row["ended"] or row["rolconnlimit"] != -1):
            what = f"{name} has a password that ended, or a limit on its connections."
            why = "Connections are refused, or will be under load."
            mended = (f"ALTER ROLE {name} VALID UNTIL 'infinity' CONNECTION LIMIT -1",)
            yield "warning", name, what, why, Advice("As a superuser:", sql=mended)
    async for drift in _memberships(patient, {*rows}):
        yield drift
    async for drift in _settings(patient, {*rows}):
        yield drift


async def _memberships(patient: Patient, there: set[str]) -> AsyncIterator[_Drift]:
    found = {
        (row["member"], row["role"]) for row in await patient.server.fetch(_MEMBERSHIPS, [*_EVERY])
    }
    wanted = {(roles.OWNER, definer) for definer in roles.DEFINERS}
    for member, role in sorted(found - wanted):
        why = "It may do all that the other may."
        advice = Advice("As a superuser:", sql=(f"REVOKE {role} FROM {member}",))
        yield "critical", member, f"{member} is a member of {role}.", why, advice
    for member, role in sorted(wanted - found):
        if {member, role} <= there:
            why = "Migrations hand functions over to that role, and will fail."
            advice = Advice("As a superuser:", sql=(f"GRANT {role} TO {member}",))
            yield "warning", member, f"{member} is no member of {role}.", why, advice


async def _settings(patient: Patient, there: set[str]) -> AsyncIterator[_Drift]:
    [database] = await patient.server.fetchrow("SELECT current_database()") or [""]
    found: dict[str, dict[str, str]] = {}
    for row in await patient.server.fetch(_SETTINGS):
        name, _, value = row["setting"].partition("=")
        found.setdefault(row["rolname"], {})[name] = value
    for role in _SESSIONS:
        has = found.get(role, {})
        for name, value in roles.session_settings(role).items():
            if role in there and _plain(has.get(name, "")) != _plain(value):
                said = f"is {has[name]!r}" if name in has else "is not set"
                what = f"{name} {said} for {role} in this database; it was made {value!r}."
                why = "It bounds what a session of the application holds up, through a pooler too."
                mended = (roles.set_for(role, database, name),)
                yield "warning", f"{role}.{name}", what, why, Advice("As a superuser:", sql=mended)


def _plain(value: str) -> str:
    return re.sub(r'[\s"]', "", value)


CHECK = Check(
    "roles",
    "Roles whose attributes, memberships or settings are not as they were made",
    _look,
    why="A role reaches what it should not, or calls of the application fail.",
    mend="`ALTER ROLE`, `GRANT`, `REVOKE`; `tenantry init --rotate` for one that is gone",
)
