"""The cheapest HTTP client that will do: one kept connection, requests as bytes, no copies."""

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_END = b"\r\n\r\n"
CLIENTS = 16


@dataclass(frozen=True)
class Reply:
    """Status, head in lower case, body."""

    status: int
    head: bytes
    body: bytes

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """A header's value; empty where there is none."""
        for line in self.head.split(b"\r\n"):
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.encode():
                return value.strip().decode()
        return ""


class Unexpected(RuntimeError):
    """A reply that a measurement must not count."""


class Wire:
    """One connection to one server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._host = parts.netloc
        self._socket: socket.socket | None = None

    def call(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """One request, its head made from a mapping."""
        return self.send(self.head(method, target, headers, len(body)), body)

    def head(self, method: str, target: str, headers: Mapping[str, str], length: int) -> bytes:
        """The bytes of a request's head."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if not any(name.lower() == "content-length" for name in headers):
            lines.append(f"Content-Length: {length}")
        return "\r\n".join([*lines, "", ""]).encode()

    def send(self, head: bytes, body: bytes = b"") -> Reply:
        """One request that was made before; a closed connection is opened again once."""
        for attempt in (1, 2):
            try:
                return self._exchange(head, body)
            except ConnectionError:
                self.close()
                if attempt == 2:  # noqa: PLR2004 - the second of two
                    raise
        raise AssertionError("the second attempt returns or raises")

    def close(self) -> None:
        """Ends the connection; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _exchange(self, head: bytes, body: bytes) -> Reply:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(head + body if len(body) < 1024 else head)  # noqa: PLR2004
        if len(body) >= 1024:  # noqa: PLR2004
            self._socket.sendall(body)
        return self._receive(self._socket)

    def _receive(self, connection: socket.socket) -> Reply:
        data = _more(connection)
        while _END not in data:
            data += _more(connection)
        top, _, rest = data.partition(_END)
        reply = Reply(int(top[9:12]), top, b"")
        length = 0 if reply.status in (204, 304) else int(reply.header("content-length") or 0)
        while len(rest) < length:
            rest += _more(connection)
        if reply.header("connection").lower() == "close":
            self.close()
        return Reply(reply.status, top, rest)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError("closed by the server")
    return data


def expect(reply: Reply, *statuses: int) -> Reply:
    """The reply, if its status is one of these."""
    if reply.status not in statuses:
        raise Unexpected(f"{reply.status} instead of {statuses}: {reply.body[:500]!r}")
    return reply


def in_parallel(work: Callable[[int], Any], count: int = CLIENTS) -> Sequence[Any]:
    """``work(0)`` ... ``work(count - 1)``, each in a thread of its own."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))
