"""Photo bytes on disk: whole or absent, and never changed.

A camera app that keeps a path into the gallery loses evidence: galleries re-encode, clean up and
sync away. So the bytes are *frozen*: written beside their final name, flushed to the medium,
renamed, and the folder flushed too. After `freeze` returned, neither a killed app nor a power cut
can take them; before that, no file of the final name exists.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import UUID

_PART = ".part"


class DamagedError(Exception):
    """The frozen file is gone or no longer has the digest it was frozen with."""


class FrozenFiles:
    """A folder of frozen files, one per photo id."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        _flush_folder(folder.parent)

    def path(self, photo_id: UUID) -> Path:
        return self._folder / str(photo_id)

    def freeze(self, photo_id: UUID, content: bytes) -> None:
        """Write `content` so that it is there whole or not at all."""
        final = self.path(photo_id)
        part = final.with_name(final.name + _PART)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(final)
        _flush_folder(self._folder)

    def read(self, photo_id: UUID, sha256: str) -> bytes:
        """Return the bytes, proven against their digest, or raise `DamagedError`."""
        try:
            content = self.path(photo_id).read_bytes()
        except FileNotFoundError:
            raise DamagedError(f"the file of photo {photo_id} is gone") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedError(f"the file of photo {photo_id} has changed")
        return content

    def is_intact(self, photo_id: UUID, sha256: str) -> bool:
        try:
            self.read(photo_id, sha256)
        except DamagedError:
            return False
        return True

    def delete(self, photo_id: UUID) -> None:
        """Remove the bytes; the caller has the acknowledgement on record already."""
        self.path(photo_id).unlink(missing_ok=True)

    def sweep_parts(self) -> None:
        """Remove half-written files: each belongs to a shutter press that was never confirmed."""
        for part in self._folder.glob(f"*{_PART}"):
            part.unlink()

    def ids(self) -> set[UUID]:
        """The ids of all files that are whole."""
        return {UUID(file.name) for file in self._folder.iterdir() if file.suffix != _PART}


def _flush_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut (the name is data of the folder)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
