"""What the database knows of locks."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped

from .base import OWN_TENANT, Rule, TenantScoped, unique
from .columns import column

#: Further than this, neither JSON nor Lua tells two numbers apart.
GREATEST_FENCE = 2**53 - 1


class LockFence(TenantScoped):
    """The newest holder of a lock that has written here: whoever held it before writes no more."""

    __tablename__ = "lock_fences"
    # A fence that could be removed or lowered would let a late holder through.
    __access__ = replace(OWN_TENANT, update=("fence",), delete=False)
    __rules__: ClassVar[tuple[Rule, ...]] = (Rule("refuse_stale_fence", "BEFORE UPDATE"),)
    __table_args__ = (unique("name"),)

    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 255")
    fence: Mapped[int] = column(
        BigInteger, default=0, check=f"fence BETWEEN 0 AND {GREATEST_FENCE}"
    )
