"""Who is signed in."""

from __future__ import annotations

from .share import Share


class UserSessions:
    """The sessions of a tenant's users."""

    def __init__(self, share: Share) -> None:
        self._share = share
