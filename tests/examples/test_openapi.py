"""The example's OpenAPI tells of every answer, whatever is sent: by a caller, and by nobody."""

from __future__ import annotations

import os
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from .test_platform import client, signed_up

EXAMPLES = 60 if os.environ.get("TENANTRY_SOAK") == "1" else 3
PUBLIC = ("/sign-up", "/sign-in")


def test_nothing_is_answered_that_is_not_declared(platform: str) -> None:
    schema = schemathesis.openapi.from_url(f"{platform}/openapi.json")
    # Those it makes up are refused, all alike; what comes after them would never be seen.
    schema.config.generation.update(with_security_parameters=False)
    # What is well-formed may be refused: a password that is too well known. Who is nobody, is seen below,
    # without hundreds of wrong keys, which are limited.
    schema.config.checks.update(excluded_check_names=["positive_data_acceptance", "ignored_auth"])
    with client(platform) as ann:
        signed_up(ann, "fuzzed")
        key, known = _some(ann)
    caller = {"authorization": f"Bearer {key}"}
    seen: set[int] = set()

    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        there = {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}
        seen |= _answers(operation, caller, path_parameters=there)
        seen |= _answers(operation, caller, mode=GenerationMode.NEGATIVE)
        nobody = _answers(operation, {}, path_parameters=there, most=3)
        assert operation.path in PUBLIC or nobody == {401}
    # Each kind of answer was met; the other statuses have tests of their own.
    assert {200, 201, 204, 401, 422} <= seen
    assert not {429, 503} & seen


def _some(ann: httpx.Client) -> tuple[str, dict[str, str]]:
    """A key that may everything, and what the paths name."""
    project = ann.post("/projects", json={"name": "Apollo"}).json()["id"]
    tasks = f"/projects/{project}/tasks"
    all_ = ann.post("/keys", json={"name": "all", "scopes": ["*"]}).json()["secret"]
    none = ann.post("/keys", json={"name": "none", "scopes": []}).json()["id"]
    return all_, {
        "project_id": project,
        "task_id": ann.post(tasks, json={"prompt": "Build a login"}).json()["id"],
        "id": ann.post("/conversations").json()["id"],
        "key_id": none,
    }


def _answers(
    operation: APIOperation[Any, Any, Any, Any],
    headers: dict[str, str],
    *,
    mode: GenerationMode = GenerationMode.POSITIVE,
    path_parameters: dict[str, str] | None = None,
    most: int = EXAMPLES,
) -> set[int]:
    """Send what schemathesis makes up for it, always the same, and look at what comes back."""
    seen: set[int] = set()
    if mode is GenerationMode.NEGATIVE and not operation.body and not operation.path_parameters:
        return seen  # nothing can be wrong with it

    @given(case=operation.as_strategy(mode, path_parameters=path_parameters))
    @settings(
        max_examples=most,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Case[Any]) -> None:
        answer = case.call(headers=headers)
        seen.add(answer.status_code)
        case.validate_response(answer, headers=headers)

    run()
    return seen
