"""A configuration for pgBackRest, where that takes the physical backups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tenantry.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the configuration depends on."""

    stanza: str
    data_dir: Path
    repository: str
    s3_endpoint: str = "s3.amazonaws.com"
    s3_region: str = "us-east-1"
    socket_dir: Path | None = None
    port: int | None = None
    user: str | None = None
    keep_full: int = 2
    keep_diff: int = 6
    compress: str = "zst"
    processes: int = 2
    log_dir: Path | None = None
    spool_dir: Path | None = None
    lock_dir: Path | None = None
    #: The variable of the environment that pgBackRest reads the cipher's pass phrase from is its own:
    #: PGBACKREST_REPO1_CIPHER_PASS. It does not belong into this file.
    encrypted: bool = False


def render(wishes: Wishes) -> str:
    """The file `pgbackrest.conf`."""
    options: dict[str, str | int | None] = {
        **_repository(wishes),
        "repo1-retention-full": wishes.keep_full,
        "repo1-retention-diff": wishes.keep_diff,
        "repo1-bundle": "y",
        "repo1-cipher-type": "aes-256-cbc" if wishes.encrypted else None,
        "compress-type": wishes.compress,
        "process-max": wishes.processes,
        "start-fast": "y",
        "archive-async": "y" if wishes.spool_dir else None,
        "spool-path": _path(wishes.spool_dir),
        "log-path": _path(wishes.log_dir),
        "lock-path": _path(wishes.lock_dir),
        "log-level-console": "info",
    }
    server: dict[str, str | int | None] = {
        "pg1-path": _path(wishes.data_dir),
        "pg1-port": wishes.port,
        "pg1-socket-path": _path(wishes.socket_dir),
        "pg1-user": wishes.user,
    }
    return f"{_section('global', options)}\n{_section(wishes.stanza, server)}"


def archive_command(wishes: Wishes, file: Path) -> str:
    return f"pgbackrest --config={file} --stanza={wishes.stanza} archive-push %p"


def _repository(wishes: Wishes) -> dict[str, str | int | None]:
    text = wishes.repository
    if not text.startswith("s3://"):
        return {"repo1-path": _path(Path(text))}
    url = urlsplit(text)
    if not url.netloc:
        raise InvalidInput(
            f"{text} is no place for backups.", field="repo", hint="s3://BUCKET/PREFIX"
        )
    # Its keys come from the environment (PGBACKREST_REPO1_S3_KEY, …_S3_KEY_SECRET) or from the machine.
    return {
        "repo1-type": "s3",
        "repo1-s3-bucket": url.netloc,
        "repo1-path": f"/{url.path.strip('/')}",
        "repo1-s3-endpoint": wishes.s3_endpoint,
        "repo1-s3-region": wishes.s3_region,
    }


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _section(name: str, options: dict[str, str | int | None]) -> str:
    if any(c in f"{name}{options}" for c in "\r\0[]") or "\\n" in f"{options}":
        raise InvalidInput("A value holds what a configuration file cannot.", field="stanza")
    lines = [f"{key}={value}" for key, value in options.items() if value is not None]
    return f"[{name}]\n" + "\n".join(lines) + "\n"
