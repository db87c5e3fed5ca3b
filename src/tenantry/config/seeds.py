"""Names that platforms already use: DATABASE_URL, POSTGRES_*, REDIS_*, JWT_SECRET_KEY.

They count below every `TENANTRY_*` name and every secrets provider, and above tenantry.toml: they
belong to the deployment, the file to the source code.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from pydantic import SecretStr

from tenantry.config.hosts import bracketed, check_port, split_port
from tenantry.config.problems import Problem
from tenantry.config.sources import Found, Layer, found, read_variable
from tenantry.config.urls import DatabaseUrl, split_urls

SEED_NAMES = {
    "DATABASE_URL": "database_url",
    "DATABASE_POOL_SIZE": "pool_max",
    "DATABASE_REPLICA_URL": "replica_urls",
    "DATABASE_SSL": "database_url",
    "POSTGRES_HOST": "database_url",
    "POSTGRES_PORT": "database_url",
    "POSTGRES_DB": "database_url",
    "POSTGRES_USER": "database_url",
    "POSTGRES_PASSWORD": "database_url",
    "REDIS_HOST": "redis_url",
    "REDIS_PORT": "redis_url",
    "REDIS_PASSWORD": "redis_url",
    "REDIS_DB": "redis_url",
    "REDIS_SSL": "redis_url",
    "JWT_SECRET_KEY": "jwt_secret_key",
}
_WORDS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "no", "off"), False
)


def seed_names(wanted: Collection[str], problems: list[Problem]) -> Layer:
    """What these names give of the wanted settings; names that cannot count are not read."""
    seeds = _Seeds(wanted, problems)
    return {
        name: value
        for name, value in {
            "database_url": seeds.with_tls(seeds.get("DATABASE_URL") or seeds.postgres()),
            "replica_urls": seeds.with_tls(seeds.get("DATABASE_REPLICA_URL")),
            "pool_max": seeds.get("DATABASE_POOL_SIZE"),
            "redis_url": seeds.redis(),
            "jwt_secret_key": seeds.get("JWT_SECRET_KEY"),
        }.items()
        if value and name in wanted
    }


class _Seeds:
    def __init__(self, wanted: Collection[str], problems: list[Problem]) -> None:
        self.wanted = wanted
        self.problems = problems

    def get(self, name: str) -> Found | None:
        setting = SEED_NAMES[name]
        if setting not in self.wanted:
            return None
        return read_variable(name, setting, self.problems)

    def group(self, prefix: str, *names: str) -> dict[str, Found]:
        read = {name: self.get(f"{prefix}_{name}") for name in names}
        # Kubernetes sets REDIS_PORT=tcp://… for a service named "redis": that is no port.
        return {
            name: value
            for name, value in read.items()
            if value and not (name == "PORT" and _text(value).startswith("tcp://"))
        }

    def flag(self, name: str) -> bool | None:
        value = self.get(name)
        if value is None:
            return None
        flag = _WORDS.get(_text(value).strip().lower())
        if flag is None:
            self.problems.append(Problem(SEED_NAMES[name], f"{name} must be true or false."))
        return flag

    def postgres(self) -> Found | None:
        parts = self.group("POSTGRES", "HOST", "PORT", "DB", "USER", "PASSWORD")
        if not parts.keys() - {"PASSWORD"}:
            return None  # a password alone names no database
        text = {name: _text(value) for name, value in parts.items()}
        user = text.get("USER", "postgres")
        source = ", ".join(value.source for value in parts.values())
        try:
            url = DatabaseUrl.compose(
                host=text.get("HOST", "localhost"),
                port=text.get("PORT", "5432"),
                user=user,
                password=text.get("PASSWORD"),
                database=text.get("DB", user),
            )
        except ValueError:
            fault = "POSTGRES_HOST and POSTGRES_PORT do not name a server."
            self.problems.append(Problem("database_url", fault))
            return None
        return found("database_url", str(url), source)

    def with_tls(self, value: Found | None) -> Found | None:
        """DATABASE_SSL says what a URL leaves open; TLS that it asks for is always verified."""
        if value is None or (wanted := self.flag("DATABASE_SSL")) is None:
            return value
        sslmode = "verify-full" if wanted else "disable"
        try:
            urls = [
                str(DatabaseUrl.parse(url).with_params(sslmode=sslmode))
                for url in split_urls(_text(value))
            ]
        except ValueError:
            return value  # the setting itself reports a malformed URL
        return found("database_url", ",".join(urls), f"{value.source} with DATABASE_SSL")

    def redis(self) -> Found | None:
        parts = self.group("REDIS", "HOST", "PORT", "PASSWORD", "DB")
        if not parts.keys() - {"PASSWORD"}:
            return None
        text = {name: _text(value) for name, value in parts.items()}
        host, port = bracketed(text.get("HOST", "localhost")), text.get("PORT", "6379")
        database = text.get("DB", "0")
        try:
            split_port(host)
            check_port(port)
            usable = database.isdecimal()
        except ValueError:
            usable = False
        if not usable:
            fault = "REDIS_HOST, REDIS_PORT and REDIS_DB do not name a server and a database."
            self.problems.append(Problem("redis_url", fault))
            return None
        scheme = "rediss" if self.flag("REDIS_SSL") else "redis"
        login = f":{quote(text['PASSWORD'], safe='')}@" if "PASSWORD" in text else ""
        source = ", ".join(value.source for value in parts.values())
        return found("redis_url", f"{scheme}://{login}{host}:{port}/{database}", source)


def _text(value: Found) -> str:
    inner = value.value
    return inner.get_secret_value() if isinstance(inner, SecretStr) else str(inner)
