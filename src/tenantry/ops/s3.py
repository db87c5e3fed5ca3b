"""S3: the client, and its failures in errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from tenantry.errors import ConfigurationError, InvalidInput


def client(what: str, field: str) -> Any:
    """Of the environment's credentials, region and endpoint."""
    try:
        boto3 = import_module("boto3")
    except ImportError:
        raise ConfigurationError(
            f"{what} in S3 need boto3.", setting=field, hint="pip install 'tenantry[s3]'"
        ) from None
    with told(what, field):
        return boto3.client("s3")


@contextmanager
def told(where: str, field: str) -> Iterator[None]:
    """What S3 refuses, in an error of ours."""
    failures: Any = import_module("botocore.exceptions")
    transfer: Any = import_module("boto3.exceptions")
    try:
        yield
    except (failures.BotoCoreError, failures.ClientError, transfer.Boto3Error) as error:
        raise InvalidInput(f"{where} says: {error}", field=field) from error
