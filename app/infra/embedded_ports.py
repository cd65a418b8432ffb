"""Ports for the embedded servers.

They are picked outside the kernel's range for outgoing connections, where any client program
could take one between our test and the server's start, and at random, so that two clones that
start in the same second rarely meet; who does meet gets `PortTakenError` and picks again.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from app.infra.children import EmbeddedError

_LOWEST = 10_240
_HIGHEST = 32_768
_ENOUGH = 1_000
_ADMIN_GRPC_OFFSET = 10_000  # the S3 server insists on this distance


class PortTakenError(EmbeddedError):
    """Another program listens on a port that we wanted."""

    def __init__(self, port: int, what: str) -> None:
        super().__init__(
            f"port {port} for the embedded {what} is in use by another program: "
            "stop that program or choose another port"
        )
        self.port = port


def is_free(port: int) -> bool:
    """Whether a server could listen there; one that has just ended does not count as busy."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_free(port: int, what: str) -> None:
    """Say clearly which port is busy, before a server says it less clearly in its log."""
    if not is_free(port):
        raise PortTakenError(port, what)


def pick(names: Iterable[str], *, avoid: Callable[[str, int], bool]) -> dict[str, int]:
    """A free port for each name; `avoid(name, port)` may refuse some."""
    chosen: dict[str, int] = {}
    top = _top()
    for name in names:
        for _ in range(1_000):
            port = random.randrange(_LOWEST, top)  # noqa: S311 - not a secret
            if port not in chosen.values() and is_free(port) and not avoid(name, port):
                chosen[name] = port
                break
        else:
            raise EmbeddedError("no free port found for the embedded servers")
    return chosen


def pick_admin_pair(*, avoid: Callable[[str, int], bool]) -> dict[str, int]:
    """The S3 server's admin port and its fixed partner."""
    for _ in range(1_000):
        port = random.randrange(_LOWEST, _HIGHEST - _ADMIN_GRPC_OFFSET)  # noqa: S311 - not a secret
        partner = port + _ADMIN_GRPC_OFFSET
        if is_free(port) and is_free(partner) and not avoid("admin.port.grpc", partner):
            return {"admin.port": port, "admin.port.grpc": partner}
    raise EmbeddedError("no free pair of ports found for the embedded S3 server")


def _top() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
        first = min(int(text.split()[0]), _HIGHEST)
    except (OSError, ValueError, IndexError):
        return _HIGHEST
    # Some machines give nearly every port to clients; then there is no better range.
    return first if first - _LOWEST >= _ENOUGH else _HIGHEST
