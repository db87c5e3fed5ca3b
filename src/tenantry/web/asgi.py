"""The types of ASGI, as far as they are needed here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
#: Each framework has types of its own for what it is called with.
App = Callable[..., Awaitable[None]]
Header = tuple[bytes, bytes]
