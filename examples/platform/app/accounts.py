"""Who comes in: people with a password and a session, programs with a key."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, SecretStr

from tenantry.accounts import MemberOf, SignedIn
from tenantry.errors import NotAuthenticated
from tenantry.web.fastapi import CurrentCaller, CurrentVisit, Tenant, require_role, require_scope

router = APIRouter(tags=["accounts"])
admins = [require_role("admin"), require_scope("keys:write")]

Name = Annotated[str, Field(min_length=1, max_length=255)]
Slug = Annotated[str, Field(max_length=100, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Credentials(BaseModel):
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    password: Annotated[SecretStr, Field(max_length=200)]
    tenant: Annotated[Slug | None, Field(description="Which one, for a member of several.")] = None


class NewAccount(Credentials):
    name: Name
    tenant: Slug
    tenant_name: Name


class NewKey(BaseModel):
    name: Name
    scopes: Annotated[list[str], Field(max_length=20, examples=[["tasks:read"]])]


class MadeKey(BaseModel):
    id: UUID
    secret: Annotated[str, Field(description="It is shown here, and never again.")]


@router.post("/sign-up", status_code=201)
async def sign_up(new: NewAccount, visit: CurrentVisit, response: Response) -> MemberOf:
    signed = await visit.db.accounts.sign_up(
        new.email,
        new.password.get_secret_value(),
        name=new.name,
        tenant_name=new.tenant_name,
        slug=new.tenant,
        actor=visit.actor(),
    )
    return await begin_session(visit, response, signed, new.tenant)


@router.post("/sign-in")
async def sign_in(shown: Credentials, visit: CurrentVisit, response: Response) -> MemberOf:
    password = shown.password.get_secret_value()
    async with visit.db.accounts.signing_in(shown.email, password, actor=visit.actor()) as signed:
        return await begin_session(visit, response, signed, shown.tenant)


async def begin_session(
    visit: CurrentVisit, response: Response, signed: SignedIn, slug: str | None
) -> MemberOf:
    for member in signed.memberships:
        if slug in (None, member.slug):
            response.headers["set-cookie"] = await visit.sign_in(member.tenant_id, signed.user_id)
            return member
    raise NotAuthenticated("no such tenant")


@router.post("/sign-out", status_code=204)
async def sign_out(_: CurrentCaller, visit: CurrentVisit, response: Response) -> None:
    response.headers["set-cookie"] = await visit.sign_out()


@router.post("/keys", status_code=201, dependencies=admins)
async def make_key(new: NewKey, t: Tenant, caller: CurrentCaller) -> MadeKey:
    for scope in new.scopes:
        caller.require(scope)  # nobody hands on more than he has
    made = await t.api_keys.create(name=new.name, scopes=new.scopes, user_id=caller.user_id)
    return MadeKey(id=made.key.id, secret=made.secret)


@router.delete("/keys/{key_id}", status_code=204, dependencies=admins)
async def revoke_key(key_id: UUID, t: Tenant) -> None:
    await t.api_keys.revoke(key_id)
