"""FastAPI's own errors as problem+json, and every answer of the door told in the OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import responses
from typing import Any, Final

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.requests import HTTPConnection
from starlette.exceptions import HTTPException

from tenantry.errors import TenantryError

from .cookie import SessionCookie
from .problems import INTERNAL, TYPE, Problem, answer_to, log
from .visit import KEY

_POLICY_VIOLATION: Final = 1008
#: Of what is wrong with one request; a list of a million numbers can be wrong a million times.
_MOST_ERRORS: Final = 20
_LONGEST_NAME: Final = 100
_INVALID: Final = "The input is not valid"


def problems(app: FastAPI) -> None:
    """Answer what FastAPI itself refuses as Tenantry's errors are answered, and declare all of it in the
    OpenAPI. An application that is mounted in another is one of its own: call it for both."""
    app.add_exception_handler(TenantryError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(WebSocketRequestValidationError, _invalid_message)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
    made = app.openapi

    def openapi() -> dict[str, Any]:
        schema = made()
        _declare(schema, _cookie(app))
        return schema

    # As FastAPI's documentation has it.
    app.openapi = openapi  # type: ignore[method-assign]


# ---- answers ----------------------------------------------------------------------------------


async def _refused(connection: HTTPConnection, error: Exception) -> Response:
    """In a mounted application, whose own last resort would make it a 500 before the middleware sees it."""
    assert isinstance(error, TenantryError)  # noqa: S101 - it is registered for these
    if isinstance(connection, WebSocket):
        raise error  # the middleware knows how to close it
    problem = answer_to(error)
    log(problem, error, _request_id(connection))
    return _answer(connection, problem)


async def _invalid(request: Request, error: Exception) -> Response:
    """What was wrong and where, and never what was sent: it may be a password."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = [
        {"loc": [*map(_short, found["loc"])], "msg": _said(found), "type": found["type"]}
        for found in error.errors()[:_MOST_ERRORS]
    ]
    problem = Problem(422, "invalid_input", "The input cannot be used", members={"errors": errors})
    return _answer(request, problem)


async def _invalid_message(websocket: WebSocket, error: Exception) -> None:
    await websocket.close(_POLICY_VIOLATION)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    # In lower case, as ASGI has them: what stands in front looks for them so.
    headers = tuple(
        (k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in (error.headers or {}).items()
    )
    status = error.status_code
    if status < 200 or status in (204, 205, 304):
        return Response(status_code=status, headers=error.headers)
    title = responses.get(status, "Error")
    code = title.lower().replace(" ", "_").replace("-", "_").replace("'", "")
    if isinstance(error.detail, str):
        detail = "" if error.detail == title else error.detail
        return _answer(request, Problem(status, code, title, detail, headers))
    errors = jsonable_encoder(error.detail)
    return _answer(
        request, Problem(status, code, title, headers=headers, members={"errors": errors})
    )


async def _failed(request: Request, error: Exception) -> Response:
    """The server logs it when it is raised again."""
    return _answer(request, INTERNAL)


def _answer(connection: HTTPConnection, problem: Problem) -> Response:
    response = Response(problem.body(_request_id(connection)), problem.status, media_type=TYPE)
    response.raw_headers.append((b"cache-control", b"no-store"))
    response.raw_headers.extend(problem.headers)
    return response


def _request_id(connection: HTTPConnection) -> str:
    visit = connection.scope.get(KEY)
    return visit.request_id if visit else ""


def _said(found: Mapping[str, Any]) -> str:
    """Pydantic's words, without those that repeat a part of the input."""
    kind, message = str(found["type"]), str(found["msg"])
    if kind == "union_tag_invalid":
        return _INVALID
    # As in: Input should be a valid UUID, invalid character: found `z` at 1.
    return message.partition(",")[0] if kind.endswith(("_parsing", "_violation")) else message


def _short(name: str | int) -> str | int:
    """A place's name is the sender's own where it is the key of an object."""
    return name[:_LONGEST_NAME] if isinstance(name, str) else name


# ---- the OpenAPI ------------------------------------------------------------------------------

_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "An error, as RFC 9457 has it. Programs go by its `code`.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "Names the request."},
        "code": {"type": "string"},
    },
    "required": ["type", "title", "status", "code"],
}
_MEANINGS: Final = {
    "400": "It cannot be read, or a sign-in came to nothing",
    "401": "The credentials are missing, or are not accepted",
    "402": "A quota of the plan is used up",
    "403": "Not allowed, or the tenant is suspended",
    "404": "There is none, in this tenant",
    "409": "In conflict with what is there, or with other work",
    "422": "The input cannot be used",
    "429": "Too many requests",
    "500": "It went wrong",
    "503": "A server behind this one is away, or busy",
    "504": "It took too long",
}
_RETRY_AFTER: Final = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
_METHODS: Final = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_FASTAPIS: Final = {
    "application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}
}


def _declare(schema: dict[str, Any], cookie: str | None) -> None:
    """Doing it again changes nothing: FastAPI hands out the schema that it made once."""
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    # A model of the application's own may be called so.
    name = "Problem" if schemas.get("Problem", _SCHEMA) == _SCHEMA else "TenantryProblem"
    schemas[name] = _SCHEMA
    for path in schema.get("paths", {}).values():
        for method, operation in path.items():
            if method in _METHODS:
                _declare_of(operation["responses"], name)
    # Nothing refers to them any more.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    scheme = components.get("securitySchemes", {}).get("session")
    if scheme is not None and cookie is not None:
        scheme["name"] = cookie


def _declare_of(answers: dict[str, Any], name: str) -> None:
    for status, meaning in _MEANINGS.items():
        told = answers.get(status)
        if told is None or told.get("content") == _FASTAPIS:
            answers[status] = _declared(status, meaning, name)


def _declared(status: str, meaning: str, name: str) -> dict[str, Any]:
    content = {TYPE: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    headers = {"headers": _RETRY_AFTER} if status in ("429", "503") else {}
    return {"description": meaning, "content": content, **headers}


def _cookie(app: FastAPI) -> str | None:
    """What the middleware of this application calls it."""
    for middleware in app.user_middleware:
        cookie = middleware.kwargs.get("cookie")
        if isinstance(cookie, SessionCookie):
            return cookie.name
    return None
