"""Contacts open with their key, for their report, and otherwise not at all."""

from uuid import UUID

import pytest

from app.citizens.sealing import Sealed, Unopenable, new_key, read_ring, write_ring

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_what_is_sealed_opens_for_its_report_alone():
    ring = read_ring(new_key())
    sealed = ring.seal("张女士 13800000000", report_id=ONE)
    assert b"13800000000" not in sealed.content
    assert ring.open(sealed, report_id=ONE) == "张女士 13800000000"
    assert ring.seal("张女士 13800000000", report_id=ONE).content != sealed.content
    changed = Sealed(sealed.key_id, sealed.content[:-1] + bytes([sealed.content[-1] ^ 1]))
    for wrong, report in ((sealed, OTHER), (changed, ONE), (Sealed(sealed.key_id, b""), ONE)):
        with pytest.raises(Unopenable):
            ring.open(wrong, report_id=report)


def test_a_new_key_seals_and_the_old_one_still_opens():
    old = read_ring(new_key())
    ring = read_ring(new_key() + "\n" + write_ring(old))
    sealed = old.seal("contact", report_id=ONE)
    assert list(ring.keys)[1:] == list(old.keys)
    assert ring.newest not in old.keys
    assert ring.open(sealed, report_id=ONE) == "contact"
    assert ring.seal("contact", report_id=ONE).key_id == ring.newest
    with pytest.raises(Unopenable):
        read_ring(new_key()).open(sealed, report_id=ONE)


@pytest.mark.parametrize("text", ["", "\n", "c2hvcnQ=", "not base64 at all!", "A" * 42])
def test_a_file_of_keys_holds_whole_keys_and_nothing_else(text):
    with pytest.raises(ValueError, match=r"."):
        read_ring(text)
