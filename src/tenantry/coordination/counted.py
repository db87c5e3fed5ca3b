"""How this program's locks and limits fare, those of all tenants together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from tenantry.errors import LockNotAcquired


@dataclass(slots=True)
class LimitStats:
    """What became of hits; looking at a limit is none."""

    allowed: int = 0
    refused: int = 0


@dataclass(slots=True)
class LockStats:
    acquired: int = 0
    #: Another had it for as long as was waited.
    refused: int = 0
    #: Seconds spent on taking them.
    waited_s: float = 0.0

    @contextmanager
    def taking(self) -> Iterator[None]:
        """A lock is taken in this block."""
        began = monotonic()
        try:
            yield
        except LockNotAcquired:
            self.refused += 1
            raise
        else:
            self.acquired += 1
        finally:
            self.waited_s += monotonic() - began
