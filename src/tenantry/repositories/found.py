"""How many rows a search may ask for."""

from __future__ import annotations

from tenantry.errors import InvalidInput

#: What the functions that search return at most: what is ranked has no next page.
MOST_FOUND = 1000


def within(limit: int) -> int:
    """The limit of a search, if it is one."""
    if not 0 < limit <= MOST_FOUND:
        raise InvalidInput(
            f"limit must be 1 to {MOST_FOUND}, the most that a search finds.",
            field="limit",
            hint="Ask for something narrower, or page through all of it with `list` or `iterate`.",
        )
    return limit
