"""Lessons and how they served, patterns seen again and again, and what decisions rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenantry.models import Evidence, EvidenceLink, Lesson, Pattern

from .backlog import Epic, Task
from .story import LENGTH, Company, Row, between, pick, share, whole
from .texts import text


def learning(company: Company, epics: Sequence[Epic]) -> None:
    told = text(company.slug)
    done = [task for epic in epics for task in epic.tasks if task.done]
    for lesson in told["lesson"]:
        _lesson(company, lesson, done)
    for pattern in told["pattern"]:
        names = (pattern["type"], str(pattern["pattern"]))
        company.add(
            Pattern, *names, back=between(LENGTH - 10, LENGTH, *names), type=pattern["type"],
            agent_type=pattern.get("agent"), pattern=pattern["pattern"],
            frequency=pattern["frequency"], last_seen=company.at(between(0.2, 6, *names)),
        )  # fmt: skip
    known: dict[str, UUID] = {}
    for one in sorted(told["evidence"], key=lambda e: -e["back"]):
        _evidence(company, one, known)
    for task in done:
        if task.type == "test" and "tester" in task.runs:
            _test_result(company, task)


def _lesson(company: Company, told: dict[str, Any], done: list[Task]) -> None:
    """Its success rate as the database keeps it: the newest outcome weighs a fifth."""
    rate: float | None = None
    for outcome in told["outcomes"]:
        good = float(outcome == "y")
        rate = good if rate is None else rate * 0.8 + good * 0.2
    source = pick([t for t in done if told["source"] in t.team] or done, told["title"])
    sure = told["confidence"] >= 0.8
    company.add(
        Lesson, told["title"], back=source.last * 0.97, task_id=source.id, category=told["category"],
        title=told["title"], summary=told["summary"], details=told.get("details"), tags=told["tags"],
        source_agent=told["source"], confidence=told["confidence"],
        application_count=len(told["outcomes"]), success_rate=rate, human_validated=sure,
        validated_by=company.user(company.person(told["title"])) if sure else None,
    )  # fmt: skip


def _evidence(company: Company, told: dict[str, Any], known: dict[str, UUID]) -> None:
    verified = told.get("verified", False)
    row = company.add(
        Evidence, told["key"], back=told["back"], task_id=None,
        project_id=company.projects[told["project"]], source_type=told["source_type"],
        source=told["source"], title=told["title"], content=told["content"], data={},
        credibility_score=told["score"], is_verified=verified,
        verified_by=company.user(company.person(told["key"])) if verified else None,
        verified_at=company.at(told["back"] - 0.4) if verified else None, tags=told["tags"],
    )  # fmt: skip
    known[told["key"]] = row["id"]
    for link in told.get("links", ()):
        _link(company, row, link["kind"], told["back"] - 0.1, target_type="evidence",
              target_id=known[link["to"]], note=link.get("note"))  # fmt: skip


def _test_result(company: Company, task: Task) -> None:
    """What a test task found speaks for its run, and for the decisions that followed."""
    run, cases = task.runs["tester"], whole(12, 400, task.key, "cases")
    verified = share(task.key, "verified") < 0.6
    row = company.add(
        Evidence, task.key, at=run["completed_at"], task_id=task.id,
        project_id=company.projects[task.project], source_type="test_result",
        source=f"nightly suite, #{task.number}", title=f"{task.title}: passed",
        content=f"{cases} cases, all as expected; the slowest took {whole(2, 90, task.key)} s.",
        data={"cases": cases, "failed": 0},
        credibility_score=round(between(0.75, 0.97, task.key), 2), is_verified=verified,
        verified_by=company.user(company.person(task.key, "verifier")) if verified else None,
        verified_at=company.at(task.last * 0.99) if verified else None, tags=[task.epic.label, "test"],
    )  # fmt: skip
    run["evidence_id"] = row["id"]
    for kind, target in [("execution", run["id"]), *task.proofs[:2]]:
        _link(company, row, "supports", task.last * 0.99, target_type=kind, target_id=target)


def _link(company: Company, evidence: Row, kind: str, back: float, **to: Any) -> None:
    company.add(
        EvidenceLink, str(evidence["id"]), kind, str(to["target_id"]), back=back,
        evidence_id=evidence["id"], kind=kind, **{"note": None, **to},
    )  # fmt: skip
