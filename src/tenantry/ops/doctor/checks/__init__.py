"""What is looked at: one concern a file.

To add one: a file here with a `CHECK`, its name in `_FILES`, and a test that provokes its finding,
follows its advice, and sees it gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from ..check import Check

_FILES = (
    "long_transactions",
)  # fmt: skip

CHECKS: Sequence[Check] = tuple(import_module(f".{name}", __name__).CHECK for name in _FILES)

__all__ = ["CHECKS"]
