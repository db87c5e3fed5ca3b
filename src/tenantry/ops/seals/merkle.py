"""Merkle trees as RFC 6962 has them: leaves and nodes are hashed apart, so that neither passes for the
other, and an odd one goes up as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Literal

#: On which side of the path's own hash the other one stands, and that other hash.
Step = tuple[Literal["left", "right"], bytes]


def root(leaves: Sequence[bytes]) -> bytes:
    *_, (top,) = _levels(leaves)
    return top


def path(leaves: Sequence[bytes], place: int) -> list[Step]:
    """What leads from one leaf to the root."""
    steps: list[Step] = []
    for level in _levels(leaves):
        beside = place ^ 1
        if beside < len(level):
            steps.append(("left" if beside < place else "right", level[beside]))
        place //= 2
    return steps


def climb(leaf: bytes, steps: Sequence[Step]) -> bytes:
    """The root that a path leads to."""
    node = _leaf(leaf)
    for side, other in steps:
        node = _node(other, node) if side == "left" else _node(node, other)
    return node


def _levels(leaves: Sequence[bytes]) -> Iterator[list[bytes]]:
    """From the leaves' hashes to the root alone."""
    level = [_leaf(leaf) for leaf in leaves]
    yield level
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [_node(left, right) for left, right in pairs] + odd
        yield level


def _leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()
