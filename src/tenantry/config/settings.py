"""The settings themselves: names, types, bounds and defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tenantry.config.durations import Seconds
from tenantry.config.problems import InvalidSettings, Problem, did_you_mean
from tenantry.config.production import production_problems
from tenantry.config.project import project_folder
from tenantry.config.redis_url import RedisUrl
from tenantry.config.urls import DatabaseUrl, normalise, split_urls
from tenantry.keyring import is_key
from tenantry.signing import is_signing_key

PREFIX = "TENANTRY_"
Profile = Literal["development", "test", "production"]
Migrate = Literal["auto", "check", "off"]
PgBouncer = Literal["auto", "yes", "no"]


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _database_url(value: object, info: ValidationInfo) -> SecretStr:
    text = _plain(value)
    if not isinstance(text, str):
        raise ValueError("must be text")
    url = DatabaseUrl.parse(text)
    return SecretStr(normalise(text, **_tls_files(url.sslmode or "", info.data)))


def _tls_files(sslmode: str, said: Mapping[str, Any]) -> dict[str, str]:
    """The files that a URL which asks for TLS is filled in with."""
    wanted = {"sslrootcert": "ssl_root_cert"} if sslmode.startswith("verify") else {}
    if sslmode == "require" or wanted:
        wanted |= {"sslcert": "ssl_cert", "sslkey": "ssl_key"}
    return {name: str(said[key]) for name, key in wanted.items() if said.get(key)}


def _redis_url(value: object) -> SecretStr:
    text = _plain(value)
    if not isinstance(text, str):
        raise ValueError("must be text")
    # redis-py does not know Valkey's own names for the same protocol.
    text = re.sub(r"^valkey(?=s?(\+\w+)?://)", "redis", text.strip())
    RedisUrl.parse(text)
    return SecretStr(text)


def _urls(value: object) -> object:
    text = _plain(value)
    return tuple(split_urls(text)) if isinstance(text, str) else text


def _words(value: object) -> object:
    text = _plain(value)
    return tuple(w.strip() for w in text.split(",") if w.strip()) if isinstance(text, str) else text


def _absolute(value: object) -> object:
    return Path(value).expanduser().absolute() if isinstance(value, (str, Path)) else value


def _root_cert(value: object) -> object:
    path = value if value == "system" else _absolute(value)
    return str(path) if isinstance(path, Path) else path


def _yes_or_no(value: object) -> object:
    words = {"true": "yes", "1": "yes", "on": "yes", "false": "no", "0": "no", "off": "no"}
    return words.get(str(value).lower(), value)


def _some_key(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("must not be empty")
    return value


def _secret_key(value: SecretStr) -> SecretStr:
    if not is_key(value.get_secret_value()):
        raise ValueError("is no key. Make one with: tenantry secrets new-key")
    return value


def _signing_key(value: SecretStr) -> SecretStr:
    if not is_signing_key(value.get_secret_value()):
        raise ValueError("is no key to sign with. Make one with: tenantry secrets new-signing-key")
    return value


PgUrl = Annotated[SecretStr, BeforeValidator(_database_url)]
Folder = Annotated[Path, BeforeValidator(_absolute)]
File = Annotated[Path, BeforeValidator(_absolute)]


def _about(default: str) -> dict[str, Any]:
    """How the reference words a default that depends on something."""
    return {"default_in_words": default}


class Setting(NamedTuple):
    """One row of `Settings.describe()`: safe to print."""

    name: str
    value: str
    source: str


class Settings(BaseSettings):
    """How Tenantry connects and behaves. `load_settings()` fills it from the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    profile: Profile = Field("development", description="`production` refuses what is unsafe.")
    ssl_root_cert: Annotated[str, BeforeValidator(_root_cert)] | None = Field(
        None,
        description="File of certificate authorities for `verify-ca` and `verify-full` URLs that "
        "name none, or `system` for this machine's own.",
    )
    ssl_cert: File | None = Field(
        None,
        description="File of the certificate that this program shows PostgreSQL, in URLs that ask "
        "for TLS (`sslmode=require` and above) and name none.",
    )
    ssl_key: File | None = Field(None, description="File of that certificate's key.")
    database_url: PgUrl | None = Field(
        None,
        description="The app role's database. Without it, the embedded server is used.",
        json_schema_extra=_about("the embedded server"),
    )
    owner_url: PgUrl | None = Field(None, description="The owner's URL: migrations and roles.")
    service_url: PgUrl | None = Field(None, description="The service role's URL: `db.service()`.")
    readonly_url: PgUrl | None = Field(None, description="The readonly role's URL.")
    pooler_url: PgUrl | None = Field(
        None,
        description="A login of PgBouncer's `stats_users`: `tenantry prove` reads its settings by it.",
        json_schema_extra=_about("the application's own login is tried"),
    )
    backup_url: PgUrl | None = Field(
        None,
        description="A login that no policy holds, for backups: a superuser's, or one with BYPASSRLS "
        "and pg_read_all_data (and REPLICATION for physical ones).",
        json_schema_extra=_about("the embedded server's superuser"),
    )
    monitor_url: PgUrl | None = Field(
        None,
        description="A login that is a member of pg_monitor: `tenantry doctor`, `top` and metrics see "
        "what the server does by it.",
        json_schema_extra=_about("the embedded server's superuser, else `owner_url`"),
    )
    replica_urls: Annotated[tuple[PgUrl, ...], BeforeValidator(_urls)] = Field(
        (),
        description="Replicas that serve `readonly=True`, separated by commas.",
        json_schema_extra=_about("none"),
    )
    replica_max_lag: Seconds = Field(
        10.0, description="A replica further behind the primary serves nothing."
    )
    replica_wait: Seconds = Field(
        0.1,
        description="How long a reader waits for a replica to have what it must see, before it goes "
        "to the primary.",
    )

    pool_max: int = Field(20, ge=1, le=10_000, description="Connections kept at most.")
    pool_min: int = Field(
        default_factory=lambda data: min(5, data["pool_max"]),
        ge=0,
        description="Connections kept open when idle.",
        json_schema_extra=_about("5, or `pool_max` when lower"),
    )
    pool_overflow: int = Field(
        0, ge=0, le=10_000, description="Connections above `pool_max` during bursts."
    )
    acquire_timeout: Seconds = Field(10.0, description="Wait for a free connection.")
    connect_timeout: Seconds = Field(5.0, description="Wait for a new connection.")
    statement_timeout: Seconds = Field(30.0, description="Longest statement.")
    idle_timeout: Seconds = Field(
        30.0, description="Connections beyond `pool_min` close after this long unused."
    )
    idle_in_transaction_timeout: Seconds = Field(
        60.0, description="The server ends a transaction that waits this long for its program."
    )
    connection_lifetime: Seconds = Field(
        1800.0, description="Connections are replaced at this age."
    )
    pgbouncer: Annotated[PgBouncer, BeforeValidator(_yes_or_no)] = Field(
        "auto", description="Whether URLs lead to PgBouncer: `auto` asks the server."
    )
    application_name: str = Field(
        "tenantry",
        min_length=1,
        max_length=63,
        pattern=r"^[ -~]+$",
        description="Shown in pg_stat_activity.",
    )

    redis_url: Annotated[SecretStr, BeforeValidator(_redis_url)] | None = Field(
        None,
        description="Redis or Valkey. Without it, the embedded Valkey is used.",
        json_schema_extra=_about("the embedded Valkey"),
    )
    cache_url: Annotated[SecretStr, BeforeValidator(_redis_url)] | None = Field(
        None,
        description="A Redis or Valkey of the cache's own, which may throw values away when it is "
        "full. Locks, sessions, limits and streams stay on the one of `redis_url`, which may not.",
        json_schema_extra=_about("the one of `redis_url`"),
    )
    cache_largest_value: int = Field(
        1_048_576, ge=1_024, le=536_870_912, description="Bytes of a cached value at most."
    )
    redis_max_connections: int = Field(
        50, ge=1, le=10_000, description="Connections to each Redis or Valkey at most."
    )
    redis_timeout: Seconds = Field(
        1.0,
        description="Wait for an answer of Redis or Valkey, the wait for a connection included.",
    )
    stream_length: int = Field(
        100_000,
        ge=0,
        description="About how many events a stream of a tenant's keeps, the newest; 0: all.",
    )
    limits_when_away: Literal["open", "closed"] = Field(
        "open",
        description="What rate limits do while Redis or Valkey is away: let all through (`open`) "
        "or nothing (`closed`).",
    )
    jwt_secret_key: Annotated[SecretStr, AfterValidator(_some_key)] | None = Field(
        None, description="Signs the platform's own tokens, where it issues any."
    )
    jwt_accepted_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_some_key)], ...], BeforeValidator(_words)
    ] = Field(
        (),
        description="Keys that those tokens are good under too, separated by commas: the one before "
        "`jwt_secret_key`, and the one after it.",
        json_schema_extra=_about("none"),
    )
    secret_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_secret_key)], ...], BeforeValidator(_words)
    ] = Field(
        (),
        description="Keys that tenants' credentials are encrypted under, separated by commas, the "
        "newest first: that one encrypts, all decrypt.",
        json_schema_extra=_about("none"),
    )
    context: Literal["plain", "sealed"] = Field(
        "plain",
        description="How a transaction names its tenant: by a setting (`plain`), or by one under "
        "a seal that injected SQL cannot make (`sealed`).",
    )
    seal_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_secret_key)], ...], BeforeValidator(_words)
    ] = Field(
        (),
        validate_default=True,
        description="Keys that contexts are sealed under, separated by commas, the newest first: "
        "that one seals, all are accepted.",
        json_schema_extra=_about("none"),
    )
    backup_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_secret_key)], ...], BeforeValidator(_words)
    ] = Field(
        (),
        description="Keys that backups are encrypted under, separated by commas, the newest first: "
        "that one encrypts, all decrypt.",
        json_schema_extra=_about("none: backups are not encrypted"),
    )
    report_key: Annotated[SecretStr, AfterValidator(_signing_key)] | None = Field(
        None, description="Signs the reports of `tenantry prove`."
    )
    migrate: Migrate = Field(
        default_factory=lambda data: "check" if data["profile"] == "production" else "auto",
        description="On connect: migrate (`auto`), refuse a database that is not at head "
        "(`check`), or do nothing (`off`).",
        json_schema_extra=_about("`check` in production, else `auto`"),
    )

    models: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(
        (),
        description="Modules with the application's own models, separated by commas.",
        json_schema_extra=_about("none"),
    )
    migrations: Folder | None = Field(
        None,
        description="Folder of the application's own revisions.",
        json_schema_extra=_about("none"),
    )

    home: Folder = Field(
        default_factory=lambda: project_folder() / ".tenantry",
        description="Folder of the embedded servers.",
        json_schema_extra=_about("`.tenantry` in the project's folder"),
    )
    pg_bin: Folder | None = Field(
        None,
        description="Folder of PostgreSQL 15-18 programs to use instead of the embedded ones.",
        json_schema_extra=_about("the embedded programs"),
    )
    backup_store: str = Field(
        default_factory=lambda data: f"{data['home']}-backups",
        min_length=1,
        description="Where backups are kept: a folder, or `s3://BUCKET/PREFIX`.",
        json_schema_extra=_about("`.tenantry-backups`, beside `home`"),
    )
    secrets_provider: str | None = Field(
        None,
        pattern=r"^[\w.]+:[\w.]+$",
        description='Where to ask for secrets, as `"package.module:object"`.',
    )

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, _sources: Mapping[str, str] | None = None, /, **values: Any) -> None:
        sources = dict.fromkeys(values, "argument") if _sources is None else _sources
        problems: list[Problem] = []
        try:
            super().__init__(**values)
        except ValidationError as error:
            # pydantic also lists the defaults that wait for a faulty setting: no news.
            faults = [f for f in error.errors() if f["type"] != "default_factory_not_called"]
            problems = [_problem(fault, sources) for fault in faults]
        else:
            self._sources = sources
            if self.profile == "production":
                problems = production_problems(self)
        # Outside the except block, so that no error in the chain carries a value.
        if problems:
            raise InvalidSettings(problems)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Only arguments: `load_settings` reads the sources, since each value must remember where
        # it came from, and `Settings(...)` in a test must not depend on the environment.
        return (init_settings,)

    @field_validator("seal_keys")
    @classmethod
    def _seal_has_a_key(
        cls, value: tuple[SecretStr, ...], info: ValidationInfo
    ) -> tuple[SecretStr, ...]:
        if info.data.get("context") == "sealed" and not value:
            raise ValueError("must hold a key where context is sealed")
        return value

    @field_validator("ssl_key")
    @classmethod
    def _key_has_a_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("ssl_cert") is None:
            raise ValueError("needs ssl_cert, the certificate that it is the key of")
        return value

    @field_validator("pool_min")
    @classmethod
    def _pool_fits(cls, value: int, info: ValidationInfo) -> int:
        if value > info.data.get("pool_max", value):
            raise ValueError("must not be larger than pool_max")
        return value

    def describe(self) -> list[Setting]:
        """Every setting with its redacted value and the source it came from."""
        return [
            Setting(name, _shown(name, getattr(self, name)), self._sources.get(name, "default"))
            for name in type(self).model_fields
        ]


def is_secret(name: str) -> bool:
    """Whether a setting's value must never be shown."""
    return name.endswith(("_url", "_urls")) or name in {
        "jwt_secret_key",
        "jwt_accepted_keys",
        "secret_keys",
        "seal_keys",
        "backup_keys",
        "report_key",
    }


def _shown(name: str, value: object) -> str:
    if value is None or value == ():
        return "not set"
    if isinstance(value, tuple):
        return ", ".join(_shown(name, one) for one in value)
    if not isinstance(value, SecretStr):
        return str(value)
    if name in ("redis_url", "cache_url"):
        return RedisUrl.parse(value.get_secret_value()).redacted()
    if name.endswith(("_url", "_urls")):
        return DatabaseUrl.parse(value.get_secret_value()).redacted()
    return "set"


def _problem(fault: Any, sources: Mapping[str, str]) -> Problem:
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return Problem(name, f"{name} is no setting.", did_you_mean(name, Settings.model_fields))
    source = sources.get(name, "argument")
    label = name if source == "argument" else source
    # pydantic words its own faults "Input should be …" and ours "Value error, …".
    said = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    said = said.replace("String should", "should")
    return Problem(name, f"{label} {said}.")
