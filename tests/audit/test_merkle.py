"""The tree of RFC 6962, against its own definition."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tenantry.ops.seals import merkle

SIZES = [*range(1, 34), 64, 65, 1000]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of section 2.1."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_paths(size: int) -> None:
    leaves = [n.to_bytes(48) for n in range(size)]
    root = merkle.root(leaves)
    assert root == by_definition(leaves)
    for place in {0, size // 2, size - 1}:
        path = merkle.path(leaves, place)
        assert merkle.climb(leaves[place], path) == root
        assert merkle.climb(leaves[place - 1], path) != root or size == 1


def test_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = (merkle.root([leaf]) for leaf in (b"a", b"b"))
    assert merkle.root([b"a", b"b"]) != merkle.root([left + right])
