"""What a store is relied on for, and what to set when it does not keep to it."""

from dataclasses import replace

import pytest

from app.config import Addressing, UploadChecksum
from app.infra.store_profile import (
    BASIC,
    Promise,
    StoreProfile,
    broken,
    differing_settings,
    found,
    may_copy,
    relied_on,
)

STRONG = StoreProfile(
    addressing=Addressing.PATH,
    checksum=UploadChecksum.SHA256,
    conditional_put=True,
    conditional_copy=True,
    post_policy=True,
    versioning=True,
    object_lock=True,
    ca_file=None,
)
WEAK = StoreProfile(
    addressing=Addressing.VIRTUAL,
    checksum=UploadChecksum.NONE,
    conditional_put=False,
    conditional_copy=False,
    post_policy=False,
    versioning=False,
    object_lock=False,
    ca_file=None,
)
ALL = dict.fromkeys(Promise, True)
NONE = dict.fromkeys(Promise, False)


def test_a_strong_profile_relies_on_everything_and_a_weak_one_on_uploads_alone():
    assert set(relied_on(STRONG)) == set(Promise) - {Promise.MD5, Promise.RANGES}
    assert relied_on(WEAK) == (Promise.BUCKETS, Promise.UPLOAD, Promise.SIGNATURE)


@pytest.mark.parametrize("promise", sorted(set(Promise) - {Promise.MD5, Promise.RANGES}))
def test_what_is_relied_on_and_not_kept_is_broken(promise):
    assert broken(STRONG, ALL | {promise: False}) == (promise,)
    is_basic = promise in relied_on(WEAK)
    assert broken(WEAK, ALL | {promise: False}) == ((promise,) if is_basic else ())


@pytest.mark.parametrize("checksum", UploadChecksum)
@pytest.mark.parametrize("conditional_copy", [True, False])
@pytest.mark.parametrize("by_form", [True, False])
@pytest.mark.parametrize("others", [STRONG, WEAK])
def test_the_store_copies_only_what_was_bound_by_sha256_and_by_its_tag(
    checksum, conditional_copy, by_form, others
):
    """Whatever else it does: a key that is written once, versions, locks say nothing of bytes."""
    profile = replace(others, checksum=checksum, conditional_copy=conditional_copy)
    is_sure = checksum is UploadChecksum.SHA256 and conditional_copy and not by_form
    assert may_copy(profile, by_form=by_form) is is_sure


def test_what_was_not_tried_is_not_broken():
    assert broken(STRONG, {}) == ()


@pytest.mark.parametrize(
    ("kept", "settings"),
    [
        (ALL, []),
        (ALL | {Promise.SHA256: False}, ["DUDAO_S3_UPLOAD_CHECKSUM=md5"]),
        (
            ALL | {Promise.SHA256: False, Promise.MD5: False, Promise.POST_POLICY: False},
            ["DUDAO_S3_UPLOAD_CHECKSUM=none", "DUDAO_S3_POST_POLICY=false"],
        ),
    ],
)
def test_the_settings_that_a_store_can_keep_are_named(kept, settings):
    better = found(STRONG, kept)
    assert differing_settings(STRONG, better) == settings
    assert broken(better, kept) == ()


@pytest.mark.parametrize("missing", [Promise.BUCKETS, Promise.UPLOAD])
def test_where_nothing_could_be_tried_no_setting_is_recommended(missing):
    """Buckets that are not there yet say nothing of the store."""
    assert found(STRONG, dict.fromkeys(BASIC, True) | {missing: False}) == STRONG


def test_a_store_that_keeps_the_least_gets_the_weakest_profile():
    better = found(STRONG, NONE | dict.fromkeys(BASIC, True))
    assert (better.checksum, better.conditional_put, better.object_lock) == (
        UploadChecksum.NONE,
        False,
        False,
    )
    assert better.addressing is STRONG.addressing
