"""The page, for people who would rather look than call: a bundle of static files, made by `make page`."""

import gzip
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Header
from fastapi.responses import Response

from media_pipeline.domain.errors import Missing
from media_pipeline.gateway.access import FrontDoor
from media_pipeline.gateway.front import Front

DIST = Path(__file__).with_name("page") / "dist"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED = frozenset({".css", ".js", ".svg"})  # a font is compressed already
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
"""of what has its content's hash in its name"""
router = APIRouter(include_in_schema=False)


@router.get("/")
def page(front: FrontDoor) -> Response:
    """The same for everybody: who looks is asked for a key by the page."""
    headers = {"Content-Security-Policy": policy(origins(front)), "Cache-Control": "no-cache"}
    return Response((DIST / "index.html").read_bytes(), media_type="text/html; charset=utf-8", headers=headers)


@router.get("/assets/{name}")
def asset(name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """A file of the bundle, and no other."""
    if name not in _assets():
        raise Missing("There is no such file.")
    kind = Path(name).suffix
    packed = kind in _PACKED and "gzip" in accept_encoding
    headers = _FOR_EVER | ({"Content-Encoding": "gzip"} if packed else {})
    return Response(_packed(name) if packed else _read(name), media_type=_TYPES[kind], headers=headers)


def policy(elsewhere: list[str]) -> str:
    """What the page may load: what is served here and, from `elsewhere`, bytes of media; no script but ours, none
    inline, nothing made of text. `blob:` is how hls.js hands a stream to the media element."""
    here = " ".join(["'self'", *elsewhere])
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            f"img-src {here}",
            f"connect-src {here}",
            f"media-src {here} blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def origins(front: Front) -> list[str]:
    """Where browsers send and fetch bytes besides here: as the store itself signs addresses."""
    platform = front.platform
    until = platform.now() + timedelta(minutes=1)
    found = set()
    for bucket in (platform.settings.uploads_bucket, platform.settings.media_bucket):
        try:
            address = platform.store.link(bucket, "-", until=until, content_type="application/octet-stream")
        except Missing:  # of this machine's own disk, which has no address
            continue
        if isinstance(address, str):
            parts = urlsplit(address)
            found.add(f"{parts.scheme}://{parts.netloc}")
    return sorted(found)


@cache
def _assets() -> frozenset[str]:
    return frozenset(path.name for path in (DIST / "assets").iterdir())


@cache
def _read(name: str) -> bytes:
    return (DIST / "assets" / name).read_bytes()


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_read(name), mtime=0)
