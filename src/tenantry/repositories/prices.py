"""What models cost, and from when until when."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, or_

from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import ModelPrice

from .base import Creates, Repository

CONSTRAINT_MESSAGES.update(
    {
        "model_prices_provider_model_valid_from_key": "There is a price from this moment already.",
        "model_prices_valid_check": "A price ends after it begins.",
    }
)


class Prices(Repository[ModelPrice]):
    """US dollars for a million tokens. Tenants read them; only the service role changes them."""

    model = ModelPrice
    create = Creates(ModelPrice)

    async def set_price(
        self,
        provider: str,
        model: str,
        *,
        input_price: Decimal,
        output_price: Decimal,
        cached_input_price: Decimal | None = None,
        valid_from: datetime | None = None,
    ) -> ModelPrice:
        """The price from `valid_from` (now) on: it ends the one before, and where one is known from a
        later moment, it ends there. Said again for the same moment, it corrects that price."""
        prices = {
            "input_price": input_price,
            "output_price": output_price,
            "cached_input_price": cached_input_price,
        }
        key = {"provider": provider, "model": model}
        if valid_from is None:
            return await self._create(**key, **prices)
        on = ("provider", "model", "valid_from")
        return await self.upsert(on=on, **key, valid_from=valid_from, **prices)

    async def at(
        self, provider: str, model: str, moment: datetime | None = None
    ) -> ModelPrice | None:
        """The price of a moment (now), if there is one."""
        when = func.now() if moment is None else moment
        page = await self.list(
            ModelPrice.valid_from <= when,
            or_(ModelPrice.valid_until.is_(None), ModelPrice.valid_until > when),
            provider=provider,
            model=model,
            limit=1,
        )
        return page[0] if page else None
