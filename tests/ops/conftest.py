"""What the tests of configurations share."""

from .clusters import cluster_of

__all__ = ["cluster_of"]
