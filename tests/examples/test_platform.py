"""The example platform end to end, as its users meet it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import httpx

from tenantry.local.processes import wait_until

from .conftest import EXAMPLE

PASSWORD = "correct horse battery"


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_it_is_short() -> None:
    assert sum(map(_lines, EXAMPLE.glob("**/*.py"))) <= 300


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=60)


def signed_up(http: httpx.Client, tenant: str) -> None:
    """As a new user of a new tenant; the client keeps the cookie."""
    answer = http.post(
        "/sign-up",
        json={
            "email": f"ann@{tenant}.test", "password": PASSWORD, "name": "Ann",
            "tenant": tenant, "tenant_name": tenant.title(),
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    assert answer.json()["role"] == "owner"


def test_tenants_work_apart(platform: str) -> None:
    with client(platform) as ann, client(platform) as bob:
        signed_up(ann, "acme")
        signed_up(bob, "apart-2")
        project = ann.post("/projects", json={"name": "Apollo"}).json()
        tasks = f"/projects/{project['id']}/tasks"
        task = ann.post(tasks, json={"prompt": "Build a login", "priority": "high"}).json()
        assert [p["name"] for p in ann.get("/projects").json()] == ["Apollo"]
        assert [t["title"] for t in ann.get(tasks).json()] == ["Build a login"]

        # The other tenant has none of it, whatever he asks for by name.
        assert bob.get("/projects").json() == []
        assert bob.get(tasks).json() == []
        assert bob.post(tasks, json={"prompt": "Break in"}).status_code == 422
        move = f"/projects/tasks/{task['id']}/move"
        answer = bob.post(move, json={"stage": "running"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.headers["content-type"] == "application/problem+json"

        assert ann.post(move, json={"stage": "running"}).json()["status"] == "running"
        refused = ann.post(move, json={"stage": "nowhere"})
        assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")
        assert "completed" in refused.json()["allowed"]

        # A key may what it was given, and hands on no more.
        new = {"name": "ci", "scopes": ["tasks:read"]}
        made = ann.post("/keys", json=new).json()
        with httpx.Client(base_url=platform) as program:
            program.headers["authorization"] = f"Bearer {made['secret']}"
            assert program.get("/projects").status_code == 200
            refused = program.post("/projects", json={"name": "X"})
            assert (refused.status_code, refused.json()["scope"]) == (403, "tasks:write")
            # Nor with keys, though its member is an owner: it was not given that.
            for refused in (program.post("/keys", json=new), program.delete(f"/keys/{made['id']}")):
                assert (refused.status_code, refused.json()["scope"]) == (403, "keys:write")
            maker = ann.post("/keys", json={"name": "maker", "scopes": ["keys:write"]}).json()
            headers = {"authorization": f"Bearer {maker['secret']}"}
            more = program.post("/keys", json={"name": "more", "scopes": ["*"]}, headers=headers)
            assert (more.status_code, more.json()["scope"]) == (403, "*")
            assert ann.delete(f"/keys/{made['id']}").status_code == 204
            assert program.get("/projects").status_code == 401


def test_a_session_begins_and_ends(platform: str) -> None:
    shown = {"email": "x", "password": ["hunter2-hunter2"], "name": "", "tenant": "A B"}
    answer = httpx.post(f"{platform}/sign-up", json=shown)
    assert answer.status_code == 422
    assert ["body", "password"] in [error["loc"] for error in answer.json()["errors"]]
    assert "hunter2" not in answer.text

    with client(platform) as ann:
        signed_up(ann, "leavers")
        stolen = {"cookie": f"session={ann.cookies['session']}"}
        assert httpx.get(f"{platform}/projects", headers=stolen).status_code == 200
        assert ann.post("/sign-out").status_code == 204
        assert "session" not in ann.cookies
        assert httpx.get(f"{platform}/projects", headers=stolen).status_code == 401

        wrong = {"email": "ann@leavers.test", "password": "wrong horse battery"}
        assert ann.post("/sign-in", json=wrong).status_code == 401
        right = {**wrong, "password": PASSWORD, "tenant": "leavers"}
        assert ann.post("/sign-in", json=right).json()["slug"] == "leavers"
        assert ann.get("/projects").status_code == 200
        assert ann.post("/sign-in", json={**right, "tenant": "other"}).status_code == 401


def test_chat_arrives_in_pieces_and_is_booked(platform: str) -> None:
    with client(platform) as ann:
        signed_up(ann, "talkers")
        talk = f"/conversations/{ann.post('/conversations').json()['id']}"
        with ann.stream("POST", talk, json={"content": "Hello there"}) as answer:
            assert answer.status_code == 200
            pieces = list(answer.iter_raw())
        assert len(pieces) > 1
        assert b"".join(pieces) == b"You said: Hello there "
        said = [(m["role"], m["content"]) for m in ann.get(talk).json()]
        assert said == [("user", "Hello there"), ("assistant", "You said: Hello there ")]
        spent = ann.get("/costs").json()
        assert Decimal(spent["spent_usd"]) == Decimal("0.00006")
        assert [(m["model"], m["output_tokens"]) for m in spent["models"]] == [("echo-1", 4)]

        # Who goes away in the middle pays for what was said until then, and no more.
        with ann.stream("POST", talk, json={"content": "word " * 1000}) as answer:
            next(answer.iter_raw())
        assert wait_until(lambda: len(ann.get(talk).json()) == 4, timeout_s=60)
        (used,) = ann.get("/costs").json()["models"]
        assert used["entries"] == 2
        assert 4 < used["output_tokens"] < 1000
        assert Decimal(used["cost_usd"]) == Decimal("0.00001") * (
            used["input_tokens"] + used["output_tokens"]
        )

        missing = ann.post(f"/conversations/{uuid4()}", json={"content": "Hello?"})
        assert missing.headers["content-type"] == "application/problem+json"
        assert missing.status_code == 422
