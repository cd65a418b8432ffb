"""The embedded servers' passwords: made once, kept in one file that only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from app.infra.children import EmbeddedError


@dataclass(frozen=True)
class Secrets:
    """Letters and digits only, so that they fit into a URL as they are."""

    postgres_superuser_password: str
    postgres_password: str
    s3_access_key: str
    s3_secret_key: str

    def __repr__(self) -> str:
        return "Secrets(...)"


def load_or_make(path: Path, *, may_make: bool) -> Secrets:
    """Read the file; make it if the servers hold nothing yet that other secrets would lock up."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        if not may_make:
            raise EmbeddedError(
                f"{path} is missing, and the database cannot be opened without it: put it back, "
                "or move the whole data folder away to start anew"
            ) from None
        made = Secrets(
            postgres_superuser_password=secrets.token_hex(24),
            postgres_password=secrets.token_hex(24),
            s3_access_key=f"dudao{secrets.token_hex(8)}",
            s3_secret_key=secrets.token_hex(24),
        )
        write_private(path, json.dumps(asdict(made), indent=2) + "\n")
        return made
    try:
        kept = json.loads(text)
        return Secrets(**{field.name: str(kept[field.name]) for field in fields(Secrets)})
    except (ValueError, KeyError, TypeError) as problem:
        raise EmbeddedError(f"{path} is damaged: restore it from a copy") from problem


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, or not at all, and readable by its owner alone from the first byte."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
