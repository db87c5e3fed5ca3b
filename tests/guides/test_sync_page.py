"""The Celery task of docs/sync.md comes again after just those errors that may be over by then."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from tenantry.errors import DeadlockDetected, NotFound, TenantryError
from tenantry.ids import uuid7

from .blocks import DOCS, read


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("BROKER_URL", "memory://")
    monkeypatch.setenv("RESULT_URL", "cache+memory://")
    database = ModuleType("shop.database")
    database.__dict__["database"] = None
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.database", database)
    (page,) = [block for block in read(DOCS / "sync.md") if block.file == "shop/worker.py"]
    names: dict[str, Any] = {"__name__": "shop.worker"}
    exec(compile(page.text, "shop/worker.py", "exec"), names)  # noqa: S102 - it is ours
    names["app"].conf.task_always_eager = True
    return names


@pytest.mark.parametrize(
    ("error", "tries"),
    [(DeadlockDetected("Two waited for each other."), 2), (NotFound("projects", uuid7()), 1)],
)
def test_it_comes_again(worker: dict[str, Any], error: TenantryError, tries: int) -> None:
    tried = []

    @worker["app"].task(base=worker["TenantTask"])  # type: ignore[untyped-decorator]
    def work() -> str:
        tried.append(1)
        if len(tried) == 1:
            raise error
        return "done"

    result = work.delay()
    assert len(tried) == tries
    assert (result.state == "SUCCESS") == (tries == 2)
