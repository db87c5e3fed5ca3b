"""S3: the client, and its failures in errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

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


class Bucket:
    """A bucket's part under a prefix. Its client is made when it is first needed."""

    #: Whose it is, for errors: a word, and the setting or option.
    _what: ClassVar[tuple[str, str]]

    def __init__(self, bucket: str, prefix: str, client: Any = None) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self._client = client

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def client(self) -> Any:
        if self._client is None:
            self._client = client(*self._what)
        return self._client
