"""What a store is relied on for, as one value; and what follows when it does not keep a promise.

Servers that call themselves S3 differ, and two of three ignore some header without a word. The
profile says which features our requests use. It is settings (``DUDAO_S3_*``), compared at every
start with what the store really does (``app/infra/store_probe.py``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from app.config import Addressing, Settings, UploadChecksum


class Promise(StrEnum):
    """One thing that a store may do; tried for real, never taken from a manual."""

    BUCKETS = "buckets"
    UPLOAD = "upload"
    SIGNATURE = "signature"
    SHA256 = "sha256"
    MD5 = "md5"
    WRITE_ONCE = "write-once"
    CONDITIONAL_COPY = "conditional-copy"
    POST_POLICY = "post-policy"
    RANGES = "ranges"
    VERSIONING = "versioning"
    OBJECT_LOCK = "object-lock"


# Without these nothing else can be tried.
BASIC = (Promise.BUCKETS, Promise.UPLOAD)


@dataclass(frozen=True)
class StoreProfile:
    """The features of the store that our requests rely on, and how it is addressed."""

    addressing: Addressing
    checksum: UploadChecksum
    conditional_put: bool
    conditional_copy: bool
    post_policy: bool
    versioning: bool
    object_lock: bool
    ca_file: str | None


def profile_of(settings: Settings) -> StoreProfile:
    """The profile that the settings describe."""
    return StoreProfile(
        addressing=settings.s3_addressing,
        checksum=settings.s3_upload_checksum,
        conditional_put=settings.s3_conditional_put,
        conditional_copy=settings.s3_conditional_copy,
        post_policy=settings.s3_post_policy,
        versioning=settings.s3_versioning,
        object_lock=settings.s3_object_lock,
        ca_file=settings.s3_ca_file,
    )


def relied_on(profile: StoreProfile) -> tuple[Promise, ...]:
    """The promises that must be kept for the profile to be true, the gravest first."""
    optional = (
        (Promise.SHA256, profile.checksum is UploadChecksum.SHA256),
        (Promise.MD5, profile.checksum is UploadChecksum.MD5),
        (Promise.WRITE_ONCE, profile.conditional_put),
        (Promise.CONDITIONAL_COPY, profile.conditional_copy),
        (Promise.POST_POLICY, profile.post_policy),
        (Promise.VERSIONING, profile.versioning or profile.object_lock),
        (Promise.OBJECT_LOCK, profile.object_lock),
    )
    always = (Promise.BUCKETS, Promise.UPLOAD, Promise.SIGNATURE)
    return (*always, *(promise for promise, is_used in optional if is_used))


def broken(profile: StoreProfile, kept: Mapping[Promise, bool]) -> tuple[Promise, ...]:
    """What the profile relies on and the store does not do; what was not tried is not broken."""
    return tuple(promise for promise in relied_on(profile) if kept.get(promise) is False)


def may_copy(profile: StoreProfile, *, by_form: bool) -> bool:
    """Whether the store's own copy of an upload is sure to be of the bytes that were checked.

    A second object may come between the check and the copy. The copy demands the tag that was
    read; but a tag is often the MD5 of the bytes, and two photos of one MD5 can be made. So the
    upload must have been bound by SHA-256 too, which a form (``by_form``: one was given) never is.
    Otherwise the checked bytes themselves are to be written.
    """
    is_bound = profile.checksum is UploadChecksum.SHA256 and not by_form
    return is_bound and profile.conditional_copy


def found(profile: StoreProfile, kept: Mapping[Promise, bool]) -> StoreProfile:
    """The strongest profile that a store which was tried keeps; the address stays as it is.

    Where not even buckets and plain uploads are there, nothing was learnt of the rest: as before.
    """
    if not all(kept.get(basic) for basic in BASIC):
        return profile
    checksum = UploadChecksum.NONE
    if kept[Promise.SHA256]:
        checksum = UploadChecksum.SHA256
    elif kept[Promise.MD5]:
        checksum = UploadChecksum.MD5
    return replace(
        profile,
        checksum=checksum,
        conditional_put=kept[Promise.WRITE_ONCE],
        conditional_copy=kept[Promise.CONDITIONAL_COPY],
        post_policy=kept[Promise.POST_POLICY],
        versioning=kept[Promise.VERSIONING],
        object_lock=kept[Promise.OBJECT_LOCK],
    )


def differing_settings(now: StoreProfile, better: StoreProfile) -> list[str]:
    """The variables to set so that the profile becomes the other one."""
    pairs: Iterable[tuple[str, object, object]] = (
        ("UPLOAD_CHECKSUM", now.checksum.value, better.checksum.value),
        ("CONDITIONAL_PUT", now.conditional_put, better.conditional_put),
        ("CONDITIONAL_COPY", now.conditional_copy, better.conditional_copy),
        ("POST_POLICY", now.post_policy, better.post_policy),
        ("VERSIONING", now.versioning, better.versioning),
        ("OBJECT_LOCK", now.object_lock, better.object_lock),
    )
    return [f"DUDAO_S3_{name}={str(to).lower()}" for name, old, to in pairs if old != to]
