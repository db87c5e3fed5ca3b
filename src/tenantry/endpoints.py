"""Where each role reaches the database: the settings' URLs, else the embedded server."""

from __future__ import annotations

from typing import Literal

from tenantry.config import Settings
from tenantry.config.urls import DatabaseUrl
from tenantry.errors import ConfigurationError
from tenantry.local import SUPERUSER, LocalServers

Role = Literal["app", "service", "readonly", "owner"]

#: The embedded server's database.
DATABASE = "tenantry"
_SETTING: dict[Role, str] = {
    "app": "database_url",
    "service": "service_url",
    "readonly": "readonly_url",
    "owner": "owner_url",
}


def is_embedded(settings: Settings) -> bool:
    """No URL is set, so the embedded server is meant."""
    return all(getattr(settings, name) is None for name in _SETTING.values())


def servers(settings: Settings) -> LocalServers:
    return LocalServers(settings.home, pg_bin=settings.pg_bin)


def url_for(settings: Settings, role: Role) -> str:
    """The URL of a role, with its password: not for logs."""
    name = _SETTING[role]
    given = getattr(settings, name)
    if given is not None:
        return _to_the_primary(given.get_secret_value())
    if not is_embedded(settings):
        raise ConfigurationError(
            f"TENANTRY_{name.upper()} is not set, and this needs the {role} role.",
            setting=name,
            hint=f"Set it to a URL that logs in as tenantry_{role}.",
        )
    return servers(settings).postgres_url(f"tenantry_{role}", DATABASE)


def _to_the_primary(text: str) -> str:
    """Of several hosts the one that takes writes is meant, unless the URL says otherwise."""
    if "," not in text:
        return text
    url = DatabaseUrl.parse(text)
    if len(url.hosts) < 2:
        return text
    return str(url.with_params(target_session_attrs="read-write"))


def superuser_url(local: LocalServers, database: str = "postgres") -> str:
    return local.postgres_url(SUPERUSER, database)


def monitor_url(settings: Settings) -> str:
    """Where one sees what the server does, with its password: not for logs."""
    if settings.monitor_url is not None:
        return _to_the_primary(settings.monitor_url.get_secret_value())
    if is_embedded(settings):
        return superuser_url(servers(settings), DATABASE)
    return url_for(settings, "owner")


def redis_url(settings: Settings) -> str:
    """Where locks, sessions, limits and streams are kept, with its password: not for logs."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    if not is_embedded(settings):
        raise ConfigurationError(
            "TENANTRY_REDIS_URL is not set, and this needs Redis or Valkey.",
            setting="redis_url",
            hint="Set it to a URL such as redis://:password@host:6379/0.",
        )
    return servers(settings).valkey_url()


def has_redis(settings: Settings) -> bool:
    """Whether there is a Redis or Valkey: the settings', or an embedded one that was ever started."""
    if settings.redis_url is not None:
        return True
    return is_embedded(settings) and servers(settings).status()[1].port is not None


def cache_url(settings: Settings) -> str:
    """Where the cache is, with its password: not for logs."""
    if settings.cache_url is not None:
        return settings.cache_url.get_secret_value()
    return redis_url(settings)
