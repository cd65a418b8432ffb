"""Tries a store for real: which promises of S3 it keeps, and which it silently does not.

Two of three real servers ignore some header without a word, so nothing is taken from a manual.
Each trial writes under a prefix of its own in the quarantine bucket and removes what it wrote.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

import httpx2

from app.config import Settings, UploadChecksum
from app.infra.blobs import Blobs, ObjectChanged, ObjectMissing, Upload, UploadBinding
from app.kit.errors import Unavailable
from app.kit.ids import new_id

_BODY = b"dudao probe body"
_OTHER = b"dudao probe BODY"
_TYPE = "image/jpeg"


@dataclass(frozen=True)
class Trial:
    """One promise: kept or not, and what to set where it is not."""

    name: str
    kept: bool
    needed: bool
    advice: str


def probe(settings: Settings) -> Iterator[Trial]:
    """All trials, one by one; raises ``Unavailable`` where the store does not answer at all."""
    strict = settings.model_copy(
        update={"s3_upload_checksum": UploadChecksum.SHA256, "s3_conditional_put": True}
    )
    store = _Store(Blobs(strict))
    yield Trial("buckets answer", store.has_buckets(), True, "dudao storage init")
    yield Trial("presigned PUT, read back", store.accepts_put(), True, "endpoint and keys")
    for name, trial, advice in store.optional():
        yield Trial(name, trial(), False, advice)


class _Store:
    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._http = httpx2.Client(timeout=20)

    def optional(self) -> list[tuple[str, Callable[[], bool], str]]:
        return [
            ("refuses another type", self.refuses_type, "the signature binds nothing: do not use"),
            ("refuses wrong SHA-256", self.refuses_sha256, "DUDAO_S3_UPLOAD_CHECKSUM=md5"),
            ("refuses wrong MD5", self.refuses_md5, "DUDAO_S3_UPLOAD_CHECKSUM=none"),
            ("If-None-Match on PUT", self.writes_once, "DUDAO_S3_CONDITIONAL_PUT=false"),
            ("If-Match on copy", self.copies_if_same, "DUDAO_S3_CONDITIONAL_COPY=false"),
        ]

    def has_buckets(self) -> bool:
        try:
            self._blobs.check()
        except ObjectMissing:
            return False
        return True

    def accepts_put(self) -> bool:
        key, upload = self._upload()
        stored = self._put(upload, _BODY) == HTTPStatus.OK
        try:
            with self._blobs.open_quarantine(key) as found:
                return stored and found.body.read() == _BODY
        except ObjectMissing:
            return False
        finally:
            self._blobs.drop_quarantine(key)

    def refuses_type(self) -> bool:
        key, upload = self._upload()
        other = replace(upload, headers={**upload.headers, "Content-Type": "text/html"})
        return self._refused(key, other, _BODY)

    def refuses_sha256(self) -> bool:
        key, upload = self._upload(md5=None)
        return self._refused(key, upload, _OTHER)

    def refuses_md5(self) -> bool:
        key, upload = self._upload(sha256=hashlib.sha256(_OTHER).hexdigest())
        return self._refused(key, upload, _OTHER)

    def writes_once(self) -> bool:
        key, upload = self._upload()
        statuses = [self._put(upload, _BODY) for _ in range(2)]
        self._blobs.drop_quarantine(key)
        return statuses == [200, 412]

    def copies_if_same(self) -> bool:
        key, upload = self._upload()
        self._put(upload, _BODY)
        target = f"probe/{new_id()}"
        try:
            self._blobs.keep(target, source_key=key, etag='"0123456789abcdef"', content_type=_TYPE)
        except ObjectChanged:
            return True
        except (Unavailable, ObjectMissing):
            return False
        finally:
            self._blobs.drop_quarantine(key)
        self._blobs.drop_probe(target)
        return False

    def _upload(
        self,
        sha256: str | None = None,
        md5: str | None = hashlib.md5(_BODY).hexdigest(),  # noqa: S324 - a transport check, not a proof
    ) -> tuple[str, Upload]:
        key = f"probe/{new_id()}"
        digest = sha256 or hashlib.sha256(_BODY).hexdigest()
        binding = UploadBinding(len(_BODY), _TYPE, digest, md5)
        return key, self._blobs.presign_upload(key, binding)

    def _put(self, upload: Upload, body: bytes) -> int:
        return self._http.put(upload.url, headers=upload.headers, content=body).status_code

    def _refused(self, key: str, upload: Upload, body: bytes) -> bool:
        status = self._put(upload, body)
        self._blobs.drop_quarantine(key)
        return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
