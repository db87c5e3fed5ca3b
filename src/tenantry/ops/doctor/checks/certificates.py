"""Certificates that end soon: the servers' by asking them, and the files that this program uses."""

from __future__ import annotations

import asyncio
import shlex
from datetime import datetime
from pathlib import Path

from cryptography import x509

from ..check import Check, Patient
from ..doors import Door, doors, files, hosts_asked, shown_at
from ..finding import Advice, Finding
from ..mending import shown

#: A bundle of many authorities (a system's) is kept by the system.
_BUNDLE = 5


async def _look(patient: Patient) -> list[Finding]:
    found: list[Finding | None] = []
    for door in doors(patient.settings):
        try:
            certificate = await shown_at(door)
        except (OSError, TimeoutError):
            continue  # that it is away is another check's finding
        if certificate is not None:
            found.append(_judged(patient, str(door), certificate, await _renewed(patient, door)))
    for path, named in files(patient.settings).items():
        found += await asyncio.to_thread(_of_file, patient, path, named)
    return [finding for finding in found if finding]


def _judged(
    patient: Patient, name: str, certificate: x509.Certificate, advice: Advice
) -> Finding | None:
    end = certificate.not_valid_after_utc
    left = end - patient.now()
    if left > patient.limits.certificate:
        return None
    over = left.total_seconds() <= 0
    says = f"ended on {end:%Y-%m-%d}" if over else f"ends on {end:%Y-%m-%d}, in {left.days} days"
    return Finding(
        CHECK.name,
        "critical" if over else "warning",
        name,
        f"The certificate of {name} {says}.",
        "From then on every connection that verifies it is refused.",
        advice,
    )


async def _renewed(patient: Patient, door: Door) -> Advice:
    """The server's, in the folder that it reads it from."""
    folder = Path(await shown(patient, "ssl_cert_file") or "tls/server.crt").parent
    return Advice(
        f"Where `tenantry config tls` made it, in the folder with ca.key; the server's is {folder}."
        " It reads the new one after pg_ctl reload:",
        shell=(
            f"tenantry config tls --renew --within {patient.limits.certificate.days} --host {door.host}"
            f" --out {shlex.quote(str(folder))}",
            f"pg_ctl reload -D {shlex.quote(await shown(patient, 'data_directory'))}",
        ),
    )


def _of_file(patient: Patient, path: Path, named: str) -> list[Finding | None]:
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return [_unreadable(patient, path, named)]
    if len(certificates) > _BUNDLE:
        return []
    within = patient.limits.certificate.days
    folder = shlex.quote(str(path.parent))
    if "root" in named:
        advice = Advice(
            "Make a new authority in another folder, and let both be believed until every certificate is"
            " of the new one:",
            shell=(f"tenantry config tls {hosts_asked(patient.settings)} --out {folder}-new",),
        )
    else:
        shell = f"tenantry config tls --renew --within {within} --client {path.stem} --out {folder}"
        advice = Advice("Where `tenantry config tls` made it:", shell=(shell,))
    ends: dict[datetime, x509.Certificate] = {c.not_valid_after_utc: c for c in certificates}
    return [_judged(patient, f"{path} ({named})", ends[min(ends)], advice)]


def _unreadable(patient: Patient, path: Path, named: str) -> Finding:
    return Finding(
        CHECK.name,
        "critical",
        f"{path} ({named})",
        f"{path}, which {named} names, is no certificate that can be read.",
        "Connections that need it fail.",
        Advice(
            "Put it back, or make one:",
            shell=(
                f"tenantry config tls {hosts_asked(patient.settings)} --out {shlex.quote(str(path.parent))}",
            ),
        ),
    )


CHECK = Check(
    "certificates",
    "Certificates of servers, of this program or of authorities that end soon",
    _look,
    why="From its end on, every connection that verifies it is refused.",
    mend="`tenantry config tls --renew`",
)
