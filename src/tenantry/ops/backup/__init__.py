"""Backups, their proof, and recovery to a point in time. See docs/backup.md."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cipher import Cipher as Cipher
    from .manifest import Figures as Figures
    from .manifest import Manifest as Manifest
    from .manifest import every as every
    from .manifest import read as read
    from .manifest import survey as survey
    from .recovery import Reached as Reached
    from .recovery import Target as Target
    from .recovery import label as label
    from .recovery import recover as recover
    from .retention import Plan as Plan
    from .retention import Rules as Rules
    from .retention import plan as plan
    from .retention import prune as prune
    from .source import Source as Source
    from .store import Store as Store
    from .store import store_of as store_of
    from .taking import Wishes as Wishes
    from .taking import create as create
    from .vault import Vault as Vault
    from .verification import Report as Report
    from .verification import quick as quick
    from .verification import verify as verify

#: Where each name lives. They are imported when first used: a server that archives a segment starts a
#: program each time, which needs next to nothing of this.
_HOME = {
    "cipher": ("Cipher",),
    "manifest": ("Figures", "Manifest", "every", "read", "survey"),
    "recovery": ("Reached", "Target", "label", "recover"),
    "retention": ("Plan", "Rules", "plan", "prune"),
    "source": ("Source",),
    "store": ("Store", "store_of"),
    "taking": ("Wishes", "create"),
    "vault": ("Vault",),
    "verification": ("Report", "quick", "verify"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
