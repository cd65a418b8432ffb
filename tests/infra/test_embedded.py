"""The embedded servers, with real ones: they keep data, survive kills and refuse clearly."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app.infra.embedded import Addresses, EmbeddedError, EmbeddedServers
from tests.infra import embedded_run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A data folder that several tests use one after the other."""
    with _folder() as path:
        yield path


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A folder that any user may pass through, unlike pytest's own, which is closed to others."""
    with _folder() as path:
        yield path


class _folder:  # noqa: N801 - reads as a function
    def __enter__(self) -> Path:
        self.path = Path(tempfile.mkdtemp(prefix="dudao-embedded-test-"))
        self.path.chmod(0o711)
        return self.path / "da ta,x"  # a space and a comma are what servers stumble over

    def __exit__(self, *_: object) -> None:
        note = self.path / "closed" / "data" / "outside.json"
        if note.exists():
            shutil.rmtree(json.loads(note.read_text())["folder"])
        shutil.rmtree(self.path)


def servers_of(data: Path, **ports: int) -> EmbeddedServers:
    return EmbeddedServers(data, s3_ready=embedded_run.s3_ready, say=embedded_run.say, **ports)


def write(addresses: Addresses, text: str) -> None:
    with psycopg.connect(plain(addresses)) as db:
        db.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        db.execute("INSERT INTO kept VALUES (%s)", (text,))
    s3_of(addresses).put_object(Bucket=embedded_run.BUCKET, Key=f"kept/{text}", Body=text.encode())


def read(addresses: Addresses, text: str) -> None:
    with psycopg.connect(plain(addresses)) as db:
        assert db.execute("SELECT 1 FROM kept WHERE text = %s", (text,)).fetchone()
    answer = s3_of(addresses).get_object(Bucket=embedded_run.BUCKET, Key=f"kept/{text}")
    assert answer["Body"].read() == text.encode()


def similarity(addresses: Addresses, one: str, other: str) -> float:
    """Zero for all Chinese words under the wrong LC_CTYPE."""
    with psycopg.connect(plain(addresses)) as db:
        db.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        row = db.execute("SELECT similarity(%s, %s)", (one, other)).fetchone()
    assert row is not None
    return float(row[0])


def plain(addresses: Addresses) -> str:
    return addresses.database_url.replace("+psycopg", "")


def s3_of(addresses: Addresses):  # type: ignore[no-untyped-def]
    return embedded_run.client(
        addresses.s3_endpoint, addresses.s3_access_key, addresses.s3_secret_key
    )


def run(data: Path, mode: str = "start") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.infra.embedded_run", str(data), mode]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run_and_kill(data: Path, *, with_servers: bool = False) -> list[int]:
    """The servers' pids; they themselves are killed too, or left to the kernel."""
    process = run(data)
    assert process.stdout
    pids = list(json.loads(process.stdout.readline()).values())
    for pid in pids if with_servers else ():
        os.kill(pid, signal.SIGKILL)
    process.kill()
    process.communicate()
    return pids


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(true: Callable[[], object], limit: float = 20) -> None:
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.mark.long  # the kill journey goes the same way with every run
def test_data_survive_a_stop_and_killed_servers(shared: Path) -> None:
    servers = servers_of(shared)
    addresses = servers.start()
    try:
        write(addresses, "督导")
        with pytest.raises(EmbeddedError, match=f"in use by another run .*{os.getpid()}"):
            servers_of(shared).start()
    finally:
        servers.stop()
    servers.stop()
    assert servers.pids() == {}
    assert (shared / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert shared.stat().st_mode & 0o066 == 0
    addresses = servers.start()
    try:
        read(addresses, "督导")
        assert similarity(addresses, "解放路东街", "解放路西街") > 0.3
        write(addresses, "second")
        for pid in servers.pids().values():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not servers.pids())
        assert servers.restart_dead() == ["postgres", "s3"]
        assert servers.restart_dead() == []
        read(addresses, "督导")
        read(addresses, "second")
    finally:
        servers.stop()


def test_a_given_port_that_is_busy_is_named(fresh: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=f"port {port} for the embedded PostgreSQL"):
            servers_of(fresh, pg_port=port).start()
        with pytest.raises(EmbeddedError, match=f"port {port} for the embedded S3"):
            servers_of(fresh, s3_port=port).start()


@pytest.mark.long  # the kill journey goes the same way with every run
def test_the_supervisor_restarts_what_dies_and_stops_when_asked(shared: Path) -> None:
    process = run(shared, "supervise")
    run_file = shared / "run.json"

    def pids() -> dict[str, int]:
        return dict(json.loads(run_file.read_text())["pids"]) if run_file.exists() else {}

    try:
        wait_for(lambda: len(pids()) == 5)
        first = pids()
        assert run_file.stat().st_mode & 0o777 == 0o600
        assert "secret" not in run_file.read_text()
        for name in ("api", "postgres"):
            os.kill(first[name], signal.SIGKILL)
        wait_for(lambda: all(pids()[n] != first[n] for n in ("api", "worker", "postgres")))
        assert pids()["s3"] == first["s3"]
        last = pids()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        assert "worker ended (exit code 3)" in errors
        assert not run_file.exists()
        assert not any(is_alive(pid) for pid in last.values())
    finally:
        process.kill()
        process.communicate()


@pytest.mark.long
def test_servers_die_with_their_parent_and_the_next_start_recovers(fresh: Path) -> None:
    killed = run_and_kill(fresh)
    wait_for(lambda: not any(is_alive(pid) for pid in killed))
    killed = run_and_kill(fresh)
    servers = servers_of(fresh)
    addresses = servers.start()  # at once, while they may still be ending
    try:
        assert not any(is_alive(pid) for pid in killed)
        write(addresses, "after")
        read(addresses, "after")
    finally:
        servers.stop()


@pytest.mark.long
def test_everything_killed_at_once_leaves_nothing_that_blocks(fresh: Path) -> None:
    servers = servers_of(fresh)
    write(servers.start(), "before")
    servers.stop()
    run_and_kill(fresh, with_servers=True)
    # A process id that now belongs to somebody else, as after a restart of the machine.
    pid_file = fresh / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getppid()}\n{fresh}\n")
    options = fresh / "s3" / "data" / "mini.options"
    options.write_text("s3.port=1\nmaster.telemetry=true\n")
    try:
        read(servers.start(), "before")
    finally:
        servers.stop()


@pytest.mark.long
def test_a_start_that_was_killed_anywhere_is_repeated(fresh: Path) -> None:
    for seconds in (0.5, 0.9, 1.2, 1.6, 2.0):
        process = run(fresh)
        time.sleep(seconds)
        process.kill()
        process.communicate()
    servers = servers_of(fresh)
    try:
        write(servers.start(), "at last")
    finally:
        servers.stop()


@pytest.mark.long
def test_two_clones_run_at_once(fresh: Path, shared: Path) -> None:
    processes = [run(data) for data in (fresh, shared)]
    try:
        for process in processes:
            assert process.stdout
            assert len(json.loads(process.stdout.readline())) == 2
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.communicate(timeout=30)


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers need another account")
def test_root_in_a_closed_folder_keeps_data_outside(fresh: Path) -> None:
    closed = fresh.parent / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    servers = servers_of(data)
    try:
        write(servers.start(), "outside")
        for pid in servers.pids().values():
            assert Path(f"/proc/{pid}").stat().st_uid == 65534
    finally:
        servers.stop()
    assert closed.stat().st_mode & 0o777 == 0o700
    try:
        read(servers.start(), "outside")
    finally:
        servers.stop()
    outside = Path(json.loads((data / "outside.json").read_text())["folder"])
    away = outside.rename(outside.with_name(outside.name + "-away"))
    try:
        with pytest.raises(EmbeddedError, match="is gone"):
            servers.start()
        outside.symlink_to(away)
        with pytest.raises(EmbeddedError, match="is gone"):
            servers.start()
        outside.unlink()
    finally:
        away.rename(outside)
