"""Settings: one frozen object, read from the environment once. Nobody else touches os.environ.

Every field is an environment variable ``DUDAO_<FIELD>``; ``DATABASE_URL`` is understood as well.
The list for operators is docs/settings.md, and a test keeps it complete.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Environment(StrEnum):
    """Where the process runs; only ``demo`` and ``test`` may shift the business clock."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class Addressing(StrEnum):
    """How a bucket stands in an address of the store."""

    PATH = "path"
    VIRTUAL = "virtual"


class UploadChecksum(StrEnum):
    """What a presigned upload is bound to besides length and type (a store profile)."""

    SHA256 = "sha256"
    MD5 = "md5"
    NONE = "none"


class Settings(BaseSettings):
    """Everything that differs between two installations."""

    model_config = SettingsConfigDict(env_prefix="DUDAO_", frozen=True, extra="ignore")

    env: Environment = Environment.PRODUCTION
    database_url: SecretStr = Field(
        validation_alias=AliasChoices("DUDAO_DATABASE_URL", "DATABASE_URL")
    )
    database_pool: int = Field(default=20, ge=2, le=200)
    timezone: str = "Asia/Shanghai"

    s3_endpoint: str | None = None
    s3_public_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None
    s3_addressing: Addressing = Addressing.PATH
    s3_upload_checksum: UploadChecksum = UploadChecksum.SHA256
    s3_conditional_put: bool = True
    s3_conditional_copy: bool = True
    s3_post_policy: bool = True
    s3_versioning: bool = False
    s3_object_lock: bool = False
    s3_ca_file: str | None = None
    quarantine_bucket: str = "dudao-quarantine"
    evidence_bucket: str = "dudao-evidence"
    quarantine_days: int = Field(default=30, ge=1, le=3650)
    second_read_s: int = Field(default=60, ge=1, le=86_400)
    store_doubt_s: int = Field(default=120, ge=0, le=86_400)
    reconcile_hour: int = Field(default=3, ge=0, le=23)
    signing_key_file: Path | None = None

    upload_expires_s: int = Field(default=900, ge=30, le=86_400)
    export_days: int = Field(default=7, ge=1, le=90)
    export_direct_rows: int = Field(default=50_000, ge=100, le=1_000_000)
    download_expires_s: int = Field(default=300, ge=30, le=86_400)
    photo_max_bytes: int = Field(default=20 * 1024 * 1024, ge=1024)
    photo_max_pixels: int = Field(default=60_000_000, ge=10_000)
    photo_webp: bool = False
    photos_per_announce: int = Field(default=50, ge=1, le=500)
    photos_per_finding: int = Field(default=9, ge=1, le=100)
    decode_memory_bytes: int = Field(default=320 * 1024 * 1024, ge=16 * 1024 * 1024)
    decode_cpu_s: int = Field(default=15, ge=1, le=600)
    photos_open_per_user: int = Field(default=2000, ge=50)
    photos_open_per_device: int = Field(default=200, ge=50)
    sweep_after_s: int = Field(default=60, ge=1)

    access_token_s: int = Field(default=900, ge=30)
    refresh_token_s: int = Field(default=30 * 86_400, ge=600)
    refresh_grace_s: int = Field(default=600, ge=0)
    password_min_length: int = Field(default=8, ge=8, le=64)
    reset_code_s: int = Field(default=3 * 86_400, ge=300)
    sign_in_account_tries: int = Field(default=10, ge=1, le=1000)
    sign_in_address_tries: int = Field(default=100, ge=1, le=100_000)
    sign_in_window_s: int = Field(default=900, ge=10, le=86_400)
    public_address_tries: int = Field(default=300, ge=1, le=1_000_000)
    public_window_s: int = Field(default=900, ge=10, le=86_400)
    citizen_address_reports: int = Field(default=30, ge=1, le=1_000_000)
    citizen_reports: int = Field(default=1000, ge=1, le=1_000_000)
    citizen_window_s: int = Field(default=3600, ge=10, le=86_400)
    photo_token_s: int = Field(default=4 * 3600, ge=60, le=86_400)
    contact_keys_file: Path | None = None
    contact_days: int = Field(default=90, ge=0, le=3650)
    min_app_version: str | None = Field(default=None, pattern=r"^\d{1,6}(\.\d{1,6}){0,3}$")

    job_lease_s: int = Field(default=120, ge=2)
    worker_processes: int = Field(default=1, ge=1, le=64)
    worker_threads: int = Field(default=3, ge=1, le=32)
    feed_bump_s: float = Field(default=0.5, gt=0, le=5)

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    max_body_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    import_max_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    log_level: str = "INFO"
    log_json: bool = True

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Origins are given as one comma-separated variable."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _postgresql_only(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if not url.startswith(("postgresql://", "postgresql+psycopg://")):
            raise ValueError("only PostgreSQL is supported: postgresql+psycopg://user:pw@host/db")
        return value


def read_settings() -> Settings:
    """The settings of this process, from its environment; raises where one is missing or wrong."""
    return Settings.model_validate({})


def set_environment(variables: Mapping[str, str]) -> None:
    """Set variables of this process and its children, before its settings are read."""
    os.environ.update(variables)


def environment_with(overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process with some variables set: what child processes are given."""
    return {**os.environ, **overrides}
