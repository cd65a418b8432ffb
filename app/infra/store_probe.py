"""Tries a store for real: which promises of S3 it keeps, and which it silently does not.

Two of three real servers ignore some header without a word, so nothing is taken from a manual.
Each trial writes under a prefix of its own and removes what it wrote. A store that does not
answer, or answers 5xx, has neither kept nor broken a promise: ``Unavailable``.
"""

import hashlib
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Self

import httpx2

from app.config import Settings, UploadChecksum
from app.infra.blobs import Blobs, ObjectChanged, ObjectMissing, StoreRefused, Upload, UploadBinding
from app.infra.buckets import Buckets
from app.infra.store_profile import BASIC, Promise
from app.kit.errors import Unavailable
from app.kit.ids import new_id

_BODY = b"dudao probe body"
_OTHER = b"dudao probe BODY"
_TYPE = "image/jpeg"


def probe(
    settings: Settings, promises: Collection[Promise] = tuple(Promise)
) -> dict[Promise, bool]:
    """Which of the promises the store keeps; raises ``Unavailable`` where it cannot be told.

    Where the buckets or plain uploads are missing, nothing else is tried or told.
    """
    strict = settings.model_copy(
        update={"s3_upload_checksum": UploadChecksum.SHA256, "s3_conditional_put": True}
    )
    kept: dict[Promise, bool] = {}
    with _Store(strict) as store:
        for promise in (one for one in Promise if one in promises):
            if all(kept.get(basic, True) for basic in BASIC):
                kept[promise] = store.trials[promise]()
    return kept


class _Store:
    def __init__(self, settings: Settings) -> None:
        self._blobs = Blobs(settings)
        self._buckets = Buckets(settings)
        trusted = ssl.create_default_context(cafile=settings.s3_ca_file)
        self._http = httpx2.Client(timeout=20, verify=trusted)
        self.trials: Mapping[Promise, Callable[[], bool]] = {
            Promise.BUCKETS: self._has_buckets,
            Promise.UPLOAD: self._accepts_put,
            Promise.SIGNATURE: self._refuses_type,
            Promise.SHA256: self._refuses_sha256,
            Promise.MD5: self._refuses_md5,
            Promise.WRITE_ONCE: self._writes_once,
            Promise.CONDITIONAL_COPY: self._copies_if_same,
            Promise.POST_POLICY: self._accepts_form,
            Promise.RANGES: self._reads_ranges,
            Promise.VERSIONING: self._buckets.keeps_versions,
            Promise.OBJECT_LOCK: self._locks,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _has_buckets(self) -> bool:
        try:
            self._blobs.check()
        except ObjectMissing:
            return False
        return True

    def _accepts_put(self) -> bool:
        with self._trial() as key:
            stored = self._put(self._upload(key), _BODY) == HTTPStatus.OK
            try:
                with self._blobs.open_quarantine(key) as found:
                    return stored and found.body.read() == _BODY
            except ObjectMissing:
                return False

    def _refuses_type(self) -> bool:
        with self._trial() as key:
            upload = self._upload(key)
            other = replace(upload, headers={**upload.headers, "Content-Type": "text/html"})
            return _is_refusal(self._put(other, _BODY))

    def _refuses_sha256(self) -> bool:
        with self._trial() as key:
            return _is_refusal(self._put(self._upload(key, md5=None), _OTHER))

    def _refuses_md5(self) -> bool:
        with self._trial() as key:
            upload = self._upload(key, sha256=hashlib.sha256(_OTHER).hexdigest())
            return _is_refusal(self._put(upload, _OTHER))

    def _writes_once(self) -> bool:
        with self._trial() as key:
            upload = self._upload(key)
            return [self._put(upload, _BODY) for _ in range(2)] == [200, 412]

    def _copies_if_same(self) -> bool:
        with self._trial() as key:
            self._put(self._upload(key), _BODY)
            try:
                tag = '"0123456789abcdef0123456789abcdef"'
                self._blobs.keep(key, source_key=key, etag=tag, content_type=_TYPE)
            except ObjectChanged:
                return True
            except (StoreRefused, ObjectMissing):
                return False
            self._buckets.drop_probe(key)
            return False

    def _accepts_form(self) -> bool:
        """The announced bytes, and not one more."""
        with self._trial() as key:
            form = self._blobs.presign_form(key, self._binding())
            statuses = [
                self._answer("POST", form.url, data=form.fields, files={form.file_field: body})
                for body in (_BODY + b"!", _BODY)
            ]
            return _is_refusal(statuses[0]) and statuses[1] == HTTPStatus.NO_CONTENT

    def _reads_ranges(self) -> bool:
        with self._trial() as key:
            self._put(self._upload(key), _BODY)
            return self._blobs.read_part(key, 6, 10) == _BODY[6:11]

    def _locks(self) -> bool:
        """Whether an object of the evidence bucket under a legal hold cannot be deleted."""
        if not self._buckets.has_lock():
            return False
        key = f"probe/{new_id()}"
        self._blobs.put_evidence(key, _BODY, content_type=_TYPE)
        self._blobs.hold_evidence(key, on=True)
        try:
            self._buckets.drop_probe(key)
        except StoreRefused:
            self._blobs.hold_evidence(key, on=False)
            self._buckets.drop_probe(key)
            return True
        return False

    @contextmanager
    def _trial(self) -> Iterator[str]:
        """A key in quarantine that is gone afterwards."""
        key = f"probe/{new_id()}"
        try:
            yield key
        finally:
            self._blobs.drop_quarantine(key)

    def _binding(
        self,
        sha256: str | None = None,
        md5: str | None = hashlib.md5(_BODY).hexdigest(),  # noqa: S324 - a transport check, not a proof
    ) -> UploadBinding:
        return UploadBinding(len(_BODY), _TYPE, sha256 or hashlib.sha256(_BODY).hexdigest(), md5)

    def _upload(self, key: str, **binding: Any) -> Upload:
        return self._blobs.presign_upload(key, self._binding(**binding))

    def _put(self, upload: Upload, body: bytes) -> int:
        return self._answer("PUT", upload.url, headers=upload.headers, content=body)

    def _answer(self, method: str, url: str, **parts: Any) -> int:
        try:
            status = self._http.request(method, url, **parts).status_code
        except httpx2.HTTPError as error:
            raise Unavailable("store.unavailable") from error
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
            raise Unavailable("store.unavailable")
        return status


def _is_refusal(status: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
