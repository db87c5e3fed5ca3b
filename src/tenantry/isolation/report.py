"""A proof as others read it: JSON, SARIF for code scanning, and a page for a reviewer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from tenantry.signing import SigningKey

from .attacks.results import Verdict
from .findings import Finding
from .proof import Proof
from .signed import close_page, sign_data

#: What begins a tag, a link, a cell or an escape.
_MARKS = re.compile(r"[\\<|\[]")
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_data(proof: Proof, key: SigningKey | None = None) -> dict[str, Any]:
    """Everything, in JSON's own types, signed where there is a key."""
    return sign_data(_data(proof), key)


def _data(proof: Proof) -> dict[str, Any]:
    return {
        "ok": proof.ok,
        "server": proof.server,
        "database": proof.database,
        "installed": proof.subject.installed,
        "examined": proof.examined.isoformat(timespec="seconds"),
        "seconds": round(proof.seconds, 2),
        "tables": [str(table) for table in proof.subject.tables],
        "roles": [*proof.subject.roles],
        "checks": proof.checks,
        "findings": [_finding(f) for f in proof.findings],
        "poolers": _poolers(proof),
        **_attacked(proof),
        "attacks": [
            {
                "number": a.number,
                "title": a.title,
                "verdict": a.verdict.value,
                "tries": a.tries,
                "note": a.note,
            }
            for a in proof.attacks
        ],
        "exceptions": [
            {"rule": e.rule, "object": e.object, "reason": e.reason} for e in proof.excepted
        ],
    }


def _attacked(proof: Proof) -> dict[str, Any]:
    """Whether attacks were made, which an empty list of findings does not tell."""
    return {"attacked": not proof.unattacked, "unattacked": proof.unattacked}


def _poolers(proof: Proof) -> dict[str, Any]:
    """What stands before the server, as far as it could be looked at."""
    return {
        "looked_at": [
            {"name": p.name, "version": p.version, "not_seen": [*p.left_out(proof.database)]}
            for p in proof.pooler.poolers
        ],
        "not_looked_at": [{"name": name, "why": why} for name, why in proof.pooler.unseen],
        "words": proof.pooler.words(proof.database),
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "key": finding.key,
        "check": finding.check,
        "severity": finding.severity,
        "object": finding.object,
        "detail": finding.detail,
        "remediation": finding.remediation,
    }


def as_sarif(proof: Proof, version: str) -> dict[str, Any]:
    """SARIF 2.1.0. A catalog has no files, so results name logical locations."""
    rules = {f.check: f for f in proof.findings}
    return {
        "$schema": _SARIF,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "tenantry prove",
                        "version": version,
                        "rules": [
                            {"id": name, "shortDescription": {"text": name.replace("-", " ")}, "help": {"text": f.remediation}}
                            for name, f in sorted(rules.items())
                        ],
                    }
                },
                "properties": {**_attacked(proof), "poolers": _poolers(proof)},
                "results": [
                    {
                        "ruleId": f.check,
                        "level": f.severity,
                        "message": {"text": f"{f.object}: {f.detail} {f.remediation}"},
                        "locations": [{"logicalLocations": [{"fullyQualifiedName": f.object}]}],
                        "partialFingerprints": {"tenantry/v1": hashlib.sha256(f.key.encode()).hexdigest()},
                    }
                    for f in proof.findings
                ],
            }
        ],
    }  # fmt: skip


def as_page(proof: Proof, key: SigningKey | None = None) -> str:
    """Markdown for a reviewer, closed by the digest of what stands above it, and a signature."""
    lines = [
        "# Tenant isolation of a database",
        "",
        f"Database {_code(proof.database)} on PostgreSQL {proof.server}, examined on"
        f" {proof.examined:%Y-%m-%d %H:%M} UTC"
        f" in {proof.seconds:.1f} s.",
        "",
        f"* {len(proof.subject.tables)} tables and partitions with tenants' rows",
        f"* roles that work for a tenant: {', '.join(map(_code, proof.subject.roles))}",
        f"* {proof.checks} checks of the catalog, the rules of pgrls, and Z3's proof of every policy",
        f"* {_attempted(proof)}",
        f"* {_shown(proof.pooler.words(proof.database))}",
        "",
        f"**{_count(len(proof.findings), 'finding')}.**",
        "",
    ]
    if proof.findings:
        lines += _table(
            ("Severity", "Check", "Object", "Detail", "Remediation"),
            ((f.severity, f.check, f.object, f.detail, f.remediation) for f in proof.findings),
        )
    lines += ["## Attacks", ""]
    lines += _table(
        ("#", "Attack", "Verdict", "Tries", "Note"),
        ((a.number, a.title, a.verdict.value, a.tries, a.note) for a in proof.attacks),
    )
    lines += ["## Exceptions", "", "What pgrls would report and is meant so.", ""]
    lines += _table(
        ("Rule", "Object", "Reason"), ((e.rule, e.object, e.reason) for e in proof.excepted)
    )
    return close_page("\n".join(lines).rstrip() + "\n", key)


def _attempted(proof: Proof) -> str:
    if proof.unattacked:
        return f"**{proof.unattacked}**"
    failed = sum(1 for a in proof.attacks if a.verdict is Verdict.FAILED)
    tries = sum(a.tries for a in proof.attacks)
    return f"{failed} of {len(proof.attacks)} attacks tried and failed, in {tries} tries"


def as_json_text(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    names = [*head]
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(map(_shown, row))} |" for row in rows]
    return [*lines, ""]


def _shown(text: object) -> str:
    """Words that hold names of somebody's: in one line, and none of it is the page's own markup."""
    return _MARKS.sub(r"\\\g<0>", _line(text))


def _code(name: str) -> str:
    inside = _line(name).replace("`", "'")
    return f"`{inside}`"


def _line(text: object) -> str:
    one = " ".join(str(text).split())
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in one)
