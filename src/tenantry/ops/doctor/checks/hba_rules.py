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
    SELECT to_jsonb(r) ->> 'file_name' AS file, line_number, type, user_name, address, auth_method, options, error,
           address IS NOT NULL AND address NOT IN ('127.0.0.1', '::1', 'localhost', 'samehost') AS outside
    FROM pg_hba_file_rules AS r WHERE auth_method IS DISTINCT FROM 'reject' ORDER BY line_number"""
_SCRAM = "scram-sha-256"


async def rules(patient: Patient) -> list[asyncpg.Record] | None:
    """None where this login may not see them."""
    if not await patient.server.fetchval(_MAY):
        return None
    return list(await patient.server.fetch(_SQL))


async def _look(patient: Patient) -> list[Finding]:
    found = []
    tls = await shown(patient, "ssl") == "on"
    for rule in await rules(patient) or ():
        file = rule["file"] or await shown(patient, "hba_file")
        for severity, what, old, new in _faults(rule, tls=tls):
            line = rule["line_number"]
            mended = f"sed -i '{line}s/{old}/{new}/' {shlex.quote(file)}"
            reload = f"pg_ctl reload -D {shlex.quote(await shown(patient, 'data_directory'))}"
            found.append(
                Finding(
                    CHECK.name,
                    severity,
                    f"line {line} of {file}: {old}",
                    f"Line {line} of {file} {what}.",
                    CHECK.why,
                    Advice(
                        "`tenantry config postgres` makes a pg_hba.conf for exactly the roles there are. This"
                        " line alone, on the server:",
                        shell=(mended, reload),
                    ),
                )
            )
    return found


def _faults(rule: asyncpg.Record, *, tls: bool) -> Iterator[tuple[Severity, str, str, str]]:
    """How bad, what, and what is to be replaced by what."""
    method = rule["auth_method"]
    if method is None:
        what = f"is not understood ({rule['error']}), so that no change to the file holds"
        yield "critical", what, "^", "# "
    elif method == "trust":
        yield "critical", "lets in whoever comes, without a password", method, _SCRAM
    elif method == "password":
        yield "critical", "asks for a password that is sent in the clear", method, _SCRAM
    elif method == "md5":
        yield "warning", "takes MD5 for a proof of the password", method, _SCRAM
    if rule["outside"] and rule["type"] in ("host", "hostnossl"):
        # Where there is no TLS no such line may be; with it, the line holds for connections by it.
        old, new = (rf"^\s*{rule['type']}\b", "hostssl") if tls else ("^", "# ")
        yield "critical", "lets in other machines without TLS", old, new


CHECK = Check(
    "hba-rules",
    "Lines of pg_hba.conf that let in too easily, or without TLS",
    _look,
    why="Whoever reaches the server's port, or reads the network, can be one of its roles.",
    mend="`tenantry config postgres`, or that line by `sed` and `pg_ctl reload`",
)
