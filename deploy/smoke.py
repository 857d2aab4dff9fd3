"""Whether a platform does its work: a file goes through the gateway as from a browser, and what comes back plays.

    python deploy/smoke.py --gateway http://localhost:8080 clip.mp4 < key
    python deploy/smoke.py --gateway http://localhost:8080 --media ID < key     what is there already still plays

The key, with the scopes upload and read, is read from stdin. Exit code 0, or 1 and a sentence.
"""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin

import httpx

PLAYABLE, REFUSED = {"playable", "ready"}, {"rejected", "quarantined", "cancelled", "removed"}
LOOK_SECONDS, ANSWER_SECONDS = 1.0, 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--origin", help="of the page that sends; default: the gateway's own")
    parser.add_argument("--seconds", type=float, default=600, help="that it may take to become playable")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--media", metavar="ID", help="that is there already, instead of a clip")
    what.add_argument("clip", type=Path, nargs="?")
    asked = parser.parse_args()
    key = sys.stdin.readline().strip()
    with (
        httpx.Client(base_url=asked.gateway, timeout=ANSWER_SECONDS) as stranger,
        httpx.Client(
            base_url=asked.gateway, timeout=ANSWER_SECONDS, headers={"Authorization": f"Bearer {key}"}
        ) as caller,
    ):
        try:
            _walk(asked, caller, stranger)
        except httpx.HTTPError as error:
            _end(f"{type(error).__name__} at {_unsigned(str(error.request.url))}: {error}")


def _walk(asked: argparse.Namespace, caller: httpx.Client, stranger: httpx.Client) -> None:
    began = time.monotonic()
    refused = stranger.get("/v1/media").status_code
    if refused != 401:
        _end(f"the gateway answered somebody without a key with {refused}, not 401")
    media_id = asked.media or sent(caller, asked.clip, origin=asked.origin or asked.gateway.rstrip("/"))
    if not asked.media:
        _say(f"sent as {media_id}", began)
    media = playable(caller, media_id, seconds=asked.seconds)
    _say(media["state"], began)
    played(stranger, media["playback"]["manifest"]["hls"])
    _say("plays", began)


def sent(caller: httpx.Client, clip: Path, *, origin: str) -> str:
    """The media's id, once the file has been sent part by part to where the gateway says, and completed."""
    announced = {"filename": clip.name, "size": clip.stat().st_size, "content_type": "video/mp4"}
    upload = _good(caller.post("/v1/uploads", json=announced)).json()
    with clip.open("rb") as file, httpx.Client(timeout=ANSWER_SECONDS) as store:  # the key is not the store's to know
        for part in upload["parts"]:
            if not part["url"].startswith(origin):
                _require_let_in(store, part, origin)
            file.seek((part["number"] - 1) * upload["part_size"])
            body = file.read(part["size"])
            _good(store.request(part["method"], part["url"], content=body, headers=part["headers"]))
    done = _good(caller.post(f"/v1/uploads/{upload['id']}/complete"))
    return str(done.json()["media_id"])


def playable(caller: httpx.Client, media_id: str, *, seconds: float) -> Any:
    """The media as the API has it, when its picture and sound are published."""
    deadline, media = time.monotonic() + seconds, {"state": "unknown"}
    while time.monotonic() < deadline:
        answer = caller.get(f"/v1/media/{media_id}")
        media = _good(answer).json()
        if media["state"] in PLAYABLE:
            return media
        if media["state"] in REFUSED:
            _end(f"it was {media['state']}: {media.get('error')}")
        time.sleep(LOOK_SECONDS)
    return _end(f"it is still {media['state']} after {seconds:.0f} s")


def played(player: httpx.Client, address: str) -> None:
    """The first bytes of the first rendition, by the way that a player takes."""
    master = _playlist(player, address)
    rendition = urljoin(address, next(line for line in master if not line.startswith("#")))
    first = next((found[1] for line in _playlist(player, rendition) if (found := _MAP.match(line))), None)
    if first is None:
        _end("no segments in the playlist of a rendition")
    where = urljoin(rendition, first)
    begins = _good(player.get(where, headers={"Range": "bytes=0-63"}, follow_redirects=True)).content
    if begins[4:8] != b"ftyp" or len(begins) != 64:
        _end(f"no video: {begins[:16]!r}")


_MAP = re.compile(r'#EXT-X-MAP:.*URI="([^"]+)"')


def _playlist(player: httpx.Client, address: str) -> list[str]:
    text = _good(player.get(address, follow_redirects=True)).text
    lines = [line for line in text.splitlines() if line]
    if lines[:1] != ["#EXTM3U"]:
        _end(f"no playlist at {_unsigned(address)}")
    return lines


def _require_let_in(store: httpx.Client, part: Any, origin: str) -> None:
    """A browser asks the store first, because it is of another origin."""
    answer = store.options(part["url"], headers={"Origin": origin, "Access-Control-Request-Method": part["method"]})
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    methods = answer.headers.get("Access-Control-Allow-Methods", "")
    if allowed not in {origin, "*"} or part["method"] not in methods:
        _end(f"a browser may not send to the store from {origin}: it allows {methods or 'nothing'} from {allowed}")


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    request = answer.request
    return _end(f"{request.method} {_unsigned(str(request.url))}: {answer.status_code} {answer.text[:500]}")


def _unsigned(url: str) -> str:
    return url.partition("?")[0]


def _say(what: str, began: float) -> None:
    sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {what}\n")
    sys.stdout.flush()


def _end(sentence: str) -> NoReturn:
    sys.exit(f"smoke: {sentence}")


if __name__ == "__main__":
    main()
