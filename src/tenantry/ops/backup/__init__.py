"""Backups, their proof, and recovery to a point in time. See docs/backup.md."""

from .cipher import Cipher
from .manifest import Figures, Manifest, every, read
from .recovery import Reached, Target, label, recover
from .retention import Plan, Rules, plan, prune
from .source import Source
from .store import Store, store_of
from .taking import Wishes, create
from .vault import Vault
from .verification import Report, quick, verify

__all__ = [
    "Cipher",
    "Figures",
    "Manifest",
    "Plan",
    "Reached",
    "Report",
    "Rules",
    "Source",
    "Store",
    "Target",
    "Vault",
    "Wishes",
    "create",
    "every",
    "label",
    "plan",
    "prune",
    "quick",
    "read",
    "recover",
    "store_of",
    "verify",
]
