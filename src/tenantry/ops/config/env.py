"""A template of every setting, for an environment file."""

from __future__ import annotations

from textwrap import wrap
from typing import Literal

from pydantic.fields import FieldInfo

from tenantry.config import Settings
from tenantry.config.reference import default_in_words
from tenantry.config.settings import is_secret
from tenantry.config.sources import variable

from .files import File, header

Profile = Literal["development", "production"]

#: What production must or should say: setting -> how, without anything that is secret.
_PRODUCTION = {
    "profile": "production",
    "ssl_root_cert": "/etc/tenantry/tls/ca.crt",
}
_URL = "postgresql://tenantry_{role}:PASSWORD@db.example.org:5432/tenantry?sslmode=verify-full"
_EXAMPLES = {
    "database_url": _URL.format(role="app"),
    "owner_url": _URL.format(role="owner"),
    "service_url": _URL.format(role="service"),
    "readonly_url": _URL.format(role="readonly"),
    "backup_url": _URL.format(role="backup"),
    "monitor_url": _URL.format(role="monitor"),
    "pooler_url": "postgresql://watcher:PASSWORD@pooler.example.org:6432/pgbouncer?sslmode=verify-full",
    "replica_urls": _URL.format(role="readonly").replace("db.", "replica."),
    "redis_url": "rediss://:PASSWORD@cache.example.org:6379/0",
    "cache_url": "rediss://:PASSWORD@cache.example.org:6380/0",
    "jwt_secret_key": "(openssl rand -base64 48)",
    "jwt_accepted_keys": "(openssl rand -base64 48)",
    "secret_keys": "(tenantry secrets new-key)",
    "seal_keys": "(tenantry secrets new-key)",
    "backup_keys": "(tenantry secrets new-key)",
    "report_key": "(tenantry secrets new-signing-key)",
}


def file(profile: Profile, command: str) -> File:
    """Every setting with its meaning and default; in production the secrets come from files."""
    use = ["Read by systemd (EnvironmentFile=), Docker (env_file:) and `set -a; . ./FILE`."]
    if profile == "production":
        use += ["Secrets lie in files of mode 0600, which the _FILE variables name; the owner's URL is",
                "for migrations alone, and is best left out of the application's environment."]  # fmt: skip
    text = header(command, *use)
    for name, field in Settings.model_fields.items():
        meaning = f"{field.description} Default: {default_in_words(field)}."
        text += "".join(f"# {line}\n" for line in wrap(meaning.replace("`", ""), 98))
        text += _line(name, field, profile) + "\n\n"
    return File(".env" if profile == "development" else "tenantry.env", text.rstrip() + "\n", 0o600)


def _line(name: str, field: FieldInfo, profile: Profile) -> str:
    if is_secret(name):
        said = f"{variable(name)}={_EXAMPLES[name]}"
        if profile == "development":
            return f"#{said}"
        needed = "" if name == "database_url" else "#"
        return f"# In the file: {_EXAMPLES[name]}\n{needed}{variable(name)}_FILE=/etc/tenantry/secrets/{name}"
    if profile == "production" and name in _PRODUCTION:
        return f"{variable(name)}={_PRODUCTION[name]}"
    value = field.get_default()
    shown = "" if value is None or value == () or field.default_factory else value
    return (
        f"#{variable(name)}={shown:g}" if isinstance(shown, float) else f"#{variable(name)}={shown}"
    )
