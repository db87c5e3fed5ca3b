"""What came of an attack."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    #: Nothing of another tenant's was seen or changed, and a leak would have been noticed.
    FAILED = "failed"
    #: It got through.
    SUCCEEDED = "succeeded"
    #: Its own control went unnoticed, so that its failing says nothing.
    BLIND = "blind"
    #: What a plain context cannot keep from SQL of one's own.
    OPEN = "open by design"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Trial:
    """One try of an attack on one object, by one role."""

    object: str
    #: What got through; nothing when it failed.
    leak: str = ""
    #: A try at something left open on purpose: it has to get through.
    control: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    number: int
    title: str
    verdict: Verdict
    #: How many tries were made, controls aside.
    tries: int
    leaks: tuple[Trial, ...] = ()
    note: str = ""
