"""Argon2 beside the event loop. Each run takes 64 MiB, so only a few go on at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final, TypeVar

from tenantry import passwords

T = TypeVar("T")

_MOST: Final = 4


class Hashing:
    """The threads are what bounds it: who stops waiting does not make room for another."""

    async def hash(self, password: str) -> str:
        return await self._beside(lambda: passwords.hash_password(password))

    async def verify(self, password: str, kept: str | None) -> bool:
        """With nothing kept the work is the same, and the answer no."""

        def work() -> bool:
            fits = passwords.verify_password(password, kept or passwords.nobodys_hash())
            return fits and kept is not None

        return await self._beside(work)

    async def _beside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(min(_MOST, os.cpu_count() or 1), "tenantry-passwords")
