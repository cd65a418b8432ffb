"""The object store: the only place that knows boto3.

Two buckets. Phones write to *quarantine* through presigned PUTs that are bound to one exact byte
string as far as the store can bind it; *evidence* is written by us alone, under the digest of the
content. Nothing here believes the store: what was read is hashed by the caller.

The client is told ``when_required`` for checksums and signs with version 4 always; anything else
works on a local http server and fails with several stores over https.
"""

import base64
import hashlib
import io
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import IO, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import add_expect_header

from app.config import Settings, UploadChecksum
from app.infra.store_profile import profile_of
from app.kit import clock
from app.kit.disposition import content_disposition
from app.kit.errors import Unavailable

_GONE = {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}
_EXISTS = {"412", "PreconditionFailed"}
# What tells that a store has understood and does not do it; 5xx and 429 may pass.
_REFUSALS = {400, 401, 403, 404, 405, 409, 411, 422, 501}
# Rules of buckets; several stores want Content-MD5 with them, which boto3 no longer sends.
_WITH_MD5 = ("PutBucketCors", "PutBucketLifecycleConfiguration", "PutObjectLegalHold")


_HELD = "private, max-age=31536000, immutable"
_NOT_HELD = "private, no-store"
_SIGNED = 10_000  # addresses that are given again; they take some ten megabytes


class ObjectMissing(Exception):
    """There is no object under that key."""


class ObjectChanged(Exception):
    """The object is no longer the one that was read."""


class StoreRefused(Unavailable):
    """The store is there and will not do it: a feature that it lacks, or a right that we lack."""


class Readable(Protocol):
    """The body of an object, read piece by piece."""

    def read(self, amount: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class StoredObject:
    """An open object: its declared size, its tag, and the bytes to come."""

    size: int
    etag: str
    body: Readable


@dataclass(frozen=True)
class ListedObject:
    """What a listing says of an object."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True)
class Upload:
    """What a phone needs to PUT one photo: the address and headers to be sent verbatim."""

    url: str
    headers: dict[str, str]
    expires_in_s: int


@dataclass(frozen=True)
class UploadForm:
    """The same as a form, for what can only POST one; the file is its last field."""

    url: str
    fields: dict[str, str]
    file_field: str
    expires_in_s: int


@dataclass(frozen=True)
class UploadBinding:
    """The byte string that an upload is signed for."""

    size: int
    content_type: str
    sha256_hex: str
    md5_hex: str | None


_making = threading.Lock()


@cache
def _session() -> boto3.session.Session:
    """One for all clients: reading the description of S3 costs more than anything done with it.

    Its clients may be used by any thread, but only one may be made at a time.
    """
    return boto3.session.Session()


def make_client(settings: Settings, *, endpoint: str | None) -> Any:
    """A boto3 client with the switches that every S3 we know accepts."""
    secret = settings.s3_secret_key
    config = Config(
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": settings.s3_addressing.value},
        connect_timeout=5,
        read_timeout=30,
        # Making up its own name and checking our arguments, with the question before a PUT (below),
        # is about a sixth of our processor time for a small call: 2.5 ms with, 2.1 ms without.
        user_agent="dudao",
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=max(10, settings.worker_threads * 2),
    )
    with _making:
        client = _session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=settings.s3_region,
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            verify=settings.s3_ca_file,
            config=config,
        )
    # What we write is small: asking whether we may would only be one round trip more.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    for operation in _WITH_MD5:
        client.meta.events.register(f"before-call.s3.{operation}", _add_md5)
    return client


class Blobs:
    """Quarantine and evidence over one store, as the settings' profile describes it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.profile = profile_of(settings)
        self._client = make_client(settings, endpoint=settings.s3_endpoint)
        public = settings.s3_public_endpoint
        self._public: Any = make_client(settings, endpoint=public) if public else self._client
        self.quarantine = settings.quarantine_bucket
        self.evidence = settings.evidence_bucket
        self._signed = lru_cache(maxsize=_SIGNED)(self._sign)

    def presign_upload(self, key: str, binding: UploadBinding) -> Upload:
        """A PUT into quarantine, good for one byte string; computed locally, without a call."""
        settings = self._settings
        params: dict[str, Any] = {
            "Bucket": self.quarantine,
            "Key": key,
            "ContentLength": binding.size,
            "ContentType": binding.content_type,
        }
        headers = {"Content-Type": binding.content_type, "Content-Length": str(binding.size)}
        if self.profile.checksum is UploadChecksum.SHA256:
            params["ChecksumSHA256"] = _base64_of_hex(binding.sha256_hex)
            headers["x-amz-checksum-sha256"] = params["ChecksumSHA256"]
        if binding.md5_hex and self.profile.checksum is not UploadChecksum.NONE:
            params["ContentMD5"] = _base64_of_hex(binding.md5_hex)
            headers["Content-MD5"] = params["ContentMD5"]
        if self.profile.conditional_put:
            params["IfNoneMatch"] = "*"
            headers["If-None-Match"] = "*"
        url = self._public.generate_presigned_url(
            "put_object", Params=params, ExpiresIn=settings.upload_expires_s
        )
        return Upload(url=url, headers=headers, expires_in_s=settings.upload_expires_s)

    def presign_form(self, key: str, binding: UploadBinding) -> UploadForm:
        """The upload as a form, bound to length, type and key; computed locally.

        A form is bound by no digest and cannot say ``If-None-Match``: what comes later replaces
        what is there. So such an upload is never copied (``store_profile.may_copy``).
        """
        expires = self._settings.upload_expires_s
        fixed = {"Content-Type": binding.content_type, "success_action_status": "204"}
        answer = self._public.generate_presigned_post(
            self.quarantine,
            key,
            Fields=dict(fixed),
            Conditions=[
                *({name: value} for name, value in fixed.items()),
                ["content-length-range", binding.size, binding.size],
            ],
            ExpiresIn=expires,
        )
        return UploadForm(answer["url"], answer["fields"], "file", expires)

    def presign_download(
        self,
        key: str,
        *,
        filename: str | None,
        content_type: str,
        attachment: bool = False,
        private: bool = False,
    ) -> str:
        """A short-lived address of an object in evidence, which never changes.

        For half of its life the same address is given again, so that a browser finds the picture
        among what it holds; a new one is good for at least ``address_lasts_s``. ``private``: no
        copy is to be held anywhere.
        """
        disposition = content_disposition(filename, attachment=attachment) if filename else None
        span = int(clock.real_now().timestamp()) // self.address_lasts_s
        return self._signed(key, disposition, content_type, private, span)

    @property
    def address_lasts_s(self) -> int:
        """For how many seconds an address that is given now is good at the least."""
        return max(1, self._settings.download_expires_s // 2)

    def _sign(
        self, key: str, disposition: str | None, content_type: str, private: bool, _span: int
    ) -> str:
        params = {
            "Bucket": self.evidence,
            "Key": key,
            "ResponseContentType": content_type,
            "ResponseCacheControl": _NOT_HELD if private else _HELD,
        }
        if disposition:
            params["ResponseContentDisposition"] = disposition
        url: str = self._public.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=self._settings.download_expires_s
        )
        return url

    @contextmanager
    def open_quarantine(self, key: str) -> Iterator[StoredObject]:
        """Opens an uploaded object for one read; raises ``ObjectMissing``.

        A line that breaks while the body is read is the store's fault: ``Unavailable``.
        """
        with self._opened(self.quarantine, key) as found:
            yield found

    @contextmanager
    def open_evidence(self, key: str) -> Iterator[StoredObject]:
        """The same for an object that was kept."""
        with self._opened(self.evidence, key) as found:
            yield found

    @contextmanager
    def _opened(self, bucket: str, key: str) -> Iterator[StoredObject]:
        with translated():
            answer = self._client.get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                yield StoredObject(size=answer["ContentLength"], etag=answer["ETag"], body=body)

    def pages_of_evidence(self, prefix: str) -> Iterator[list[ListedObject]]:
        """What lies under a prefix, a thousand at a time, in no order that can be relied on."""
        return self._pages(self.evidence, prefix)

    def pages_of_quarantine(self, prefix: str) -> Iterator[list[ListedObject]]:
        """The same of uploads."""
        return self._pages(self.quarantine, prefix)

    def _pages(self, bucket: str, prefix: str) -> Iterator[list[ListedObject]]:
        with translated():
            listing = self._client.get_paginator("list_objects_v2")
            for page in listing.paginate(Bucket=bucket, Prefix=prefix):
                found = page.get("Contents", [])
                yield [ListedObject(one["Key"], one["Size"], one["LastModified"]) for one in found]

    def read_part(self, key: str, first: int, last: int) -> bytes:
        """Some bytes of an upload, both ends included; for trials."""
        with translated():
            part = f"bytes={first}-{last}"
            answer = self._client.get_object(Bucket=self.quarantine, Key=key, Range=part)
            return bytes(answer["Body"].read())

    def in_quarantine(self, key: str) -> bool:
        """Whether an upload has arrived."""
        try:
            with translated():
                self._client.head_object(Bucket=self.quarantine, Key=key)
        except ObjectMissing:
            return False
        return True

    def keep(self, key: str, *, source_key: str, etag: str, content_type: str) -> None:
        """Copies an upload into evidence inside the store, if it is still the one that was read.

        Only where ``store_profile.may_copy`` says so; ``ObjectChanged`` where it is another one.
        """
        with translated():
            self._client.copy_object(
                Bucket=self.evidence,
                Key=key,
                CopySource={"Bucket": self.quarantine, "Key": source_key},
                MetadataDirective="REPLACE",
                ContentType=content_type,
                CopySourceIfMatch=etag,
            )

    def put_evidence(self, key: str, content: bytes, *, content_type: str) -> None:
        """Writes bytes that we made or checked ourselves."""
        with translated():
            self._client.put_object(
                Bucket=self.evidence, Key=key, Body=content, ContentType=content_type
            )

    def put_file(
        self, key: str, file: IO[bytes], *, content_type: str, sha256: str, md5: str
    ) -> None:
        """Writes a file of ours from its beginning; the store checks what it was sent."""
        file.seek(0)
        with translated():
            self._client.put_object(
                Bucket=self.evidence,
                Key=key,
                Body=file,
                ContentType=content_type,
                ContentMD5=_base64_of_hex(md5),
                ChecksumSHA256=_base64_of_hex(sha256),
            )

    def read_evidence(self, key: str) -> bytes:
        """The whole object; for checks and exports, not for serving."""
        with translated():
            answer = self._client.get_object(Bucket=self.evidence, Key=key)
            return bytes(answer["Body"].read())

    def drop_quarantine(self, key: str) -> None:
        """Removes an upload that has been kept or refused; nothing to remove is fine."""
        with translated():
            self._client.delete_object(Bucket=self.quarantine, Key=key)

    def erase_evidence(self, key: str) -> None:
        """Removes a kept object for good, with all its versions; nothing to remove is fine.

        A store that has locked it refuses, and shows it as before: ``StoreRefused``.
        """
        with translated():
            if not (self.profile.versioning or self.profile.object_lock):
                self._client.delete_object(Bucket=self.evidence, Key=key)
                return
            listing = self._client.get_paginator("list_object_versions")
            for page in listing.paginate(Bucket=self.evidence, Prefix=key):
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if one["Key"] == key:
                        self._client.delete_object(
                            Bucket=self.evidence, Key=key, VersionId=one["VersionId"]
                        )

    def hold_evidence(self, key: str, *, on: bool) -> None:
        """Puts a kept object under the store's own legal hold, or releases it.

        Raises ``ObjectMissing``, and ``StoreRefused`` where the bucket has no Object Lock.
        """
        with translated():
            self._client.put_object_legal_hold(
                Bucket=self.evidence, Key=key, LegalHold={"Status": "ON" if on else "OFF"}
            )

    def check(self) -> None:
        """Raises ``Unavailable`` unless both buckets answer."""
        with translated():
            for bucket in (self.quarantine, self.evidence):
                self._client.head_bucket(Bucket=bucket)


def wait_until_usable(endpoint: str, access_key: str, secret_key: str) -> None:
    """One real PUT and GET against a store that has just been started; raises if either fails."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 1},
        ),
    )
    bucket, content = "dudao-probe", str(time.time_ns()).encode()
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if _code(error) not in _GONE:
            raise
        client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="ready", Body=io.BytesIO(content))
    if client.get_object(Bucket=bucket, Key="ready")["Body"].read() != content:
        raise Unavailable("store.unavailable")


@contextmanager
def translated() -> Iterator[None]:
    """Turns boto3's errors into ours."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _GONE:
            raise ObjectMissing from error
        if code in _EXISTS:
            raise ObjectChanged from error
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status in _REFUSALS:
            raise StoreRefused("store.unavailable") from error
        raise Unavailable("store.unavailable") from error
    except BotoCoreError as error:
        raise Unavailable("store.unavailable") from error


def _add_md5(params: dict[str, Any], **_: Any) -> None:
    digest = hashlib.md5(params["body"]).digest()  # noqa: S324 - what the protocol asks for
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def _code(error: ClientError) -> str:
    details: Mapping[str, Any] = error.response
    return str(details.get("Error", {}).get("Code", ""))


def _base64_of_hex(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
