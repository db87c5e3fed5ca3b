"""Emptying a development database."""

from __future__ import annotations

from collections.abc import Callable

from tenantry.config import DatabaseUrl, Settings
from tenantry.endpoints import url_for
from tenantry.errors import PermissionDenied
from tenantry.migrations.apply import bring_to_head, load_models
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata


async def reset(settings: Settings, tell: Callable[[str], None]) -> tuple[str, ...]:
    """Take the schema down and bring it up again. Only on this machine, and never in production."""
    refuse_unless_for_development(settings)
    load_models(settings.models)
    tell("Removing everything")
    own = settings.migrations
    locations = (own,) if own and own.is_dir() else ()
    await Migrator(url_for(settings, "owner"), metadata, locations=locations).down("base")
    return await bring_to_head(settings, tell)


def refuse_unless_for_development(settings: Settings) -> None:
    if settings.profile == "production":
        raise PermissionDenied("A production database is never emptied.")
    if not DatabaseUrl.parse(url_for(settings, "owner")).is_local:
        raise PermissionDenied(
            "This database is on another machine, and is not emptied from here.",
            hint="`tenantry reset` is for development databases on this machine.",
        )
