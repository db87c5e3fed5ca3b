"""What is wrong with a running system, why it matters, and what mends it."""

from __future__ import annotations

from .check import LOOKING, Check, Patient
from .checks import CHECKS
from .examination import Report, Unseen, examine
from .finding import Advice, Finding
from .limits import Limits

__all__ = [
    "CHECKS",
    "LOOKING",
    "Advice",
    "Check",
    "Finding",
    "Limits",
    "Patient",
    "Report",
    "Unseen",
    "examine",
]
