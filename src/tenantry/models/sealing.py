"""What a sealed context is checked against."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from .base import Access, Audited, Timestamped
from .columns import NEW_ID, column


class SealKey(Timestamped, Audited):
    """A key that contexts may be sealed under. Nobody reads it but the function that checks them."""

    __tablename__ = "seal_keys"
    __access__ = Access(rows="false", select=False, service=())
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    name: Mapped[str] = column(doc="made from the key, so that a seal can say which")
    inner_pad: Mapped[bytes] = column(secret=True, check="octet_length(inner_pad) = 64")
    outer_pad: Mapped[bytes] = column(secret=True, check="octet_length(outer_pad) = 64")
