"""What the `production` profile refuses.

Faults that show in the settings are found at load; `role_problems` and `schema_problems` judge
what only a live database can tell, from facts that the one who connects has read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenantry.config.problems import Problem
from tenantry.config.redis_url import RedisUrl
from tenantry.config.urls import DatabaseUrl
from tenantry.config.weakness import weak_key, weak_password

if TYPE_CHECKING:
    from tenantry.config.settings import Settings

_NO_TLS = "Add sslmode=verify-full; only unix sockets and the loopback may do without."


def production_problems(settings: Settings) -> list[Problem]:
    """Everything about these settings that production must not run with."""
    return [
        *_missing(settings),
        *tls_problems(settings),
        *password_problems(settings),
        *_roles(settings),
        *key_problems(settings),
    ]


def database_urls(settings: Settings) -> Iterator[tuple[str, DatabaseUrl]]:
    named = (
        ("database_url", settings.database_url),
        ("owner_url", settings.owner_url),
        ("service_url", settings.service_url),
        ("readonly_url", settings.readonly_url),
        ("pooler_url", settings.pooler_url),
        ("backup_url", settings.backup_url),
        ("monitor_url", settings.monitor_url),
        *(("replica_urls", url) for url in settings.replica_urls),
    )
    for name, secret in named:
        if secret is not None:
            yield name, DatabaseUrl.parse(secret.get_secret_value())


def _missing(settings: Settings) -> Iterator[Problem]:
    if settings.database_url is None:
        yield Problem(
            "database_url",
            "Production needs database_url: the embedded server is for development.",
            "Set TENANTRY_DATABASE_URL.",
        )


def tls_problems(settings: Settings) -> Iterator[Problem]:
    """Ways to servers on which somebody could listen, or answer in their place."""
    for name, url in database_urls(settings):
        if url.sslmode != "verify-full" and not url.is_local:
            yield Problem(name, f"{name} does not verify the server's certificate.", _NO_TLS)
    for name, redis in _redis_urls(settings):
        if not (redis.verified or redis.is_local):
            yield Problem(
                name,
                f"{name} does not verify the server's certificate.",
                "Use rediss://; only unix sockets and the loopback may do without.",
            )


def password_problems(settings: Settings) -> Iterator[Problem]:
    """Passwords in URLs that are among the first to be tried."""
    urls: list[tuple[str, DatabaseUrl | RedisUrl]] = [
        *database_urls(settings),
        *_redis_urls(settings),
    ]
    for name, url in urls:
        if url.password and (why := weak_password(url.password, url.user)):
            yield Problem(name, f"The password in {name} {why}.", "Generate a random one.")


def _roles(settings: Settings) -> Iterator[Problem]:
    users: dict[str, str | None] = {}
    for name, url in database_urls(settings):
        users.setdefault(name, url.user)
    # Without a user a driver takes the operating system's, so two URLs without one are one role.
    for privileged in ("owner_url", "service_url"):
        for name, user in users.items():
            rival = name != privileged and (privileged, name) != ("service_url", "owner_url")
            if rival and privileged in users and user == users[privileged]:
                yield Problem(
                    name,
                    f"{name} connects as the same role as {privileged}.",
                    "Each role has its own login; `tenantry init` creates them.",
                )


def _redis_urls(settings: Settings) -> Iterator[tuple[str, RedisUrl]]:
    for name in ("redis_url", "cache_url"):
        given = getattr(settings, name)
        if given is not None:
            yield name, RedisUrl.parse(given.get_secret_value())


def key_problems(settings: Settings) -> Iterator[Problem]:
    # Tenantry signs nothing of its own with them, so a platform without tokens needs none.
    keys = [("jwt_accepted_keys", key) for key in settings.jwt_accepted_keys]
    if settings.jwt_secret_key is not None:
        keys.insert(0, ("jwt_secret_key", settings.jwt_secret_key))
    for name, key in keys:
        if why := weak_key(key.get_secret_value()):
            hint = "Generate one with: openssl rand -base64 48"
            yield Problem(name, f"The key in {name} {why}.", hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """What a live server says about the role that a URL connects as."""

    name: str
    superuser: bool = False
    bypasses_rls: bool = False
    creates_roles: bool = False
    owns_tables: bool = False


def role_problems(role: RoleFacts, setting: str = "database_url") -> list[Problem]:
    """Why a role must not serve as the app role."""
    faults = {
        "is a superuser": role.superuser,
        "bypasses row-level security": role.bypasses_rls and not role.superuser,
        "may create roles": role.creates_roles and not role.superuser,
        "owns tables of Tenantry": role.owns_tables,
    }
    hint = "Connect as the app role that `tenantry init` creates."
    return [
        Problem(setting, f"{setting} connects as {role.name}, which {fault}.", hint)
        for fault, is_so in faults.items()
        if is_so
    ]


def schema_problems(current: str | None, head: str) -> list[Problem]:
    """Why a database's revision is not one that production runs on."""
    if current == head:
        return []
    at = f"at revision {current}" if current else "not migrated"
    return [
        Problem(
            "database_url",
            f"The database is {at}, and this program needs {head}.",
            "Run `tenantry migrate up` with the owner's URL.",
        )
    ]
