"""A real HTTP server before the embedded S3 that behaves like a weaker one.

Each request goes through to the real store. What the real one refuses and a weaker one would
ignore, is done after all; what a weaker one lies about or loses, is spoiled or removed behind the
reply. So signatures, copies and conditions stay those of a real store.
"""

import http.client
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Flag, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from app.config import Settings
from app.infra.blobs import make_client

_HOPS = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}
_BUSY = b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"


class Weakness(Flag):
    """What the store does not do, silently or not."""

    NONE = 0
    IGNORES_SHA256 = auto()
    IGNORES_MD5 = auto()
    OVERWRITES = auto()
    COPIES_BLINDLY = auto()
    REFUSES_FORMS = auto()
    REFUSES_TRAILERS = auto()
    REFUSES_RULES = auto()


# Whether a request is meant, by method, bucket and key.
Meant = Callable[[str, str, str], bool]


class WeakStore(ThreadingHTTPServer):
    """Its weaknesses may be changed while it runs."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, settings: Settings, *, files: tuple[Path, Path] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        assert settings.s3_endpoint
        self.real = urlsplit(settings.s3_endpoint)
        self.client = make_client(settings, endpoint=settings.s3_endpoint)
        self.reset()
        scheme = "http"
        if files:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*files)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = "https"
        self.endpoint = f"{scheme}://127.0.0.1:{self.server_address[1]}"
        ca = str(files[0]) if files else None
        self.settings = settings.model_copy(update={"s3_endpoint": self.endpoint, "s3_ca_file": ca})

    def reset(self) -> None:
        """As strong as the real one. ``before`` sees each request before it is done."""
        self.weakness = Weakness.NONE
        self.busy: Meant = lambda *_: False
        self.spoils: Meant = lambda *_: False
        self.loses: Meant = lambda *_: False
        self.before: Meant = lambda *_: False
        self.delay_s = 0.0

    def lying_there(self) -> list[str]:
        """What really lies in both buckets."""
        buckets = (self.settings.quarantine_bucket, self.settings.evidence_bucket)
        pages = (self.client.list_objects_v2(Bucket=bucket) for bucket in buckets)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def handle_error(self, *about: Any) -> None:
        """A client that hangs up is no fault of the store."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*about)


@contextmanager
def weak_store(settings: Settings, **options: tuple[Path, Path]) -> Iterator[WeakStore]:
    """A weak store that runs for a while."""
    store = WeakStore(settings, **options)
    thread = threading.Thread(target=store.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        store.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: WeakStore

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        time.sleep(self.server.delay_s)
        status, headers, answer = self._answer(body, bucket, key, query)
        if status < 300 and self.command == "PUT" and key:
            self._betray(bucket, key)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOPS | {"content-length"}:
                self.send_header(name, value)
        length = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - names of the base class

    def _answer(
        self, body: bytes, bucket: str, key: str, query: str
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        weak, server = self.server.weakness, self.server
        server.before(self.command, bucket, key)
        if server.busy(self.command, bucket, key):
            return 503, [("Retry-After", "1")], _BUSY
        is_streaming = "STREAMING" in self.headers.get("x-amz-content-sha256", "")
        if is_streaming and Weakness.REFUSES_TRAILERS in weak:
            return 411, [], b"<Error><Code>MissingContentLength</Code></Error>"
        is_form = self.command == "POST" and not key
        is_rule = self.command in ("PUT", "GET") and not key and bool(query)
        if (is_form and Weakness.REFUSES_FORMS in weak) or (
            is_rule and Weakness.REFUSES_RULES in weak
        ):
            return 501, [], b"<Error><Code>NotImplemented</Code></Error>"
        status, headers, answer = self._real(body)
        if self.command == "PUT" and status in (400, 412) and self._is_ignored(status):
            tag = self._do_it_after_all(body, bucket, key)
            return 200, [("ETag", tag)], b""
        return status, headers, answer

    def _real(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        line = http.client.HTTPConnection(self.server.real.netloc, timeout=30)
        try:
            line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOPS | {"expect"}:
                    line.putheader(name, value)
            line.endheaders(body or None)
            reply = line.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            line.close()

    def _is_ignored(self, status: int) -> bool:
        """Whether a weaker store would not have seen why the real one refuses."""
        weak = self.server.weakness
        if status == 412:
            is_copy = "x-amz-copy-source" in self.headers
            return (Weakness.COPIES_BLINDLY if is_copy else Weakness.OVERWRITES) in weak
        if "Content-MD5" in self.headers:
            return Weakness.IGNORES_MD5 in weak
        return Weakness.IGNORES_SHA256 in weak

    def _do_it_after_all(self, body: bytes, bucket: str, key: str) -> str:
        client, source = self.server.client, self.headers.get("x-amz-copy-source")
        if source:
            return client.copy_object(Bucket=bucket, Key=key, CopySource=unquote(source))[
                "CopyObjectResult"
            ]["ETag"]
        kind = self.headers.get("Content-Type", "")
        return client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)["ETag"]

    def _betray(self, bucket: str, key: str) -> None:
        """Behind an acknowledged PUT: other bytes lie there, or none."""
        client, server = self.server.client, self.server
        if server.spoils(self.command, bucket, key):
            stored = client.get_object(Bucket=bucket, Key=key)
            body = stored["Body"].read()
            body = body[:-1] + bytes([body[-1] ^ 1])
            client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=stored["ContentType"])
        if server.loses(self.command, bucket, key):
            client.delete_object(Bucket=bucket, Key=key)

    def log_message(self, *_: object) -> None:
        """Quiet."""
