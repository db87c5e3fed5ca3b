"""Reports that show whether they are what was written, and with whose key.

What is signed is a page's text above its digest, or a JSON document without its signature in one
canonical form; before it stands a word of ours, so that no signature of something else fits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenantry import strict_json
from tenantry.signing import SigningKey, is_signed

_WORD = b"tenantry-report-1\n"
_DIGEST = "SHA-256 of all above this line"
_END = re.compile(
    rf"\n{_DIGEST}: `([0-9a-f]{{64}})`\n(?:\nSigned by `([\w:=-]+)`: `([\w=-]+)`\n)?\Z"
)


class State(StrEnum):
    GENUINE = "genuine"
    ALTERED = "altered"
    UNSIGNED = "unsigned"
    #: Signed by another key than the one that was asked for.
    FOREIGN = "foreign"
    #: Signed, and nobody said whose key it should be.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verification:
    state: State
    #: The key that signed it.
    signer: str = ""

    @property
    def ok(self) -> bool:
        return self.state is State.GENUINE

    @property
    def words(self) -> str:
        return _WORDS[self.state].format(signer=self.signer)


_WORDS = {
    State.GENUINE: "The report is as it was signed by {signer}.",
    State.ALTERED: "The report is not as it was written: something was changed, added or cut off, or it"
    " is no report of `tenantry prove`.",
    State.UNSIGNED: "The report is not signed, so anybody may have written it.",
    State.FOREIGN: "The report is signed by another key, {signer}.",
    State.UNKNOWN: "The report is signed by {signer}, and nobody said whose key that is: give the one"
    " that it should be in --public-key.",
}


def close_page(text: str, key: SigningKey | None) -> str:
    """The page with its digest, and its signature where there is a key."""
    page = f"{text}\n{_DIGEST}: `{_digest(text)}`\n"
    if key is None:
        return page
    return f"{page}\nSigned by `{key.public}`: `{key.sign(_WORD + text.encode())}`\n"


def sign_data(data: Mapping[str, Any], key: SigningKey | None) -> dict[str, Any]:
    """The document with its signature, where there is a key."""
    if key is None:
        return {**data}
    return {**data, "signature": {"by": key.public, "value": key.sign(_canonical(data))}}


def verify(text: str, public: str | None) -> Verification:
    """Whether a report, a page or JSON, is what the holder of this key's other half signed."""
    return (
        _verify_data(text, public) if text.lstrip().startswith("{") else _verify_page(text, public)
    )


def _verify_page(text: str, public: str | None) -> Verification:
    end = _END.search(text)
    if end is None or end[1] != _digest(text[: end.start()]):
        return Verification(State.ALTERED)
    if end[2] is None:
        return Verification(State.UNSIGNED)
    return _judge(_WORD + text[: end.start()].encode(), end[3], end[2], public)


def _verify_data(text: str, public: str | None) -> Verification:
    try:
        data = strict_json.read(text)
        signature = data.pop("signature", None)
        if signature is None:
            return Verification(State.UNSIGNED)
        if set(signature) != {"by", "value"}:  # what else stands there is signed by nobody
            return Verification(State.ALTERED)
        return _judge(_canonical(data), str(signature["value"]), str(signature["by"]), public)
    except (ValueError, LookupError, TypeError, RecursionError):
        return Verification(State.ALTERED)


def _judge(content: bytes, signature: str, signer: str, public: str | None) -> Verification:
    if not is_signed(content, signature, signer):
        return Verification(State.ALTERED)
    if public is None:
        return Verification(State.UNKNOWN, signer)
    return Verification(State.GENUINE if signer == public else State.FOREIGN, signer)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(data: Mapping[str, Any]) -> bytes:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _WORD + text.encode()
