"""Rate limits."""

from __future__ import annotations

from .share import Share


class Limits:
    """A tenant's rate limits."""

    def __init__(self, share: Share) -> None:
        self._share = share
