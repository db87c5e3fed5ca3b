"""A cache of each tenant's own."""

from __future__ import annotations

from .share import Share


class Cache:
    """A tenant's cache."""

    def __init__(self, share: Share) -> None:
        self._share = share
