"""What a sealed context is checked against."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from .base import Access, Timestamped
from .columns import column


class SealKey(Timestamped):
    """A key that contexts may be sealed under. Nobody reads it but the function that checks them."""

    __tablename__ = "seal_keys"
    __access__ = Access(rows="false", select=False, service=())

    id: Mapped[str] = column(primary_key=True)
    inner_pad: Mapped[bytes] = column(secret=True, check="octet_length(inner_pad) = 64")
    outer_pad: Mapped[bytes] = column(secret=True, check="octet_length(outer_pad) = 64")
