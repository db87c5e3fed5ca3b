"""Every link from one page to another leads to what is there, down to its heading."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from .blocks import DOCS, ROOT

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))]
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
#: `[words](place)`, and an image's; code has brackets too, and is left out.
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_it_leads_somewhere(page: Path) -> None:
    text = _CODE.sub("", _prose(page))
    missing = []
    for link in _LINK.findall(text):
        if re.match(r"\w+:", link):
            continue
        file, _, heading = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (heading and heading not in _headings(target)):
            missing.append(link)
    assert missing == []


def test_links_are_found() -> None:
    assert sum(len(_LINK.findall(_prose(page))) for page in PAGES) > 50
    assert "plain-or-sealed" in _headings(DOCS / "isolation.md")


def _prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text("utf-8"))


@cache
def _headings(page: Path) -> frozenset[str]:
    """As GitHub names them: in small letters, without signs, hyphens for spaces."""
    titles = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)
