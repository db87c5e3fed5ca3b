"""The whole story, in the order in which one thing leads to another."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from . import around, backlog, company, feed, knowledge, learning, organisation, quality, runs
from . import talk as conversation
from . import tasks as work
from .story import Company, Story


def tell(story: Story, workflows: Mapping[str, Mapping[str, UUID]]) -> None:
    """Gather the rows of both tenants, given the ids of their workflows."""
    organisation.prices(story)
    for slug in story.demo.tenants:
        one = Company(slug, story, workflows[slug])
        company.memberships(one)
        organisation.projects(one)
        organisation.agents(one)
        organisation.desks(one)
        epics = backlog.plan(one)
        work.tasks(one, epics)
        runs.runs(one, epics)
        runs.overheads(one)
        around.around(one, epics)
        quality.quality(one, epics)
        conversation.talk(one, epics)
        learning.learning(one, epics)
        knowledge.knowledge(one)
        feed.feed(one, epics)
