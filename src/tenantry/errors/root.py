"""The root of all errors."""

from __future__ import annotations

from typing import Any, ClassVar, Self


class TenantryError(Exception):
    """Something in Tenantry failed."""

    code: ClassVar[str] = "error"
    #: Running the same work again may succeed (`Database.run` does so by itself).
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields
        self.__dict__.update(fields)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON-ready data, as `--json` prints it."""
        return {
            "error": self.code,
            "message": self.message,
            "hint": self.hint,
            **{k: _plain(v) for k, v in self.fields.items()},
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.fields)

    @classmethod
    def _bare(cls, message: str, hint: str, fields: dict[str, Any]) -> Self:
        error = cls.__new__(cls)
        TenantryError.__init__(error, message, hint=hint, **fields)
        return error


def _rebuild(
    cls: type[TenantryError], message: str, hint: str, fields: dict[str, Any]
) -> TenantryError:
    return cls._bare(message, hint, fields)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return str(value)
