"""A report that was signed shows any change, and whose key it was."""

from __future__ import annotations

import base64
import hashlib
import json
from string import ascii_letters, digits

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tenantry.errors import InvalidInput
from tenantry.isolation.signed import State, close_page, sign_data, verify
from tenantry.signing import SigningKey, is_public_key, is_signing_key, new_signing_key

KEY, OTHER = SigningKey(new_signing_key()), SigningKey(new_signing_key())
TEXT = "# Tenant isolation of a database\n\nDatabase `shop`, größer.\n\n**0 findings.**\n"
DATA = {
    "ok": True,
    "seconds": 1.25,
    "findings": [],
    "database": "größer",
    "poolers": {"words": "x"},
}
PAGE = close_page(TEXT, KEY)
DOCUMENT = json.dumps(sign_data(DATA, KEY), indent=2)


@pytest.mark.parametrize("report", [PAGE, DOCUMENT])
def test_whose_report_it_is(report: str) -> None:
    genuine = verify(report, KEY.public)
    assert (genuine.state, genuine.ok, genuine.signer) == (State.GENUINE, True, KEY.public)
    foreign = verify(report, OTHER.public)
    assert (foreign.state, foreign.ok) == (State.FOREIGN, False)
    assert KEY.public in foreign.words
    unknown = verify(report, None)
    assert (unknown.state, unknown.ok) == (State.UNKNOWN, False)
    assert "--public-key" in unknown.words


def test_a_changed_letter_is_noticed_wherever_it_stands() -> None:
    for at in range(len(PAGE)):
        changed = PAGE[:at] + ("x" if PAGE[at] != "x" else "y") + PAGE[at + 1 :]
        assert not verify(changed, KEY.public).ok
    for at in range(len(PAGE)):
        assert not verify(PAGE[:at] + PAGE[at + 1 :], KEY.public).ok


@pytest.mark.parametrize(
    "report",
    [
        PAGE + "PS: all is well\n",
        "PS\n" + PAGE,
        PAGE.removesuffix("\n"),
        "",
        "{",
        DOCUMENT.replace('"ok": true', '"ok": false'),
        DOCUMENT.replace('"seconds": 1.25', '"seconds": 1.26'),
        # Of two, one reader takes the first and another the last.
        DOCUMENT.replace('"ok": true', '"ok": false, "ok": true'),
        DOCUMENT.replace('"value"', '"note": "all is well", "value"'),
        DOCUMENT.replace('"by"', '"from"'),
        DOCUMENT.replace('"words": "x"', '"words": "\\ud800"'),
        DOCUMENT.replace("1.25", "NaN"),
        json.dumps({**json.loads(DOCUMENT), "signature": "none"}),
    ],
)
def test_an_altered_report_is_refused(report: str) -> None:
    found = verify(report, KEY.public)
    assert (found.state, found.ok) == (State.ALTERED, False)
    assert "not as it was written" in found.words


def test_a_document_may_be_set_out_otherwise() -> None:
    again = json.dumps(json.loads(DOCUMENT), sort_keys=True, separators=(",", ":"))
    assert verify(again, KEY.public).ok


def test_a_page_whose_signature_was_cut_off_is_unsigned_whatever_its_digest() -> None:
    text = TEXT.replace("0 findings", "1 finding")
    digest = hashlib.sha256(text.encode()).hexdigest()
    for report in (close_page(text, None), close_page(TEXT, None)):
        assert verify(report, KEY.public).state is State.UNSIGNED
    assert digest in close_page(text, None)
    assert verify(json.dumps(sign_data(DATA, None)), KEY.public).state is State.UNSIGNED


def test_a_signature_has_one_spelling() -> None:
    """The last letter before the padding has four bits that say nothing."""
    at = PAGE.rindex("==") - 1
    others = {PAGE[:at] + letter + PAGE[at + 1 :] for letter in ascii_letters + digits + "-_"}
    assert [page for page in others if verify(page, KEY.public).ok] == [PAGE]
    value = json.loads(DOCUMENT)["signature"]["value"]
    for other in (f"{value}=", f"{value}\n", value.rstrip("=")):
        changed = {**json.loads(DOCUMENT), "signature": {"by": KEY.public, "value": other}}
        assert verify(json.dumps(changed), KEY.public).state is State.ALTERED
    key = KEY.public[:-2] + chr(ord(KEY.public[-2]) + 1) + "="
    assert not is_public_key(key)


def test_a_signature_does_not_fit_another_report() -> None:
    other = close_page(TEXT.replace("shop", "shed"), KEY)
    signature = PAGE[PAGE.rindex("\nSigned by") :]
    moved = other[: other.rindex("\nSigned by")] + signature
    assert verify(moved, KEY.public).state is State.ALTERED
    # Nor does one by somebody who writes another's name under it.
    forged = close_page(TEXT, OTHER).replace(OTHER.public, KEY.public)
    assert verify(forged, KEY.public).state is State.ALTERED
    document = sign_data(DATA, OTHER)
    document["signature"]["by"] = KEY.public
    assert verify(json.dumps(document), KEY.public).state is State.ALTERED


def test_a_page_that_quotes_a_signature_is_judged_by_its_own() -> None:
    quoting = close_page(f"{PAGE}\nAs we said.\n", OTHER)
    assert verify(quoting, OTHER.public).ok
    assert verify(quoting, KEY.public).state is State.FOREIGN


def test_anybody_can_verify_it_as_the_page_says() -> None:
    """With nothing of ours: Ed25519 over our word and what stands above the digest."""
    raw = base64.urlsafe_b64decode(KEY.public.partition(":")[2])
    key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
    above, _, below = PAGE.partition("\nSHA-256 of all above this line: ")
    assert below.split("`")[1] == hashlib.sha256(above.encode()).hexdigest()
    key.verify(
        base64.urlsafe_b64decode(below.split("`")[5]), b"tenantry-report-1\n" + above.encode()
    )
    document = json.loads(DOCUMENT)
    signature = base64.urlsafe_b64decode(document.pop("signature")["value"])
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key.verify(signature, b"tenantry-report-1\n" + text.encode())


def test_one_half_of_a_key_is_not_taken_for_the_other() -> None:
    private = new_signing_key()
    key = SigningKey(private)
    assert is_signing_key(private) and not is_public_key(private)
    assert is_public_key(key.public) and not is_signing_key(key.public)
    assert private not in repr(key) + key.public
    for wrong in (key.public, private[:-4], private.partition(":")[2], ""):
        with pytest.raises(InvalidInput) as refused:
            SigningKey(wrong)
        assert not wrong or wrong not in str(refused.value)
