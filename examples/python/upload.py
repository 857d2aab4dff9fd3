"""Send a file to the media pipeline, wait until it can be watched, and print where.

    MEDIA_GATEWAY_KEY=mp_… python upload.py clip.mp4
    MEDIA_GATEWAY_KEY=mp_… python upload.py clip.mp4 --resume UPLOAD   # goes on where it was broken off

Needs httpx. The bytes go straight to where the gateway says, part by part; what has arrived is not sent again.
"""
# ruff: noqa: T201

import argparse
import json
import mimetypes
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx

PIECE_BYTES = 2**18
TRIES = 5
"""without a part arriving, before it gives up"""
WATCHABLE = {"playable", "ready"}
Json = dict[str, Any]


class Refused(Exception):
    """A problem document of the gateway: asking again the same way would not help."""


def main() -> int:
    arguments = _arguments()
    headers = {"Authorization": f"Bearer {os.environ['MEDIA_GATEWAY_KEY']}"}
    with httpx.Client(base_url=arguments.gateway, headers=headers, timeout=60) as gateway:
        try:
            upload = resumed(gateway, arguments.resume) if arguments.resume else begin(gateway, arguments.file)
            _say(f"upload {upload['id']}")
            send(gateway, upload, arguments.file)
            media_id = answer(gateway.post(f"/v1/uploads/{upload['id']}/complete"))["media_id"]
            _say(f"media {media_id}")
            media = watchable(gateway, media_id)
        except (Refused, httpx.TransportError) as trouble:
            _say(str(trouble))
            return 1
    if media["state"] not in WATCHABLE:
        _say(f"{media['state']}: {media['error']['message'] if media['error'] else ''}")
        return 1
    print(media["playback"]["manifest"]["hls"])
    return 0


def begin(gateway: httpx.Client, file: Path) -> Json:
    """Announce a file."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    body = {"filename": file.name, "size": file.stat().st_size, "content_type": kind}
    return answer(gateway.post("/v1/uploads", json=body))


def resumed(gateway: httpx.Client, upload_id: str) -> Json:
    """An upload that was begun before."""
    return answer(gateway.get(f"/v1/uploads/{upload_id}"))


def send(gateway: httpx.Client, upload: Json, file: Path) -> None:
    """Send every part that has not arrived; a connection that is lost costs the part that was on its way."""
    tries, before = 0, -1
    while True:
        there = answer(gateway.get(f"/v1/uploads/{upload['id']}/parts"))
        _say(f"arrived {len(there['arrived'])} of {upload['part_count']} parts")
        if not there["parts"]:
            return
        tries = 0 if len(there["arrived"]) > before else tries + 1
        before = len(there["arrived"])
        try:
            for part in there["parts"]:
                send_part(part, upload["part_size"], file)
        except httpx.HTTPError:
            if tries >= TRIES:
                raise
            time.sleep(0.5 * 2**tries)


def send_part(part: Json, part_size: int, file: Path) -> None:
    """To the address it was given, which needs no key. Raises httpx.HTTPError."""
    with file.open("rb") as source:
        source.seek((part["number"] - 1) * part_size)
        headers = part["headers"] | {"Content-Length": str(part["size"])}
        pieces = _pieces(source, part["size"])
        httpx.request(part["method"], part["url"], content=pieces, headers=headers, timeout=60).raise_for_status()


def watchable(gateway: httpx.Client, media_id: str) -> Json:
    """The media as soon as it can be watched, or cannot become so. Progress is told as it comes."""
    with gateway.stream("GET", f"/v1/media/{media_id}/events", timeout=None) as events:
        if events.is_error:
            events.read()
            answer(events)
        for line in events.iter_lines():
            if line.startswith("data: {") and "state" in (media := json.loads(line.removeprefix("data: "))):
                _say(f"{media['state']} {media['progress']:.0%}")
                if media["state"] in WATCHABLE:
                    break
    return answer(gateway.get(f"/v1/media/{media_id}"))


def answer(response: httpx.Response) -> Json:
    """Raises Refused with the gateway's sentence."""
    body: Json = response.json()
    if response.is_error:
        raise Refused(f"{body['code']}: {body['detail']}")
    return body


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    """So many bytes of a file, without holding them all."""
    while size > 0 and (piece := source.read(min(size, PIECE_BYTES))):
        size -= len(piece)
        yield piece


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--gateway", default=os.environ.get("MEDIA_GATEWAY_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--resume", metavar="UPLOAD", help="an upload of the same file that was broken off")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
