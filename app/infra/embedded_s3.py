"""The embedded S3: SeaweedFS's `weed mini` as our child.

Every switch below was found necessary by trying: without them it reports to its vendor, listens
to the world, serves its internal ports without a password, makes buckets on a whim, removes full
ones and never calls fsync. Its data folder is its working directory, named "." on the command
line, because it would split a path at a comma and a socket's path must be short.
"""

from __future__ import annotations

import http
import http.client
import json
import os
import secrets as random_secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.infra import children, embedded_ports
from app.infra.children import EmbeddedError
from app.infra.embedded_place import Place
from app.infra.embedded_ports import PortTakenError
from app.infra.embedded_secrets import Secrets, write_private

# Called with endpoint, access key and secret key; raises unless a real PUT and GET succeed.
ReadyCheck = Callable[[str, str, str], None]

_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
)
_SWITCHES = (
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-master.telemetry=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-webdav=false",
    "-admin.ui=false",
    "-s3.autoCreateBucket=false",
    "-s3.allowDeleteBucketNotEmpty=false",
    "-filer.exposeDirectoryData=false",
    "-filer.disableDirListing",
    "-filer.localSocket=filer.sock",
    "-s3.localSocket=s3.sock",
    "-volume.preStopSeconds=0",  # there is no second volume server that could take over
)
_JWT = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
_FSYNC = "fs.configure -locationPrefix=/buckets/ -fsync=true -apply\n"
_FSYNC_MARK = ".dudao-fsync"
_READY_LIMIT = 90.0
# Ends in a second, or waits for half a minute for a connection that it never used, or for ever on
# a full disk; what it has acknowledged is on the disk by then, and a kill loses nothing.
_STOP_STEPS = ((signal.SIGTERM, 5.0),)


class S3Server:
    """One SeaweedFS below `place`, on one set of ports for its whole life."""

    name = "s3"

    def __init__(
        self,
        place: Place,
        secrets: Secrets,
        *,
        port: int | None,
        ready: ReadyCheck,
        log: Path,
        say: Callable[[str], None],
    ) -> None:
        self._place = place
        self._secrets = secrets
        self._ready = ready
        self._log = log
        self._say = say
        self._given = port
        self._ports = _pick_ports(port)
        self._home = place.servers / "s3"
        self._data = self._home / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The S3 address, on this machine only."""
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    @property
    def pid(self) -> int | None:
        """None when it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else None

    def start(self) -> None:
        """Start, recover what a killed run left, and return when it really stores and reads."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """The first half of `start`: the process only."""
        children.end_leftovers("weed", self._data, limit=10, say=self._say)
        self._place.make_folder("s3", "data")
        self._write_keys()
        self._sweep()
        write_private(self._home / "ports.json", json.dumps(self._ports))
        embedded_ports.require_free(self._ports["s3.port"], "S3")
        self._process = children.spawn(
            [
                *self._weed("-logtostderr=true"),
                "mini",
                "-dir=.",
                *_SWITCHES,
                *(f"-{name}={port}" for name, port in self._ports.items()),
            ],
            cwd=self._data,
            env=children.clean_environment(
                AWS_ACCESS_KEY_ID=self._secrets.s3_access_key,
                AWS_SECRET_ACCESS_KEY=self._secrets.s3_secret_key,
                # Idle it holds 130 MB, and below 300 it collects without end: 18 % of a core.
                GOMEMLIMIT="512MiB",
                GOGC="400",  # a third less CPU for small objects; the limit still holds
            ),
            log=self._log,
            account=self._place.account,
            # Not SIGTERM, which it may never obey; kill -9 has been seen to lose nothing stored.
            on_parent_death=signal.SIGKILL,
        )

    def wait_ready(self) -> None:
        """The second half of `start`: until an object was stored and read, with fsync on."""
        deadline = time.monotonic() + _READY_LIMIT
        while (problem := self._probe()) is not None:
            if self.pid is None:
                raise self._ended() from problem
            if time.monotonic() > deadline:
                raise EmbeddedError(f"the S3 server does not answer: {problem}") from problem
            time.sleep(0.05)
        if not (self._data / _FSYNC_MARK).exists():
            self._switch_fsync_on()

    def ask_to_stop(self) -> None:
        """Tell it to stop without waiting."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(_STOP_STEPS[0][0])

    def stop(self) -> None:
        """Stop it, hard after a limit."""
        if self._process:
            children.stop(self._process, _STOP_STEPS)
            self._sweep()
        self._process = None

    def _probe(self) -> Exception | None:
        """/healthz alone says yes too early, so it only spares the real check its long retries."""
        client = http.client.HTTPConnection("127.0.0.1", self._ports["s3.port"], timeout=5)
        try:
            client.request("GET", "/healthz")
            status = client.getresponse().status
            if status != http.HTTPStatus.OK:
                return EmbeddedError(f"/healthz answers {status}")
            self._ready(self.endpoint, self._secrets.s3_access_key, self._secrets.s3_secret_key)
        except Exception as problem:  # noqa: BLE001 - whatever the injected check raises is a no
            return problem
        finally:
            client.close()
        return None

    def _ended(self) -> EmbeddedError:
        busy = [port for port in self._ports.values() if not embedded_ports.is_free(port)]
        if busy:
            return PortTakenError(busy[0], "S3")
        return EmbeddedError(f"the S3 server ended; its log says:\n{children.tail(self._log)}")

    def _weed(self, *options: str) -> list[str]:
        return [str(self._place.programs.weed), f"-config_dir={self._home / 'etc'}", *options]

    def _write_keys(self) -> None:
        """Keys for its internal ports; new ones at every start, since nobody else needs them."""
        folder = self._home / "etc"
        folder.mkdir(mode=0o711, exist_ok=True)
        keys = (f'[{name}]\nkey = "{random_secrets.token_hex(32)}"\n' for name in _JWT)
        write_private(folder / "security.toml", "".join(keys))
        self._place.give(folder / "security.toml")

    def _sweep(self) -> None:
        """Remove what a killed run left: sockets, and settings that would override ours."""
        record = self._home / "ports.json"
        with suppress(OSError, ValueError):
            for name, port in json.loads(record.read_text()).items():
                if name.endswith(".grpc"):
                    _grpc_socket(name, port).unlink(missing_ok=True)
        record.unlink(missing_ok=True)
        (self._data / "mini.options").unlink(missing_ok=True)
        for socket in ("filer.sock", "s3.sock"):
            (self._data / socket).unlink(missing_ok=True)
        for old in self._data.glob("m[0-9]*"):  # the master's state, one folder per port, not used
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old, ignore_errors=True)

    def _switch_fsync_on(self) -> None:
        """By default an acknowledged object may exist in memory only; kept by the server itself."""
        self._shell(_FSYNC)
        answer = self._shell("fs.configure\n")
        try:
            kept = json.loads(answer[answer.index("{") :])["locations"]
            is_on = any(one["locationPrefix"] == "/buckets/" and one["fsync"] for one in kept)
        except (ValueError, KeyError, TypeError):
            is_on = False
        if not is_on:
            raise EmbeddedError(f"the S3 server would not switch fsync on: {answer.strip()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
        os.close(os.open(self._data / _FSYNC_MARK, flags, 0o600))

    def _shell(self, command: str) -> str:
        def address(name: str) -> str:
            return f"127.0.0.1:{self._ports[f'{name}.port']}.{self._ports[f'{name}.port.grpc']}"

        servers = [f"-master={address('master')}", f"-filer={address('filer')}"]
        shell = [*self._weed(), "shell", *servers]
        return children.run_as(self._place.account, shell, text=command).stdout


def _pick_ports(s3: int | None) -> dict[str, int]:
    def avoid(name: str, port: int) -> bool:
        """A stale socket of another user would block the server without an error."""
        return port == s3 or _grpc_socket(name, port).exists()

    ports = embedded_ports.pick(_PORTS if s3 else ("s3.port", *_PORTS), avoid=avoid)
    taken = set(ports.values())
    admin = embedded_ports.pick_admin_pair(avoid=lambda n, p: p in taken or avoid(n, p))
    return {**ports, **admin, "s3.port": s3 or ports["s3.port"]}


def _grpc_socket(name: str, port: int) -> Path:
    """The server puts these there whatever TMPDIR says."""
    server = name.partition(".")[0]
    return Path(f"/tmp/seaweedfs-{server}-grpc-{port}.sock")  # noqa: S108
