"""Who has written lately, and up to where in the primary's log: what a reader of a replica must find.

A commit leaves a mark here, which costs nothing. Where in the log it was is learned later, from any
question to the primary that began after it: then its position is at or past the commit's.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

from .position import BEGINNING

_REMEMBERED: Final = 10_000


class Mark:
    """One commit, or the last of several."""

    __slots__ = ("position", "serial")

    def __init__(self, serial: int, position: int | None = None) -> None:
        self.serial = serial
        #: None until the primary has been asked.
        self.position = position


class Writes:
    """The last commit of each tenant, as seen by this program."""

    def __init__(self, *, remembered: int = _REMEMBERED) -> None:
        #: How many commits there were: it dates marks and questions.
        self.serial = 0
        self._remembered = remembered
        #: The longest ago first.
        self._marks: OrderedDict[UUID, Mark] = OrderedDict()
        #: What holds for all tenants without a mark of their own.
        self._others = Mark(0, BEGINNING)

    def note(self, tenant_id: UUID | None) -> None:
        """Something was committed; None: for any tenant."""
        self.serial += 1
        mark = Mark(self.serial)
        if tenant_id is None:
            self._marks.clear()
            self._others = mark
            return
        self._marks[tenant_id] = mark
        self._marks.move_to_end(tenant_id)
        if len(self._marks) > self._remembered:
            # Who is forgotten counts as having written when the last of the forgotten has.
            _, self._others = self._marks.popitem(last=False)

    def last(self, tenant_id: UUID) -> Mark:
        return self._marks.get(tenant_id) or self._others
