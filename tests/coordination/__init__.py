"""Heavy proofs take their length from here: short in an ordinary run, full with TENANTRY_SOAK=1."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")


def soak(short: T, long: T) -> T:
    return long if os.environ.get("TENANTRY_SOAK") == "1" else short
