"""What was set or given cannot be used."""

from __future__ import annotations

from typing import Any

from .root import TenantryError


class ConfigurationError(TenantryError):
    """A setting is missing, malformed or unsafe. Never carries the setting's value."""

    code = "configuration"
    setting: str

    def __init__(self, message: str, *, setting: str, hint: str = "") -> None:
        super().__init__(message, hint=hint, setting=setting)


class InvalidInput(TenantryError):
    """A value given by the caller cannot be used."""

    code = "invalid_input"
    field: str

    def __init__(self, message: str, *, field: str = "", hint: str = "", **fields: Any) -> None:
        super().__init__(message, hint=hint, field=field, **fields)


class InvalidRows(InvalidInput):
    """Rows of a batch cannot be written, so nothing of it was. `errors` names them in their order,
    up to twenty: `[{"index": 3, "reason": "…"}]`."""

    code = "invalid_rows"
    errors: list[dict[str, Any]]

    def __init__(self, errors: list[dict[str, Any]], *, of: int) -> None:
        first = errors[0]
        super().__init__(
            f"Nothing of the {of} rows was written: {len(errors)} cannot be, the first of them row "
            f"{first['index']}: {first['reason']}",
            hint="`errors` lists each with its index and reason.",
            errors=errors,
        )


class CypherRefused(InvalidInput):
    """A Cypher text holds something that is not known to be safe, so it was not run. `position`
    counts characters of the text from 1; `found` is what stands there."""

    code = "cypher_refused"
    position: int
    found: str
