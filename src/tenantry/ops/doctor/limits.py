"""From where on a figure is a finding. Each has a reason; a test may choose others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    #: A transaction holds back VACUUM in every table for as long as it is open.
    transaction: timedelta = timedelta(minutes=5)
