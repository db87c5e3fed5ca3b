"""Maintenance: what keeps a database fit while it is in use. Each step is a module of its own."""

from .runner import STEPS, Report, loop, maintain
from .step import Action, Outcome, Upkeep

__all__ = ["STEPS", "Action", "Outcome", "Report", "Upkeep", "loop", "maintain"]
