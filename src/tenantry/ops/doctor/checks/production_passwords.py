"""Passwords that are among the first to be tried: in the settings' URLs, and in the server."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from functools import lru_cache

from tenantry.config.production import password_problems
from tenantry.config.weakness import GUESSES
from tenantry.schema.roles import LOGINS

from ..check import Check, NotSeen, Patient
from ..finding import Advice, Finding

_HASHES = """
    SELECT rolname, rolpassword FROM pg_authid
    WHERE rolcanlogin AND rolpassword IS NOT NULL AND (rolvaliduntil IS NULL OR rolvaliduntil > now())"""
_WHY = "Default passwords are in every list that is tried against a server that can be reached."
_INIT = "tenantry init --rotate --env-file tenantry-rotated.env"


async def _look(patient: Patient) -> list[Finding]:
    found = [
        _finding(
            problem.setting,
            problem.message,
            Advice(
                "With an administrator's URL in TENANTRY_ADMIN_URL; for Redis, a new requirepass:",
                shell=(_INIT,),
            ),
        )
        for problem in password_problems(patient.settings)
    ]
    if not await patient.server.fetchval(
        "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
    ):
        raise NotSeen(
            "This login does not see how roles' passwords are kept; only those in the settings were tried.",
            found=found,
            hint="Once, with a superuser's URL in TENANTRY_MONITOR_URL: tenantry doctor"
            " production-passwords",
        )
    rows = await patient.server.fetch(_HASHES)
    for row in rows:
        name = row["rolname"]
        if await asyncio.to_thread(_guessed, row["rolpassword"], name):
            mended = Advice(
                f"Choose a new one with \\password {name} in psql. Until then nobody comes in by it:",
                sql=(f'ALTER ROLE "{name}" PASSWORD NULL',),
            )
            rotated = Advice("With an administrator's URL in TENANTRY_ADMIN_URL:", shell=(_INIT,))
            what = f"The password of {name} is a default, or its name."
            found.append(_finding(name, what, rotated if name in LOGINS else mended))
    return found


def _finding(name: str, what: str, advice: Advice) -> Finding:
    return Finding(CHECK.name, "critical", name, what, _WHY, advice)


@lru_cache(maxsize=256)
def _guessed(kept: str, user: str) -> bool:
    """Whether a default, or the name, gives this hash. A hundred guesses take a quarter of a second."""
    guesses = {*GUESSES, user}
    if kept.startswith("md5"):
        return any(_md5(guess, user) == kept for guess in guesses)
    try:
        _, costs, keys = kept.split("$")
        rounds, salt = costs.split(":")
        stored = base64.b64decode(keys.split(":")[0])
        return any(
            _stored_key(guess, base64.b64decode(salt), int(rounds)) == stored for guess in guesses
        )
    except (ValueError, binascii.Error):
        return False  # of another method, which nobody can try here


def _md5(password: str, user: str) -> str:
    return "md5" + hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()


def _stored_key(password: str, salt: bytes, rounds: int) -> bytes:
    """RFC 5802's, for passwords of ASCII."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    return hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()


CHECK = Check(
    "production-passwords",
    "Default passwords, and ones that are the role's name",
    _look,
    production=True,
    why="They are in every list that is tried against a server that can be reached.",
    mend="`tenantry init --rotate`; `\\password` in psql",
)
