"""Redis or Valkey beside a backup: its snapshot, and its append-only file where it keeps one.

Only files that this machine can read are copied. What Tenantry keeps there (sessions, limits, locks,
caches, streams) is temporary or can be made anew, so a server elsewhere is no reason to fail; the
manifest says that it was left out.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tenantry.config import Settings
from tenantry.endpoints import is_embedded, redis_url, servers

_PATIENCE_S = 120


async def copy(settings: Settings, folder: Path) -> str:
    """Copy what there is into a folder; in words, what that was or why it was nothing."""
    if settings.redis_url is None and not (
        is_embedded(settings) and servers(settings).status()[1].running
    ):
        return "left out: there is none"
    client: Any = Redis.from_url(redis_url(settings), socket_timeout=10, socket_connect_timeout=3)
    try:
        return await _copy(client, folder)
    except (RedisError, OSError, TimeoutError) as error:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return f"left out: {type(error).__name__}: {error}"
    finally:
        await client.aclose()


async def _copy(client: Any, folder: Path) -> str:
    said = await client.config_get("*")
    known = {_text(name): _text(value) for name, value in said.items()}
    home = Path(known["dir"])
    if not await asyncio.to_thread(home.is_dir):
        return f"left out: its folder {home} is not of this machine"
    await _snapshot(client)
    await asyncio.to_thread(folder.mkdir, mode=0o700)
    await asyncio.to_thread(shutil.copyfile, home / known["dbfilename"], folder / "dump.rdb")
    if known["appendonly"] != "yes":
        return "snapshot"
    # A rewrite would take files away while they are copied.
    percentage = known["auto-aof-rewrite-percentage"]
    await client.config_set("auto-aof-rewrite-percentage", 0)
    try:
        await _until(client, "aof_rewrite_in_progress")
        await client.bgrewriteaof()  # what is copied is compact then
        await _until(client, "aof_rewrite_scheduled")
        await _until(client, "aof_rewrite_in_progress")
        await asyncio.to_thread(_append_only, home, known, folder)
    finally:
        await client.config_set("auto-aof-rewrite-percentage", percentage)
    return "snapshot and append-only file"


async def _snapshot(client: Any) -> None:
    """A save that began after we asked: one that was under way already knows less."""
    await _until(client, "rdb_bgsave_in_progress")
    await client.bgsave()
    await _until(client, "rdb_bgsave_in_progress")
    if (await client.info("persistence"))["rdb_last_bgsave_status"] != "ok":
        raise OSError("its snapshot failed")


async def _until(client: Any, under_way: str) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while (await client.info("persistence"))[under_way]:
        if time.monotonic() > give_up:
            raise TimeoutError(under_way)
        await asyncio.sleep(0.02)


def _append_only(home: Path, known: dict[str, str], folder: Path) -> None:
    if parts := known.get("appenddirname"):
        shutil.copytree(home / parts, folder / parts)
    else:  # before Redis 7
        shutil.copyfile(home / known["appendfilename"], folder / known["appendfilename"])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
