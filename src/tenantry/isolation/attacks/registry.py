"""The list of attacks: a number, a title, and a function that makes the tries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .results import Trial

if TYPE_CHECKING:
    from .arena import Arena

Tries = AsyncIterator[Trial]


class NotApplicable(Exception):
    """There is nothing here that this attack could be made on."""


class Unseeing(Exception):
    """It cannot be seen whether this attack got through."""


@dataclass(frozen=True, slots=True)
class Attack:
    number: int
    title: str
    make: Callable[[Arena], Tries]
    #: What remains possible and why, or what the attack stands on.
    note: str = ""
    #: Under a plain context it gets through, as the documentation says.
    open_when_plain: bool = False


ATTACKS: dict[int, Attack] = {}


def attack(
    number: int, title: str, *, note: str = "", open_when_plain: bool = False
) -> Callable[[Callable[[Arena], Tries]], Callable[[Arena], Tries]]:
    """Register a function as the attack of this number."""

    def register(make: Callable[[Arena], Tries]) -> Callable[[Arena], Tries]:
        if number in ATTACKS:
            raise ValueError(f"attack {number} is registered twice")
        ATTACKS[number] = Attack(number, title, make, note, open_when_plain)
        return make

    return register
