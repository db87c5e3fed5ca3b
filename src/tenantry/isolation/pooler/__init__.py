"""The pooler between the application and the server: what it is, and how it is set up.

Tenants share its connections, so what it lets one client leave behind or become is part of isolation. No
query to the server tells of it: PgBouncer is asked itself, on its console, or its file is read.
"""

from .console import read_console
from .facts import Entry, PoolerFacts, Unseen
from .file import read_file
from .rules import RULES, examine
from .way import Look, Source, look

__all__ = [
    "RULES",
    "Entry",
    "Look",
    "PoolerFacts",
    "Source",
    "Unseen",
    "examine",
    "look",
    "read_console",
    "read_file",
]
