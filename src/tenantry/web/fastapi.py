"""What a route of FastAPI asks for: its tenant, who calls, and what he must be allowed.

@app.get("/tasks", dependencies=[require_scope("tasks:read")])
async def tasks(t: Tenant) -> list[...]:
    return await t.tasks.list()
"""

from __future__ import annotations

# Next to nothing here waits, and yet all is `async def`: what is not, FastAPI sends to a thread each time.
from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer, SecurityBase
from fastapi.requests import HTTPConnection
from fastapi.security.base import SecurityBase as Scheme

from tenantry import handles, models
from tenantry.database import Database
from tenantry.rights import checked_scope

from .caller import Caller
from .cookie import SessionCookie
from .fastapi_problems import problems
from .permissions import checked_role
from .visit import Visit, visit_of

__all__ = [
    "CurrentCaller",
    "CurrentUser",
    "CurrentVisit",
    "Db",
    "ReadonlyTenant",
    "Tenant",
    "get_caller",
    "get_db",
    "get_readonly_tenant",
    "get_tenant",
    "get_user",
    "get_visit",
    "problems",
    "require_role",
    "require_scope",
]


class _Shown(Scheme):
    """Tells the API's documentation how to show who one is. The middleware has seen to it."""

    def __init__(self, name: str, model: SecurityBase) -> None:
        self.scheme_name = name
        self.model = model

    async def __call__(self) -> None:
        """Nothing is left to do, for requests and for WebSockets alike."""


def _named(place: APIKeyIn, name: str) -> SecurityBase:
    # `in` is a word of Python's.
    return APIKey.model_validate({"in": place, "name": name})


_BEARER = _Shown("bearer", HTTPBearer(description="An API key, or a token."))
_KEY = _Shown("key", _named(APIKeyIn.header, "X-API-Key"))
_SESSION = _Shown("session", _named(APIKeyIn.cookie, SessionCookie().name))


async def get_visit(connection: HTTPConnection) -> Visit:
    return visit_of(connection.scope)


CurrentVisit = Annotated[Visit, Depends(get_visit)]


_Bearer = Annotated[None, Security(_BEARER)]
_Key = Annotated[None, Security(_KEY)]
_Session = Annotated[None, Security(_SESSION)]


async def get_caller(visit: CurrentVisit, _b: _Bearer, _k: _Key, _s: _Session) -> Caller:
    return visit.caller


#: Who calls: `Caller`.
CurrentCaller = Annotated[Caller, Depends(get_caller)]


# These two ask for no `CurrentCaller`: FastAPI walks through all that stands below a dependency each
# time, also where it has the answer.
async def get_tenant(visit: CurrentVisit, _b: _Bearer, _k: _Key, _s: _Session) -> handles.Tenant:
    return visit.tenant()


async def get_readonly_tenant(
    visit: CurrentVisit, _b: _Bearer, _k: _Key, _s: _Session
) -> handles.Tenant:
    return visit.tenant(readonly=True)


async def get_user(visit: CurrentVisit, _: CurrentCaller) -> models.User:
    return await visit.user()


#: The caller's tenant, by the caller: `async with t:` for a transaction, `t.tasks…` for a call.
Tenant = Annotated[handles.Tenant, Depends(get_tenant)]
#: The same for reading alone: on a replica, where there are some.
ReadonlyTenant = Annotated[handles.Tenant, Depends(get_readonly_tenant)]
#: The member who calls. Refused for keys and tokens that act for nobody.
CurrentUser = Annotated[models.User, Depends(get_user)]


async def get_db(visit: CurrentVisit) -> Database:
    return visit.db


#: For what is done before a tenant is known, such as `db.accounts.signing_in`.
Db = Annotated[Database, Depends(get_db)]


def require_scope(scope: str) -> Any:
    """A dependency: the caller's scopes and role must allow this, as in `tasks:write`."""
    checked_scope(scope)

    async def required(caller: CurrentCaller) -> None:
        caller.require(scope)

    return Depends(required)


def require_role(role: str) -> Any:
    """A dependency: the caller is a member of this role, or of one above it."""
    checked_role(role)

    async def required(caller: CurrentCaller) -> None:
        caller.require_role(role)

    return Depends(required)
