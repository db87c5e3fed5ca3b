"""A new customer: a user, his tenant, and he its owner."""

from __future__ import annotations

from typing import Final, Literal

from tenantry.errors import InvalidInput
from tenantry.ids import uuid7
from tenantry.kernel.context import Actor

from .identities import OutsideAccount, link_account
from .part import Part
from .signed_in import SignedIn

_REASON: Final = "sign-up"


class SigningUp(Part):
    async def sign_up(
        self,
        email: str,
        password: str | None = None,
        *,
        account: OutsideAccount | None = None,
        tenant_name: str,
        slug: str,
        name: str | None = None,
        status: Literal["active", "pending"] = "active",
        actor: Actor | None = None,
    ) -> SignedIn:
        """With a password, with an account at an outside provider, or both; all of it or nothing.

        `AlreadyExists` says by its `constraint` whether the address, the slug or the account is taken,
        `InvalidInput` that the password is too short, or well known."""
        address = email.strip()
        if password is None and account is None:
            raise InvalidInput("Give a password, or an account outside.", field="password")
        # First, so that an address that is taken costs as much as one that is not.
        kept = None if password is None else await self._hash(password, address)
        user_id = uuid7()
        async with self._serve(_REASON, user_id=user_id, actor=actor) as s:
            await s.users.create(id=user_id, email=address, name=name, password_hash=kept)
            if account is not None:
                await link_account(s, user_id, account)
            tenant = await s.tenants.create(
                name=tenant_name,
                slug=slug,
                status=status,
                owner_user_id=user_id,
                owner_email=address,
                owner_name=name,
            )
            await s.tenant(tenant.id).memberships.create(user_id=user_id, role="owner")
            return await SignedIn.of(s, user_id)
