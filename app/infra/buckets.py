"""The two buckets themselves: making them, and the rules that a store keeps for them.

Everything here is optional for a store; what it refuses is said by ``dudao storage init`` and done
by us where we can (uploads that nobody needs any more are removed by the worker as well).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.config import Settings
from app.infra.blobs import ObjectMissing, StoreRefused, make_client, translated
from app.infra.store_profile import profile_of

UPLOADS = "uploads/"
_WEEK = 7


@dataclass(frozen=True)
class Arrangement:
    """One rule of a bucket, and whether the store took it; None where none is wanted."""

    name: str
    is_made: bool | None
    detail: str


class Buckets:
    """Quarantine and evidence of one store."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = make_client(settings, endpoint=settings.s3_endpoint)
        self._profile = profile_of(settings)

    def make(self) -> list[str]:
        """Makes the buckets that are missing; returns their names.

        Object Lock can be had from the beginning only.
        """
        settings, made = self._settings, []
        for bucket in (settings.quarantine_bucket, settings.evidence_bucket):
            if self._exists(bucket):
                continue
            is_locked = self._profile.object_lock and bucket == settings.evidence_bucket
            options = {"ObjectLockEnabledForBucket": True} if is_locked else {}
            with translated():
                self._client.create_bucket(Bucket=bucket, **options)
            made.append(bucket)
        return made

    def arrange(self) -> list[Arrangement]:
        """Makes the buckets and sets their rules as the settings say; safe to repeat."""
        made, settings = self.make(), self._settings
        origins, days = settings.cors_origins, settings.quarantine_days
        cors, lock = "DUDAO_CORS_ORIGINS", "DUDAO_S3_OBJECT_LOCK"
        return [
            Arrangement("buckets", True, ", ".join(made)),
            _tried("cors", lambda: self._allow_browsers(origins), ", ".join(origins))
            if origins
            else Arrangement("cors", None, cors),
            _tried("expiry", lambda: self._expire_uploads(days), f"{days} d"),
            _tried("versioning", self._keep_versions, settings.evidence_bucket)
            if self._profile.versioning or self._profile.object_lock
            else Arrangement("versioning", None, "DUDAO_S3_VERSIONING"),
            Arrangement("object-lock", self.has_lock(), settings.evidence_bucket)
            if self._profile.object_lock
            else Arrangement("object-lock", None, lock),
        ]

    def keeps_versions(self) -> bool:
        """Whether an overwritten or deleted object of evidence can be had back."""
        try:
            with translated():
                answer = self._client.get_bucket_versioning(Bucket=self._settings.evidence_bucket)
        except StoreRefused:
            return False
        return bool(answer.get("Status") == "Enabled")

    def has_lock(self) -> bool:
        """Whether the evidence bucket was made with Object Lock."""
        bucket = self._settings.evidence_bucket
        try:
            with translated():
                answer = self._client.get_object_lock_configuration(Bucket=bucket)
        except (StoreRefused, ObjectMissing):
            return False
        kept = answer.get("ObjectLockConfiguration", {})
        return bool(kept.get("ObjectLockEnabled") == "Enabled")

    def drop_probe(self, key: str) -> None:
        """Removes what a trial of the store wrote into evidence, for good; nothing else."""
        if not key.startswith("probe/"):
            raise ValueError("only objects of a probe are ever removed from evidence")
        bucket = self._settings.evidence_bucket
        with translated():
            head = self._client.head_object(Bucket=bucket, Key=key)
            version = {"VersionId": head["VersionId"]} if "VersionId" in head else {}
            self._client.delete_object(Bucket=bucket, Key=key, **version)

    def _exists(self, bucket: str) -> bool:
        try:
            with translated():
                self._client.head_bucket(Bucket=bucket)
        except ObjectMissing:
            return False
        return True

    def _allow_browsers(self, origins: Sequence[str]) -> None:
        """Pages of these origins may show evidence and upload; the addresses are signed anyway."""
        for bucket, methods in (
            (self._settings.evidence_bucket, ["GET", "HEAD"]),
            (self._settings.quarantine_bucket, ["PUT", "POST"]),
        ):
            rule = {
                "AllowedOrigins": list(origins),
                "AllowedMethods": methods,
                "AllowedHeaders": ["*"],
                "ExposeHeaders": ["ETag", "Content-Range"],
                "MaxAgeSeconds": 3600,
            }
            self._client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})

    def _expire_uploads(self, days: int) -> None:
        rule = {
            "ID": "dudao-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": UPLOADS},
            "Expiration": {"Days": days},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": min(days, _WEEK)},
        }
        self._client.put_bucket_lifecycle_configuration(
            Bucket=self._settings.quarantine_bucket, LifecycleConfiguration={"Rules": [rule]}
        )

    def _keep_versions(self) -> None:
        self._client.put_bucket_versioning(
            Bucket=self._settings.evidence_bucket, VersioningConfiguration={"Status": "Enabled"}
        )


def _tried(name: str, make: Callable[[], Any], detail: str) -> Arrangement:
    """A store that refuses a rule, or fails over it, goes without; one that is away does not."""
    try:
        with translated():
            make()
    except StoreRefused:
        return Arrangement(name, False, detail)
    return Arrangement(name, True, detail)
