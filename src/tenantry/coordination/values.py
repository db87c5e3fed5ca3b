"""How a value is written down, and read again as what it was. Never pickle: bytes are only data.

What is known is written exactly, and nothing else is written: a value comes out of the cache as it
went in, or did not go in. A hit must not differ from what was computed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import Any, Final
from uuid import UUID

import msgpack  # type: ignore[import-untyped]

from tenantry.errors import InvalidInput

#: Numbers of msgpack's extension types. What was written stays readable: they are never used anew.
_UUID, _DATETIME, _DATE, _TIMEDELTA, _DECIMAL, _TUPLE, _SET, _FROZENSET, _INTEGER = range(1, 10)
#: A dict in a key, where it is only compared.
_DICT = 10

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_INSTANT = struct.Struct(">qi")

_WHAT = (
    "It takes None, bool, int, float, str, bytes, UUID, date, datetime with a time zone, timedelta,"
    " Decimal, and lists, tuples, sets and dicts of these."
)


def pack(value: Any) -> bytes:
    """The bytes of a value; `InvalidInput` that names the type if it cannot be written."""
    try:
        return _pack(value)
    except InvalidInput:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        # Half of a surrogate pair, a list that holds itself, a dict with more than 2**32 keys.
        raise InvalidInput(
            f"A {type(value).__name__} cannot be kept: {error}.",
            field="value",
            hint=_WHAT,
            type=type(value).__name__,
        ) from error


def unpack(data: bytes | memoryview) -> Any:
    """The value again. Raises some ValueError for bytes that are none of ours."""
    try:
        return msgpack.unpackb(data, ext_hook=_read, strict_map_key=False)
    except ValueError:
        raise
    except Exception as error:  # whatever foreign bytes make of an extension type
        raise ValueError("These bytes are no value.") from error


def canonical(value: Any) -> bytes:
    """The bytes of a value, the same for equal ones: the order of a dict's keys does not count."""
    return pack(_ordered(value) if type(value) in _NESTED else value)


def _pack(value: Any) -> bytes:
    return msgpack.packb(value, default=_write, strict_types=True)  # type: ignore[no-any-return]


def _write(value: Any) -> msgpack.ExtType:  # noqa: PLR0911 - one for each type
    """Called for what msgpack itself does not know; subclasses are not what they inherit from."""
    kind = type(value)
    if kind is tuple:
        return msgpack.ExtType(_TUPLE, _pack(list(value)))
    # The driver has a UUID class of its own.
    if isinstance(value, UUID):
        return msgpack.ExtType(_UUID, value.bytes)
    if kind is datetime:
        offset = value.utcoffset()
        if offset is None:
            raise _unknown(value, "A datetime without a time zone")
        micros = (value - _EPOCH) // _MICROSECOND
        return msgpack.ExtType(_DATETIME, _INSTANT.pack(micros, int(offset.total_seconds())))
    if kind is date:
        return msgpack.ExtType(_DATE, _pack(value.toordinal()))
    if kind is timedelta:
        return msgpack.ExtType(_TIMEDELTA, _pack([value.days, value.seconds, value.microseconds]))
    if kind is Decimal:
        return msgpack.ExtType(_DECIMAL, str(value).encode())
    if kind is set or kind is frozenset:
        # In one order, so that equal sets make equal keys.
        members = b"".join(sorted(_pack(member) for member in value))
        return msgpack.ExtType(_SET if kind is set else _FROZENSET, members)
    if kind is int:
        length = value.bit_length() // 8 + 1
        return msgpack.ExtType(_INTEGER, value.to_bytes(length, "big", signed=True))
    raise _unknown(value, f"A {kind.__name__}")


def _unknown(value: Any, what: str) -> InvalidInput:
    hint = "Use its `.value`." if isinstance(value, Enum) else _WHAT
    return InvalidInput(
        f"{what} cannot be kept.", field="value", hint=hint, type=type(value).__name__
    )


def _read(code: int, data: bytes) -> Any:
    reader = _READERS.get(code)
    if reader is None:
        raise ValueError(f"No value has the extension type {code}.")
    return reader(data)


def _read_datetime(data: bytes) -> datetime:
    micros, offset = _INSTANT.unpack(data)
    moment: datetime = _EPOCH + micros * _MICROSECOND
    return moment.astimezone(timezone(timedelta(seconds=offset))) if offset else moment


def _members(data: bytes) -> msgpack.Unpacker:
    unpacker = msgpack.Unpacker(ext_hook=_read, strict_map_key=False)
    unpacker.feed(data)
    return unpacker


_READERS: dict[int, Callable[[bytes], Any]] = {
    _UUID: lambda data: UUID(bytes=data),
    _DATETIME: _read_datetime,
    _DATE: lambda data: date.fromordinal(unpack(data)),
    _TIMEDELTA: lambda data: timedelta(*unpack(data)),
    _DECIMAL: lambda data: Decimal(data.decode()),
    _TUPLE: lambda data: tuple(unpack(data)),
    _SET: lambda data: set(_members(data)),
    _FROZENSET: lambda data: frozenset(_members(data)),
    _INTEGER: lambda data: int.from_bytes(data, "big", signed=True),
}


_NESTED: Final = (dict, list, tuple)


def _ordered(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        pairs = ((canonical(key), canonical(item)) for key, item in value.items())
        # Not to be taken for a list of the same pairs.
        return msgpack.ExtType(_DICT, b"".join(chain.from_iterable(sorted(pairs))))
    items = [_ordered(item) if type(item) in _NESTED else item for item in value]
    return items if kind is list else tuple(items)
