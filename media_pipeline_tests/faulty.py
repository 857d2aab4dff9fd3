"""A proxy in front of a real object store that does wrong on purpose: refuses, answers late, breaks off, ends short.

with faulty(endpoint) as proxy:
    with proxy.doing(Refuse(503), method="PUT", path="media.json", times=2): …
"""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_ERROR = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>on purpose</Message></Error>'
_CHUNK = 64 * 1024
_HOP = {"connection", "expect", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Refuse:
    """Answer with an error; the store is not asked."""

    status: int = 503
    code: str = "SlowDown"


@dataclass(frozen=True)
class Late:
    """Ask the store, and wait before the answer's body, or before every part of it."""

    seconds: float


@dataclass(frozen=True)
class Short:
    """Break the connection off so many bytes before the end of the answer's body."""

    by: int = 1


@dataclass(frozen=True)
class Lost:
    """The store does what it is asked; the answer never comes."""


Fault = Refuse | Late | Short | Lost
EXPIRED = Refuse(400, "ExpiredToken")


@dataclass
class _Rule:
    fault: Fault
    method: str
    path: str
    after: int
    times: int | None


@dataclass
class Proxy:
    """Where the proxy listens, and what it is doing wrong. `asked` are the requests it has seen."""

    endpoint: str
    upstream: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def doing(
        self, fault: Fault, *, method: str = "", path: str = "", after: int = 0, times: int | None = None
    ) -> Iterator[None]:
        """Do wrong with requests of a method whose path holds a text: not with the first `after` of them, and no more
        than `times` times."""
        rule = _Rule(fault, method, path, after, times)
        with self._lock:
            self._rules.append(rule)
        try:
            yield
        finally:
            with self._lock:
                self._rules.remove(rule)

    def fault(self, method: str, path: str) -> Fault | None:
        """What to do with a request."""
        with self._lock:
            self.asked.append((method, path))
            for rule in self._rules:
                if rule.method not in ("", method) or rule.path not in path:
                    continue
                if rule.after:
                    rule.after -= 1
                elif rule.times is None or rule.times:
                    rule.times = None if rule.times is None else rule.times - 1
                    return rule.fault
        return None


@contextmanager
def faulty(upstream: str) -> Iterator[Proxy]:
    """A proxy on a free port before the store at an address."""
    proxy = Proxy("", upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    server.daemon_threads = True
    proxy.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Hands on what it gets as it is: the signature is over the Host that the client meant."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def do_GET(self) -> None:
        body = self._body()
        fault = self.proxy.fault(self.command, unquote(self.path))
        if isinstance(fault, Refuse):
            self._answer(fault.status, {}, _ERROR.format(code=fault.code).encode())
            return
        where = urlsplit(self.proxy.upstream)
        store = http.client.HTTPConnection(str(where.hostname), where.port, timeout=60)
        try:
            store.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    store.putheader(name, value)
            store.putheader("Content-Length", str(len(body)))
            store.endheaders(body)
            answer = store.getresponse()
            self._hand_on(answer, answer.read(), fault)
        finally:
            store.close()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _hand_on(self, answer: http.client.HTTPResponse, data: bytes, fault: Fault | None) -> None:
        kept = {n: v for n, v in answer.getheaders() if n.lower() not in _HOP}
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        if isinstance(fault, Lost):
            self.close_connection = True
            return
        if isinstance(fault, Late):
            time.sleep(fault.seconds)
        end = len(data) - fault.by if isinstance(fault, Short) else len(data)
        self._answer(answer.status, kept, data[: max(end, 0)], length=length or str(len(data)))

    def _answer(self, status: int, headers: dict[str, str], data: bytes, *, length: str | None = None) -> None:
        """A body shorter than `length` ends with the connection."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.close_connection |= len(data) < int(length or len(data))
        with suppress(ConnectionError):  # who waited too long has gone
            for start in range(0, len(data), _CHUNK):
                self.wfile.write(data[start : start + _CHUNK])
