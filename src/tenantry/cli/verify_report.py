"""`verify-report`: whether a report of `prove` is what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenantry.errors import InvalidInput

from . import exits, place
from .answer import Answer
from .command import command

app = typer.Typer()


@command(app)
def verify_report(
    file: Annotated[Path, typer.Argument(help="A page of --report, or the document of --json.")],
    *,
    public_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Whose it should be; else the one of TENANTRY_REPORT_KEY."
        ),
    ] = None,
) -> Answer:
    """Verify that a report of `prove` is as it was signed. Exit code 1: altered, unsigned, or another's."""
    from tenantry.isolation.signed import verify
    from tenantry.signing import SigningKey, is_public_key

    if public_key is None:
        key = place.load().report_key
        public_key = SigningKey(key.get_secret_value()).public if key is not None else None
    elif not is_public_key(public_key):
        raise InvalidInput(
            "This is no public key.",
            field="public_key",
            hint="Whoever signs prints theirs with: tenantry secrets public-key",
        )
    try:
        found = verify(file.read_text("utf-8"), public_key)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.", field="file") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text.", field="file") from error
    data = {"ok": found.ok, "state": found.state.value, "signer": found.signer or None}
    return Answer(data, found.words, code=exits.OK if found.ok else exits.FAILED)
