"""Locks that several processes share."""

from __future__ import annotations

from .share import Share


class Locks:
    """A tenant's locks."""

    def __init__(self, share: Share) -> None:
        self._share = share
