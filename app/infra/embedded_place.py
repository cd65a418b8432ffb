"""Where the embedded servers live: whose account, which binaries, which folder.

PostgreSQL refuses to run as root, so under root both servers run as an unprivileged account, with
folders of their own. That account must be able to reach the binaries and the data. What it cannot
reach (a clone in /root, say) is put into a folder of ours below /var/tmp, and the data folder
remembers which; no permission of a folder that is not ours is ever changed.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from app.infra.children import Account, EmbeddedError, run_as
from app.infra.embedded_programs import Programs, copied, installed
from app.infra.embedded_secrets import write_private

_NOBODY = 65534
_OUTSIDE_PARENT = "/var/tmp"  # noqa: S108 - survives a reboot; mkdtemp makes the folder


@dataclass(frozen=True)
class Place:
    """The answer to where and as whom."""

    servers: Path
    programs: Programs
    account: Account | None
    is_outside: bool = False

    @property
    def has_cluster(self) -> bool:
        """Whether a database was ever made here."""
        return (self.servers / "postgres" / "data" / "PG_VERSION").exists()

    def make_folder(self, server: str, name: str) -> Path:
        """A folder of a server: ours above (only to pass through), the account's own below."""
        folder = self.servers / server / name
        folder.parent.mkdir(mode=0o711, exist_ok=True)
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            self.give(folder)
        return folder

    def give(self, path: Path) -> None:
        """Hand a new file or folder to the servers' account."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def settle(data: Path, *, say: Callable[[str], None]) -> Place:
    """Decide where the servers of this data folder live; the same answer at every later start."""
    note = _Note.read(data)
    if os.geteuid() != 0:
        if note:
            raise EmbeddedError(f"{data} was set up by root: start as root or use another folder")
        return Place(servers=data, programs=installed(), account=None)
    owner = data.stat()
    account = Account(owner.st_uid or _NOBODY, owner.st_gid if owner.st_uid else _NOBODY)
    place = Place(servers=data, programs=installed(), account=account)
    if not (note and note.holds_data) and not _can_enter(data, account):
        if place.has_cluster:
            raise EmbeddedError(
                f"user {account.uid}, as whom the servers run, can no longer enter {data}: "
                "give the folders above it the right to pass through (x) again"
            )
        note = _Note.make(data, holds_data=True)
        say(
            f"user {account.uid}, as whom the servers run, cannot enter {data}: their data are "
            f"kept in {note.folder}; keep both, and exempt that one from any clearing of /var/tmp"
        )
    if note and note.holds_data:
        place = replace(place, servers=note.folder, is_outside=True)
    if place.programs.can_run(account):
        return place
    note = note or _Note.make(data, holds_data=False)
    return replace(place, programs=copied(place.programs, note.folder, account, say=say))


@dataclass(frozen=True)
class _Note:
    """`outside.json`: the folder below /var/tmp that belongs to this data folder."""

    folder: Path
    holds_data: bool

    @classmethod
    def read(cls, data: Path) -> _Note | None:
        path = data / "outside.json"
        try:
            kept = json.loads(path.read_text())
            note = cls(folder=Path(kept["folder"]), holds_data=bool(kept["holds_data"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as problem:
            raise EmbeddedError(f"{path} is damaged: restore it from a copy") from problem
        except OSError as problem:
            raise EmbeddedError(f"the data folder cannot be used: {problem}") from problem
        if note.is_safe() or os.geteuid() != 0:
            return note
        if note.holds_data:
            raise EmbeddedError(
                f"{note.folder}, which holds the servers' data according to {path}, is gone or no "
                "longer root's own folder: restore it, or remove that file to start with nothing"
            )
        return None

    @classmethod
    def make(cls, data: Path, *, holds_data: bool) -> _Note:
        found = cls.read(data)
        folder = found.folder if found else Path(tempfile.mkdtemp("", "dudao-", _OUTSIDE_PARENT))
        folder.chmod(0o711)
        note = cls(folder=folder, holds_data=holds_data)
        text = json.dumps({"folder": str(folder), "holds_data": holds_data})
        write_private(data / "outside.json", text + "\n")
        return note

    def is_safe(self) -> bool:
        """Below /var/tmp anybody may put a folder or a link under a name that became free."""
        try:
            seen = self.folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(seen.st_mode) and seen.st_uid == 0 and not seen.st_mode & 0o022


def _can_enter(data: Path, account: Account) -> bool:
    """Really try, as that user: the folders above, mounts and ACLs all have a say."""
    if data.stat().st_uid == 0:
        data.chmod(0o711)  # to pass through; every file of ours inside is private by itself
    probe = Path(tempfile.mkdtemp("", "probe-", data))
    try:
        os.chown(probe, account.uid, account.gid)
        script = 'cd -- "$1" && : > file && rm file'
        can = run_as(account, ["/bin/sh", "-c", script, "sh", str(probe)]).returncode == 0
    except (OSError, subprocess.SubprocessError):
        can = False
    finally:
        shutil.rmtree(probe, ignore_errors=True)
    if not can and data.stat().st_uid == 0:
        data.chmod(0o700)
    return can
