"""Argon2 beside the event loop. Each run takes 64 MiB, so only a few go on at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final, TypeVar

from tenantry import passwords
from tenantry.config.weakness import weak_password
from tenantry.errors import InvalidInput, PasswordsBusy

T = TypeVar("T")

_MOST: Final = 4
#: For each thread: a few seconds' work.
_QUEUE: Final = 50


class Hashing:
    """The threads are what bounds it: who stops waiting does not make room for another."""

    def __init__(self) -> None:
        self._waiting = 0

    def admit(self) -> None:
        """`PasswordsBusy` in place of a long wait: asked before anything is done or counted."""
        if self._waiting >= _QUEUE * self._bound:
            raise PasswordsBusy(self._waiting)

    async def hash(self, password: str) -> str:
        return await self._beside(lambda: passwords.hash_password(password))

    async def verify(self, password: str, kept: str | None) -> bool:
        """With nothing kept the work is the same, and the answer no."""

        def work() -> bool:
            fits = passwords.verify_password(password, kept or passwords.nobodys_hash())
            return fits and kept is not None

        return await self._beside(work)

    async def _beside(self, work: Callable[[], T]) -> T:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    @cached_property
    def _bound(self) -> int:
        return min(_MOST, os.cpu_count() or 1)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._bound, "tenantry-passwords")


def refuse_guessed(password: str, email: str) -> None:
    """`InvalidInput` for a password that is one of the first that are tried."""
    if len(password) > passwords.LONGEST:
        return  # refused where it is hashed, and not worth looking through here
    mailbox = email.partition("@")[0]
    if weak := weak_password(password, email) or weak_password(password, mailbox):
        raise InvalidInput(f"This password {weak}.", field="password", hint="Choose another.")
