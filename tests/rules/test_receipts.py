"""What is signed, byte for byte: the vector of the documentation, and all that breaks it."""

import json
import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.evidence import receipt
from app.signing import rules
from app.signing.rules import Flaw, PublicKey
from scripts.phone import receipts as phone
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "receipts.md").read_text(encoding="utf-8")
RECEIPT, KEYS = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
SIGNED = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)[0]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SAID = receipt.read(RECEIPT["statement"])


def known(**changes) -> dict[str, PublicKey]:
    (one,) = KEYS["keys"]
    values = {name: one[name] for name in ("key_id", "public_key")}
    values["valid_from"] = rules.read_time(one["valid_from"])
    return {one["key_id"]: PublicKey(**{**values, "valid_to": None, **changes})}


def test_the_page_shows_what_is_signed():
    assert rules.canonical(RECEIPT["statement"]).decode() == SIGNED
    assert rules.sign(KEY, RECEIPT["statement"]) == RECEIPT["signature"]
    public = KEY.public_key().public_bytes_raw()
    (one,) = KEYS["keys"]
    assert (rules.key_id_of(public), rules.encode(public)) == (one["key_id"], one["public_key"])
    assert receipt.check(RECEIPT, known()) == (SAID, None)
    assert SAID.statement() == RECEIPT["statement"]


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ({}, "{}"),
        ({"b": 1, "a": "x", "B": -2}, '{"B":-2,"a":"x","b":1}'),
        ({"a": '路"\\\n'}, '{"a":"\\u8def\\"\\\\\\n"}'),
    ],
)
def test_there_is_one_way_to_write_a_statement(statement, text):
    assert rules.canonical(statement) == text.encode()


@pytest.mark.parametrize("value", [1.0, None, True, 2**53, [1], {"a": 1}])
def test_what_programs_write_differently_is_not_signed(value):
    with pytest.raises(TypeError):
        rules.canonical({"a": value})


def test_a_key_with_other_letters_is_not_signed():
    with pytest.raises(TypeError):
        rules.canonical({"路": 1})


TAMPERED = {
    "type": ("dudao.photo-receipt/2", Flaw.MALFORMED),
    "photo_id": ("01928374-6c5d-7e8f-9a0b-1c2d3e4f5a6c", Flaw.SIGNATURE),
    "sha256": ("0" * 64, Flaw.SIGNATURE),
    "size": (431023, Flaw.SIGNATURE),
    "issued_at": ("2018-09-14T01:12:01Z", Flaw.SIGNATURE),
    "key_id": ("0" * 16, Flaw.UNKNOWN_KEY),
    "more": (1, Flaw.MALFORMED),
}
MISWRITTEN = {
    "photo_id": "01928374-6C5D-7E8F-9A0B-1C2D3E4F5A6B",
    "sha256": RECEIPT["statement"]["sha256"].upper(),
    "size": 431022.0,
    "issued_at": "2018-09-14T01:12:00+00:00",
    "key_id": None,
}


@pytest.mark.parametrize(
    ("field", "value", "flaw"),
    [
        *((name, value, flaw) for name, (value, flaw) in TAMPERED.items()),
        *((name, value, Flaw.MALFORMED) for name, value in MISWRITTEN.items()),
    ],
)
def test_any_other_word_is_found_out_by_service_and_phone(field, value, flaw):
    changed = {**RECEIPT, "statement": {**RECEIPT["statement"], field: value}}
    assert receipt.check(changed, known()) == (None, flaw)
    assert phone_flaw(changed) is not None


def phone_flaw(given, *, keys=KEYS, **photo):
    """What the phone has against a receipt of its photo; None where it may delete."""
    expected = {"photo_id": str(SAID.photo_id), "sha256": SAID.sha256, "size": SAID.size, **photo}
    return phone.flaw_of(
        given, {one["key_id"]: one["public_key"] for one in keys["keys"]}, **expected
    )


@pytest.mark.parametrize(
    ("other", "flaw"),
    [
        ({}, None),
        ({"sha256": "0" * 64}, phone.Flaw.OTHER_PHOTO),
        ({"size": 1}, phone.Flaw.OTHER_PHOTO),
        ({"photo_id": "01928374-6c5d-7e8f-9a0b-1c2d3e4f5a6c"}, phone.Flaw.OTHER_PHOTO),
        ({"keys": {"keys": []}}, phone.Flaw.UNKNOWN_KEY),
    ],
)
def test_the_phone_takes_a_receipt_for_its_own_bytes_only(other, flaw):
    assert phone_flaw(RECEIPT, **other) == flaw


@pytest.mark.parametrize(
    "signature", ["", "?", RECEIPT["signature"][:-1], f"{RECEIPT['signature']}="]
)
def test_a_signature_is_whole_or_none(signature):
    given = {**RECEIPT, "signature": signature}
    assert receipt.check(given, known())[1] is Flaw.SIGNATURE
    assert phone_flaw(given) is phone.Flaw.SIGNATURE


@pytest.mark.parametrize(
    "given", [None, [], {}, {"statement": {}, "signature": "x"}, {"statement": 1}]
)
def test_what_is_no_receipt_is_named_so(given):
    assert receipt.check(given, known()) == (None, Flaw.MALFORMED)
    assert phone_flaw(given) is phone.Flaw.MALFORMED


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"valid_from": SAID.issued_at}, None),
        ({"valid_from": SAID.issued_at + SECOND}, Flaw.OUTSIDE_VALIDITY),
        ({"valid_to": SAID.issued_at}, None),
        ({"valid_to": SAID.issued_at - SECOND}, Flaw.OUTSIDE_VALIDITY),
        ({"public_key": rules.encode(bytes(32))}, Flaw.FALSE_KEY),
        ({"public_key": "short"}, Flaw.FALSE_KEY),
    ],
)
def test_a_key_proves_only_what_it_signed_while_it_was_in_use(changes, flaw):
    assert receipt.check(RECEIPT, known(**changes))[1] == flaw
