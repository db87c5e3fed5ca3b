"""Conversations: of plans and their progress, of ventures, and within sessions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenantry.models import Business, Conversation, Message

from .backlog import Epic, Task
from .company import first_name
from .organisation import OWNERS, model_of, price
from .runs import expense, said
from .story import Company, Row, share, whole
from .texts import text


def talk(company: Company, epics: Sequence[Epic]) -> None:
    _ventures(company)
    for epic in epics:
        _planning(company, epic)
        for task in epic.tasks:
            if task.maker in task.sessions and (task.moving or share(task.key, "kept") < 0.3):
                _transcript(company, task)


class _Talk:
    """One conversation, or what was said in one session."""

    def __init__(self, company: Company, key: str, agent: Row, **place: UUID) -> None:
        self._company, self._key, self._agent, self._place = company, key, agent, place
        self._said = 0
        self._tokens = [0, 0]

    def say(self, at: datetime, role: str, content: str, **more: Any) -> None:
        names = (self._key, str(self._said))
        self._said += 1
        tokens_in = tokens_out = 0
        model = None
        if role == "assistant":
            model = model_of(self._agent)
            tokens_in, tokens_out = whole(700, 6_000, *names), max(20, len(content) // 4)
            self._tokens = [self._tokens[0] + tokens_in, self._tokens[1] + tokens_out]
        values = {
            "conversation_id": None, "session_id": None, "tool_calls": None, "tool_call_id": None,
            "tool_result": None, **self._place, **more,
        }  # fmt: skip
        self._company.add(
            Message, *names, at=at + timedelta(seconds=25 * self._said), role=role, content=content,
            model=model[1] if model else None, input_tokens=tokens_in, output_tokens=tokens_out,
            cost_usd=price(model, tokens_in, tokens_out) if model else 0, **values,
        )  # fmt: skip

    def use_tool(self, at: datetime, words: str, tool: str, given: Row, result: Row) -> None:
        call = f"call_{self._key.replace('/', '_')}_{self._said}"
        function = {"name": tool, "arguments": json.dumps(given)}
        self.say(at, "assistant", words,
                 tool_calls=[{"id": call, "type": "function", "function": function}])  # fmt: skip
        self.say(at, "tool", "", tool_call_id=call, tool_result=result)

    def charge(self, at: datetime) -> None:
        """What a conversation cost; a session's messages are in the session's sum."""
        used = self._tokens[0], self._tokens[1]
        expense(self._company, "conversation", self._key, at=at, model=model_of(self._agent),
                used=used, agent_id=self._agent["id"])  # fmt: skip


def _ventures(company: Company) -> None:
    agent = company.agents["orchestrator"]
    for told in text(company.slug)["business"]:
        user, name = company.user(told["user"]), told["name"]
        first = told["talk"][0]["back"]
        business = company.add(
            Business, name, back=first + 2, user_id=user, name=name, industry=told["industry"],
            stage=told["stage"], context=told["context"],
        )  # fmt: skip
        for one in told["talk"]:
            conversation = company.add(
                Conversation, one["title"], back=one["back"], business_id=business["id"],
                project_id=None, user_id=user, title=one["title"],
            )  # fmt: skip
            words = _Talk(company, one["title"], agent, conversation_id=conversation["id"])
            for place, line in enumerate(one["lines"]):
                role, _, content = line.partition(": ")
                words.say(company.at(one["back"] - 0.03 * place), role, content)
            words.charge(company.at(one["back"]))


def _planning(company: Company, epic: Epic) -> None:
    """How an epic was cut into tasks, and what was asked about it since."""
    agent, lead = company.agents["orchestrator"], OWNERS[epic.project]
    start = epic.span[0] - 0.05
    conversation = company.add(
        Conversation, epic.key, back=epic.span[0], business_id=None,
        project_id=company.projects[epic.project], user_id=company.user(lead),
        title=f"Planning: {epic.title}",
    )  # fmt: skip
    words = _Talk(company, epic.key, agent, conversation_id=conversation["id"])
    at, tasks = company.at(start), epic.tasks
    words.say(at, "user", f"{epic.title}. {epic.why} How would you go about it?")
    listed = "\n".join(f"{n}. {task.title}" for n, task in enumerate(tasks, 1))
    words.say(
        at, "assistant", f"In {len(tasks)} tasks, in this order:\n{listed}\nShall I create them?"
    )
    words.say(at, "user", f"Yes, with the label {epic.label}. Which one could go wrong?")
    words.use_tool(
        at, "Creating them now.", "create_tasks",
        {"project": epic.project, "label": epic.label, "titles": [task.title for task in tasks]},
        {"created": [task.number for task in tasks]},
    )  # fmt: skip
    risky = tasks[whole(0, len(tasks) - 1, epic.key, "risky")]
    words.say(
        at, "assistant",
        f"All created, #{tasks[0].number} to #{tasks[-1].number}. Most of the risk is in"
        f" “{risky.title}”: it is the one nobody here has done before. I would look at it early.",
    )  # fmt: skip
    middle = (start + max(t.last for t in tasks if t is tasks[0]) + epic.span[1]) / 3
    if any(t.started is not None for t in tasks):
        for back in (middle, max(0.05, epic.span[1] * 0.5 if epic.ended is None else epic.ended)):
            words.say(company.at(back), "user", f"Where do we stand with “{epic.title}”?")
            words.say(company.at(back), "assistant", _standing(epic, back, first_name(lead)))
    words.charge(at)


def _standing(epic: Epic, back: float, who: str) -> str:
    done = [t for t in epic.tasks if t.done and t.last >= back]
    at_work = [t for t in epic.tasks
               if t.started is not None and t.started >= back and t.last < back]  # fmt: skip
    at_work += [t for t in epic.tasks if t.moving and t.started is not None and t.started >= back
                and t not in at_work]  # fmt: skip
    if len(done) == len(epic.tasks):
        return f"Finished, {who}: all {len(done)} tasks are done. The last was “{done[-1].title}”."
    told = [f"{len(done)} of {len(epic.tasks)} tasks done."]
    told += [
        f"“{t.title}” is in the hands of the {t.maker.replace('_', ' ')}." for t in at_work[:2]
    ]
    told += [f"“{t.title}” was given up." for t in epic.tasks if t.dropped and t.last >= back]
    return " ".join(told)


def _transcript(company: Company, task: Task) -> None:
    """The beginning of what an agent was told and did in its session."""
    agent, session = company.agents[task.maker], task.sessions[task.maker]
    at = session["started_at"]
    words = _Talk(company, f"session/{task.key}", agent, session_id=session["id"])
    tools = ", ".join(agent["capabilities"]["tools"])
    words.say(at, "system", f"You are {agent['name']}. {agent['description']} Tools: {tools}.")
    words.say(at, "user", f"#{task.number} {task.title}\n\n{task.epic.why}")
    found = whole(2, 24, task.key, "found")
    words.use_tool(
        at, "First I look at what is there.", "search",
        {"query": task.epic.label, "project": task.project},
        {"files": found, "first": f"src/{task.epic.label.replace('-', '_')}/__init__.py"},
    )  # fmt: skip
    if task.maker in task.runs:
        words.say(at, "assistant", said(task, task.maker))
    else:
        words.say(at, "assistant", f"{found} files touch this. I begin with the smallest change.")
