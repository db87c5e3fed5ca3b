"""Units for what runs beside the application: the events' relay and the maintenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from string import Template

from tenantry.errors import InvalidInput

from .files import File, header

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
#: The units, each with what it is given of the hardening below.
_UNITS = ("tenantry-relay.service", "tenantry-maintain.service", "tenantry-maintain.timer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    #: The installed command.
    program: Path
    user: str = "tenantry"
    environment: Path = Path("/etc/tenantry/tenantry.env")
    #: Where tenantry.toml lies.
    folder: Path = Path("/srv/tenantry")
    #: When the maintenance begins, as OnCalendar= says it.
    calendar: str = "*:0/15"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.user):
            raise InvalidInput(f"{self.user!r} is no account's name.", field="user")
        for path in (self.program, self.environment, self.folder):
            if not path.is_absolute() or re.search(r"[\s%\"'\\$]", str(path)):
                raise InvalidInput(f"{path} cannot stand in a unit.", field="program")
        if not re.fullmatch(r"[\w*:/., ~-]+", self.calendar):
            raise InvalidInput(f"{self.calendar!r} is no time.", field="calendar")


def files(plan: Plan, command: str) -> list[File]:
    """The units, which go to /etc/systemd/system."""
    use = (
        "Put it into /etc/systemd/system, then: systemctl daemon-reload",
        "and: systemctl enable --now tenantry-relay.service tenantry-maintain.timer",
    )
    return [File(name, header(command, *use) + _unit(name, plan)) for name in _UNITS]


def _unit(name: str, plan: Plan) -> str:
    words = {
        "program": plan.program, "user": plan.user, "environment": plan.environment,
        "folder": plan.folder, "calendar": plan.calendar, "hardening": _template("hardening"),
    }  # fmt: skip
    return Template(_template(name)).substitute(words)


def _template(name: str) -> str:
    return resources(__package__).joinpath(f"templates/{name}").read_text("utf-8")
