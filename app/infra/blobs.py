"""The object store: the only place that knows boto3.

Two buckets. Phones write to *quarantine* through presigned PUTs that are bound to one exact byte
string as far as the store can bind it; *evidence* is written by us alone, under the digest of the
content. Nothing here believes the store: what was read is hashed by the caller.

The client is told ``when_required`` for checksums and signs with version 4 always; anything else
works on a local http server and fails with several stores over https.
"""

import base64
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.config import Settings, UploadChecksum
from app.kit.errors import Unavailable

_GONE = {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}
_EXISTS = {"412", "PreconditionFailed"}


class ObjectMissing(Exception):
    """There is no object under that key."""


class ObjectChanged(Exception):
    """The object is no longer the one that was read."""


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
class Upload:
    """What a phone needs to PUT one photo: the address and headers to be sent verbatim."""

    url: str
    headers: dict[str, str]
    expires_in_s: int


@dataclass(frozen=True)
class UploadBinding:
    """The byte string that an upload is signed for."""

    size: int
    content_type: str
    sha256_hex: str
    md5_hex: str | None


def make_client(settings: Settings, *, endpoint: str | None) -> Any:
    """A boto3 client with the switches that every S3 we know accepts."""
    secret = settings.s3_secret_key
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        verify=settings.s3_ca_file,
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": settings.s3_addressing.value},
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=max(10, settings.worker_threads * 2),
        ),
    )


class Blobs:
    """Quarantine and evidence over one store, as the settings' profile describes it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = make_client(settings, endpoint=settings.s3_endpoint)
        public = settings.s3_public_endpoint
        self._public: Any = make_client(settings, endpoint=public) if public else self._client
        self.quarantine = settings.quarantine_bucket
        self.evidence = settings.evidence_bucket

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
        if settings.s3_upload_checksum is UploadChecksum.SHA256:
            params["ChecksumSHA256"] = _base64_of_hex(binding.sha256_hex)
            headers["x-amz-checksum-sha256"] = params["ChecksumSHA256"]
        if binding.md5_hex and settings.s3_upload_checksum is not UploadChecksum.NONE:
            params["ContentMD5"] = _base64_of_hex(binding.md5_hex)
            headers["Content-MD5"] = params["ContentMD5"]
        if settings.s3_conditional_put:
            params["IfNoneMatch"] = "*"
            headers["If-None-Match"] = "*"
        url = self._public.generate_presigned_url(
            "put_object", Params=params, ExpiresIn=settings.upload_expires_s
        )
        return Upload(url=url, headers=headers, expires_in_s=settings.upload_expires_s)

    def presign_download(self, key: str, *, filename: str | None, content_type: str) -> str:
        """A short-lived address of an object in evidence."""
        params = {"Bucket": self.evidence, "Key": key, "ResponseContentType": content_type}
        if filename:
            params["ResponseContentDisposition"] = f'inline; filename="{filename}"'
        url: str = self._public.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=self._settings.download_expires_s
        )
        return url

    @contextmanager
    def open_quarantine(self, key: str) -> Iterator[StoredObject]:
        """Opens an uploaded object for one read; raises ``ObjectMissing``.

        A line that breaks while the body is read is the store's fault: ``Unavailable``.
        """
        with _translated():
            answer = self._client.get_object(Bucket=self.quarantine, Key=key)
            with answer["Body"] as body:
                yield StoredObject(size=answer["ContentLength"], etag=answer["ETag"], body=body)

    def in_quarantine(self, key: str) -> bool:
        """Whether an upload has arrived."""
        try:
            with _translated():
                self._client.head_object(Bucket=self.quarantine, Key=key)
        except ObjectMissing:
            return False
        return True

    def keep(self, key: str, *, source_key: str, etag: str, content_type: str) -> None:
        """Copies an upload into evidence inside the store, if it is still the one that was read."""
        condition = {"CopySourceIfMatch": etag} if self._settings.s3_conditional_copy else {}
        with _translated():
            self._client.copy_object(
                Bucket=self.evidence,
                Key=key,
                CopySource={"Bucket": self.quarantine, "Key": source_key},
                MetadataDirective="REPLACE",
                ContentType=content_type,
                **condition,
            )

    def put_evidence(self, key: str, content: bytes, *, content_type: str) -> None:
        """Writes a rendition that we made ourselves."""
        with _translated():
            self._client.put_object(
                Bucket=self.evidence, Key=key, Body=content, ContentType=content_type
            )

    def read_evidence(self, key: str) -> bytes:
        """The whole object; for checks and exports, not for serving."""
        with _translated():
            answer = self._client.get_object(Bucket=self.evidence, Key=key)
            return bytes(answer["Body"].read())

    def drop_quarantine(self, key: str) -> None:
        """Removes an upload that has been kept or refused; nothing to remove is fine."""
        with _translated():
            self._client.delete_object(Bucket=self.quarantine, Key=key)

    def drop_probe(self, key: str) -> None:
        """Removes what a trial of the store wrote into evidence; refuses anything else."""
        if not key.startswith("probe/"):
            raise ValueError("only objects of a probe are ever removed from evidence")
        with _translated():
            self._client.delete_object(Bucket=self.evidence, Key=key)

    def prepare(self) -> list[str]:
        """Makes the buckets that are missing; returns their names."""
        made = []
        with _translated():
            for bucket in (self.quarantine, self.evidence):
                if not self._has_bucket(bucket):
                    self._client.create_bucket(Bucket=bucket)
                    made.append(bucket)
        return made

    def check(self) -> None:
        """Raises ``Unavailable`` unless both buckets answer."""
        with _translated():
            for bucket in (self.quarantine, self.evidence):
                self._client.head_bucket(Bucket=bucket)

    def _has_bucket(self, bucket: str) -> bool:
        try:
            self._client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if _code(error) in _GONE:
                return False
            raise
        return True


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
def _translated() -> Iterator[None]:
    """Turns boto3's errors into ours."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _GONE:
            raise ObjectMissing from error
        if code in _EXISTS:
            raise ObjectChanged from error
        raise Unavailable("store.unavailable") from error
    except BotoCoreError as error:
        raise Unavailable("store.unavailable") from error


def _code(error: ClientError) -> str:
    details: Mapping[str, Any] = error.response
    return str(details.get("Error", {}).get("Code", ""))


def _base64_of_hex(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
