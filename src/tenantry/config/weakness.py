"""Whether a secret is one that people guess. A guess itself: it finds the careless, not the weak."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log2

KEY_BYTES = 32
_PASSWORD_LENGTH = 8

# Without their punctuation. The last line is samples from documents that people copy.
_WORDS = """
    0000 1234 12345 123456 1234567 12345678 123456789 1234567890 abc123 abcd1234 admin admin123
    administrator app changeit changeme changethis default demo dev development docker example
    foobar guest hunter2 letmein login master mysecretpassword owner p4ssw0rd pass passw0rd
    password password1 password12 password123 pgpassword pgpass postgres postgres123 postgresql
    postgrespassword production qwerty qwerty123 qwertyuiop redis redispassword replaceme root
    root123 rootpassword sample secret secret123 secretpassword service superuser supersecret
    tenantry test test123 testing testpassword topsecret user valkey welcome welcome1
    yourpassword yoursecurepassword agentdeskdevpassword aigentflow
"""
_DEFAULTS = frozenset(_WORDS.split())
#: As they are typed: what a stored hash can be compared with.
GUESSES = (*_WORDS.split(), "agent_desk_dev_password", "change_me", "changeme123", "your_password")

# Words that make up a placeholder. Long enough that no random key holds one by chance.
_PLACEHOLDER = re.compile(
    r"change|secret|password|passwd|production|please|example|default|admin|postgres|token|super|"
    r"develop|replace|insecure|placeholder|sample|private|string|should|minimum|characters"
    r"|random|least|256.?bit",
    re.IGNORECASE,
)


def weak_password(password: str, user: str | None) -> str | None:
    """Why this password is one of the first that are tried, or None."""
    plain = _letters(password)
    if user and plain == _letters(user):
        return "is the user's name"
    if plain in _DEFAULTS:
        return "is a well-known default"
    if len(password) < _PASSWORD_LENGTH:
        return f"is shorter than {_PASSWORD_LENGTH} characters"
    if len(set(password)) < 4:
        return "repeats a few characters"
    return None


def weak_key(key: str) -> str | None:
    """Why this signing key can be guessed, or None."""
    if key.encode(errors="replace").decode() != key:
        return "is not UTF-8 text"
    if _letters(key) in _DEFAULTS:
        return "is a well-known default"
    if len(key.encode()) < KEY_BYTES:
        return f"is shorter than {KEY_BYTES} bytes"
    left = _unrepeated(_PLACEHOLDER.sub("", key))
    if len(left) < 24:
        return "is a placeholder or a repetition, not a random key"
    if _bits(left) < 80 or _ladder(left):
        return "is too regular to be random"
    return None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def _unrepeated(text: str) -> str:
    """The shortest piece whose repetition gives the text."""
    again = (text + text).find(text, 1)
    return text[:again] if again > 0 else text


def _bits(text: str) -> float:
    """The text's entropy, as far as its own letters tell."""
    counts = Counter(text).values()
    return -sum(n * log2(n / len(text)) for n in counts)


def _ladder(text: str) -> bool:
    """Whether most letters follow from the one before: abcdef, 987654, aaaa."""
    steps = [abs(ord(b) - ord(a)) for a, b in pairwise(text)]
    return sum(step <= 1 for step in steps) > len(steps) / 2
