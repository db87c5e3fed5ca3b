"""Who pg_hba.conf lets in without a password, with a readable one, or without TLS."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import asyncpg

from ..check import Check, Patient
from ..finding import Advice, Finding, Severity
from ..mending import shown

_MAY = """
    SELECT has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
       AND has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')"""
_SQL = """
    SELECT to_jsonb(r) ->> 'file_name' AS file, line_number, type, user_name, address, auth_method, error,
           address IS NOT NULL AND address NOT IN ('127.0.0.1', '::1', 'localhost', 'samehost') AS outside
    FROM pg_hba_file_rules AS r WHERE auth_method IS DISTINCT FROM 'reject' ORDER BY line_number"""


async def rules(patient: Patient) -> list[asyncpg.Record] | None:
    """None where this login may not see them."""
    if not await patient.server.fetchval(_MAY):
        return None
    return list(await patient.server.fetch(_SQL))


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for rule in await rules(patient) or ():
        file = rule["file"] or await shown(patient, "hba_file")
        for severity, what, old, new in _faults(rule):
            line = rule["line_number"]
            mended = f"sed -i '{line}s/{old}/{new}/' {shlex.quote(file)}"
            reload = f"pg_ctl reload -D {shlex.quote(await shown(patient, 'data_directory'))}"
            found.append(
                Finding(
                    CHECK.name, severity, f"line {line} of {file}: {rule['auth_method'] or 'error'}",
                    f"Line {line} of {file} {what}.",
                    "Whoever reaches the server's port, or reads the network, can be one of its roles.",
                    Advice(
                        "`tenantry config postgres` makes a pg_hba.conf for exactly the roles there are. This"
                        " line alone, on the server:",
                        shell=(mended, reload),
                    ),
                )  # fmt: skip
            )
    return found


def _faults(rule: asyncpg.Record) -> Iterator[tuple[Severity, str, str, str]]:
    method = rule["auth_method"]
    if rule["error"]:
        yield "critical", f"is not understood ({rule['error']}), so the whole file is not", "^", "# "
    elif method == "trust":
        yield "critical", "lets in whoever comes, without a password", "trust", "scram-sha-256"
    elif method == "password":
        yield "critical", "asks for a password that is sent in the clear", "password", "scram-sha-256"
    elif method == "md5":
        yield "warning", "takes MD5 for a proof of the password", "md5", "scram-sha-256"
    if rule["outside"] and rule["type"] in ("host", "hostnossl"):
        yield "critical", "lets in other machines without TLS", rf"^\(\s*\){rule['type']}\b", r"\1hostssl"


CHECK = Check("hba-rules", "Lines of pg_hba.conf that let in too easily, or without TLS", _look)
