"""Every command, in the order in which help lists them."""

from __future__ import annotations

from typing import Any

import typer

from . import (
    audit,
    backup,
    config,
    connect,
    context,
    doctor,
    events,
    export,
    feature,
    graph,
    health,
    initialise,
    key,
    maintain,
    metrics,
    migrate,
    partitions,
    prove,
    redis,
    reset,
    restore,
    secrets,
    seed,
    servers,
    stats,
    status,
    task,
    tenant,
    top,
    user,
    verify_report,
)

_HELP = "The PostgreSQL system of record for multi-tenant AI-agent platforms."


def application() -> typer.Typer:
    app = typer.Typer(
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
    )
    for module in (
        servers,
        status,
        connect,
        initialise,
        seed,
        stats,
        health,
        doctor,
        metrics,
        top,
        prove,
        verify_report,
        maintain,
        restore,
        reset,
    ):
        app.add_typer(module.app)
    for name, module in (
        ("migrate", migrate),
        ("partitions", partitions),
        ("feature", feature),
        ("tenant", tenant),
        ("user", user),
        ("key", key),
        ("task", task),
        ("graph", graph),
        ("audit", audit),
        ("backup", backup),
        ("redis", redis),
        ("config", config),
        ("secrets", secrets),
        ("context", context),
        ("events", events),
        ("export", export),
    ):
        app.add_typer(module.app, name=name)
    return app


def parser() -> Any:
    """What parses a command line and runs its command."""
    return typer.main.get_command(application())
