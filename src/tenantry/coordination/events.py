"""What happened, for whoever wants to know."""

from __future__ import annotations

from .share import Share


class Events:
    """A tenant's events."""

    def __init__(self, share: Share) -> None:
        self._share = share
