"""Seals on the record: what was written cannot be changed without it showing. See docs/audit.md."""

from .anchors import Anchor, FileAnchor, GitAnchor, S3Anchor, anchor_of
from .chain import Chain, Seal, chain_of
from .proof import NotProven, prove
from .sealing import Run, seal
from .verification import Finding, Report, verify

__all__ = [
    "Anchor",
    "Chain",
    "FileAnchor",
    "Finding",
    "GitAnchor",
    "NotProven",
    "Report",
    "Run",
    "S3Anchor",
    "Seal",
    "anchor_of",
    "chain_of",
    "prove",
    "seal",
    "verify",
]
