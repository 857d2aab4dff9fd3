"""The local player page: one published media, served to this machine only.

Static files of ours and hls.js, the media's own files with byte ranges, nothing else; no inline script.
"""

import html
import json
import os
import re
import socketserver
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from string import Template
from typing import BinaryIO
from urllib.parse import quote, unquote

from media_pipeline.application.outputs import CONTENT_TYPES
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import MediaTool
from media_pipeline.cli.player_files import Files
from media_pipeline.domain.errors import MediaError, Missing
from media_pipeline.domain.language import language_name
from media_pipeline.domain.manifest import Manifest

HOST = "127.0.0.1"
_FOLDER = Path(__file__).with_name("player")
_SCRIPTS = ("player.js", "dom.js", "facts.js", "stream.js", "timeline.js", "transcript.js", "hls.min.mjs")
_STATIC = {
    **{f"/{name}": "text/javascript; charset=utf-8" for name in _SCRIPTS},
    "/player.css": "text/css; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",  # any site could embed a port of this machine
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_LOCAL = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]+)?", re.IGNORECASE)
_CHUNK_BYTES = 256 * 1024


@contextmanager
def serve(
    manifest: Manifest, title: str, *, store: Store, bucket: str, tool: MediaTool, port: int = 0
) -> Iterator[str]:
    """Serve the page of a published media on this machine until the block ends; yields its URL.

    `title` is anybody's text. Port 0 is any free one. Raises OSError when the port is taken, Missing when the
    manifest names a playlist that is not there, Unavailable when the store does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="media-player-", ignore_cleanup_errors=True) as scratch:
        files = Files(manifest, store=store, bucket=bucket, tool=tool, scratch=Path(scratch))
        with _Server(port, _Site(page(manifest, title), files)) as server:
            thread = threading.Thread(target=server.serve_forever, name="player", daemon=True)
            thread.start()
            try:
                yield f"http://{HOST}:{server.server_address[1]}/"
            finally:
                server.shutdown()
                thread.join()


def page(manifest: Manifest, title: str) -> bytes:
    """The HTML. It plays without script; the script adds timeline, transcript, tags and facts."""
    template = Template((_FOLDER / "index.html").read_text(encoding="utf-8"))
    data = json.dumps(asdict(manifest), ensure_ascii=False)
    # In a script block only "<" can end the data; JSON may spell it otherwise.
    filled = template.substitute(
        title=html.escape(title), kind=manifest.kind, media=_element(manifest), manifest=data.replace("<", "\\u003c")
    )
    return filled.encode("utf-8", "replace")  # a title may hold half a character


def byte_range(header: str | None, size: int) -> range | None:
    """The bytes that a Range header asks for: None for all of them, empty for none of them (416).

    Several ranges, other units and nonsense are answered with everything, as RFC 9110 allows.
    """
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", (header or "").strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


@dataclass(frozen=True, slots=True)
class _Site:
    page: bytes
    files: Files


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, site: _Site) -> None:
        super().__init__((HOST, port), _Handler)
        self.site = site

    def server_bind(self) -> None:
        """Without asking the network for our own name, which HTTPServer does and which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers drop a connection at every seek; that is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        try:
            self._answer()
        except Missing:
            self._say(HTTPStatus.NOT_FOUND, "There is nothing here.")
        except MediaError as failed:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, failed.message)

    do_HEAD = do_GET  # noqa: N815 - as above; `_send_file` and `_send` leave out the body

    def version_string(self) -> str:
        return "media-pipeline"

    def log_message(self, *_: object) -> None:
        """A line for each byte range helps nobody."""

    def _answer(self) -> None:
        if not _LOCAL.fullmatch(self.headers.get("Host", "")):
            # A foreign name that resolves to this machine: some web page tries to read it (DNS rebinding).
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "This page is for this machine only.")
            return
        path, site = unquote(self.path.partition("?")[0]), self.server.site
        if path == "/":
            self._send(HTTPStatus.OK, site.page, "text/html; charset=utf-8")
        elif path in _STATIC:
            self._send(HTTPStatus.OK, (_FOLDER / path[1:]).read_bytes(), _STATIC[path])
        elif path == "/media.mp4":
            self._send_file(site.files.progressive(), "video/mp4")
        elif path.startswith("/media/"):
            kind = CONTENT_TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
            self._send_file(site.files.open(path.removeprefix("/media/")), kind)
        else:
            raise Missing("No such page.")

    def _send_file(self, file: BinaryIO, content_type: str) -> None:
        with file:
            size = os.fstat(file.fileno()).st_size
            # A range under a condition we never set, or for a HEAD, is to be ignored.
            ranged = self.command == "GET" and "If-Range" not in self.headers
            wanted = byte_range(self.headers.get("Range"), size) if ranged else None
            if wanted is not None and not wanted:
                self._say(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "", {"Content-Range": f"bytes */{size}"})
                return
            extra = {"Accept-Ranges": "bytes"}
            if wanted is not None:
                extra["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
            sent = wanted if wanted is not None else range(size)
            self._head(HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT, len(sent), content_type, extra)
            if self.command == "GET":
                self._copy(file, sent)

    def _copy(self, file: BinaryIO, sent: range) -> None:
        file.seek(sent.start)
        left = len(sent)
        while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
            self.wfile.write(chunk)
            left -= len(chunk)

    def _say(self, status: HTTPStatus, message: str, extra: dict[str, str] | None = None) -> None:
        self._send(status, message.encode(), "text/plain; charset=utf-8", extra)

    def _send(self, status: HTTPStatus, body: bytes, content_type: str, extra: dict[str, str] | None = None) -> None:
        self._head(status, len(body), content_type, extra or {})
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, length: int, content_type: str, extra: dict[str, str]) -> None:
        self.send_response(status)
        sent = {"Content-Type": content_type, "Content-Length": str(length), "Cache-Control": "no-store"}
        for name, value in (sent | _HEADERS | extra).items():
            self.send_header(name, value)
        self.end_headers()


def _element(manifest: Manifest) -> str:
    """The media element, with sources for browsers without script or Media Source Extensions: HLS, else one MP4.

    Nothing is loaded before it is played: the MP4 is made when first asked for.
    """
    poster = f' poster="{_src(manifest.poster)}"' if manifest.poster else ""
    size = f' width="{manifest.display_width}" height="{manifest.display_height}"' if manifest.display_width else ""
    inside = [f'<source src="{_src(manifest.hls)}" type="application/vnd.apple.mpegurl">'] if manifest.hls else []
    if manifest.hls or manifest.mp4:
        inside.append(f'<source src="media.mp4" type="{manifest.kind}/mp4">')
    inside += [
        f'<track kind="{"captions" if track.kind == "captions" else "subtitles"}" '
        f'src="{_src(track.vtt)}" srclang="{html.escape(track.language)}" '
        f'label="{html.escape(language_name(track.language))}"{" default" if i == 0 else ""}>'
        for i, track in enumerate(manifest.subtitles)
    ]
    if manifest.storyboard:
        inside.append(f'<track kind="metadata" id="storyboard" src="{_src(manifest.storyboard.vtt)}">')
    lines = "\n        ".join(inside)
    return (
        f'<{manifest.kind} id="media" controls playsinline preload="none"{poster}{size}>\n'
        f"        {lines}\n      </{manifest.kind}>"
    )


def _src(path: str) -> str:
    return html.escape(f"media/{quote(path)}")
