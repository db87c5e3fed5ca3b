"""A model that needs no key. Yours goes here: what it streams, and what its tokens cost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

PROVIDER, NAME = "example", "echo-1"
DOLLARS_A_TOKEN = Decimal("0.00001")


@dataclass
class Reply:
    prompt: str
    text: str = ""
    ended: Literal["success", "cancelled"] = "cancelled"

    async def stream(self) -> AsyncIterator[str]:
        for word in f"You said: {self.prompt}".split():
            await asyncio.sleep(0.02)
            self.text += f"{word} "
            yield f"{word} "
        self.ended = "success"

    def usage(self) -> dict[str, Any]:
        read, said = len(self.prompt.split()), len(self.text.split())
        cost = (read + said) * DOLLARS_A_TOKEN
        return {"input_tokens": read, "output_tokens": said, "cost_usd": cost}
