"""How long a person waits on one machine, from the answer to *complete* until the first task runs, until *playable* and
until *ready*; beside the same file dropped into the inbox of the same `media-pipeline dev`, and beside
`media-pipeline process`, where the clock starts with the program.

    python benchmarks/waiting.py [--seconds 15] [--rounds 3] [--profile default]
"""

import argparse
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import measure

from media_pipeline.infrastructure.settings import Settings
from media_pipeline_tests.developing import Running, developing

WAIT_SECONDS, LOOK_SECONDS = 900, 0.5
PROGRAM = [sys.executable, "-m", "media_pipeline.cli.main"]
OVER = {"ready", "rejected", "quarantined", "cancelled", "removed"}


T = TypeVar("T")


@dataclass(frozen=True)
class Waited:
    """Seconds since the file was all there."""

    task: float
    playable: float
    ready: float


def dev_client(dev: Running) -> httpx.Client:
    return httpx.Client(base_url=dev.url, headers={"Authorization": f"Bearer {dev.key}"}, timeout=60)


def until(condition: Callable[[], T | None], seconds: float) -> T:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"nothing after {seconds} s")
        time.sleep(LOOK_SECONDS)
    return found


def sent(client: httpx.Client, clip: Path) -> tuple[float, str]:
    """When *complete* was answered, and the media."""
    asked = {"filename": clip.name, "size": clip.stat().st_size}
    upload = client.post("/v1/uploads", json=asked).raise_for_status().json()
    with clip.open("rb") as file:
        for part in upload["parts"]:
            client.put(part["url"], content=file.read(part["size"])).raise_for_status()
    done = client.post(f"/v1/uploads/{upload['id']}/complete").raise_for_status().json()
    return time.time(), done["media_id"]


def dropped(client: httpx.Client, clip: Path, inbox: Path) -> tuple[float, str]:
    """When the file was there, by a rename, and the media that came of it."""
    there = inbox / clip.name
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copy(clip, there.with_name(f".{clip.name}"))
    there.with_name(f".{clip.name}").rename(there)
    at = time.time()

    def found() -> str | None:
        items = client.get("/v1/media", params={"limit": 5}).raise_for_status().json()["items"]
        return next((str(each["id"]) for each in items if each["title"] in {clip.name, clip.stem}), None)

    return at, until(found, WAIT_SECONDS)


def followed(client: httpx.Client, begun: Callable[[], tuple[float, str]]) -> Waited:
    """By the times that the job itself notes, so that asking is not in them."""
    at, media = begun()

    def over() -> dict[str, Any] | None:
        job: dict[str, Any] = client.get(f"/v1/media/{media}").raise_for_status().json()
        return job if job["state"] in OVER else None

    return since(at, until(over, WAIT_SECONDS))


def processed(clip: Path, environment: dict[str, str]) -> Waited:
    at = time.time()
    output = subprocess.check_output([*PROGRAM, "process", "--json", str(clip)], env=environment, text=True)
    status = subprocess.check_output([*PROGRAM, "status", json.loads(output)["id"], "--json"], env=environment)
    return since(at, json.loads(status))


def since(at: float, job: dict[str, Any]) -> Waited:
    if job["state"] != "ready":
        sys.exit(f"{job['title']}: {job['state']} {job['error']}")
    began = min(each["started_at"] for each in job["attempts"])
    times = [datetime.fromisoformat(each).timestamp() - at for each in (began, job["playable_at"], job["finished_at"])]
    return Waited(*times)


def other(clip: Path, to: Path) -> Path:
    """The same pictures and sound in other bytes: what is known already is not done again."""
    shutil.copy(clip, to)
    with to.open("ab") as file:
        file.write(struct.pack(">I4s", 24, b"free") + os.urandom(16))
    return to


def report(options: argparse.Namespace, waited: dict[str, list[Waited]]) -> None:
    def median(name: str, field: str) -> float:
        return float(statistics.median(getattr(each, field) for each in waited[name]))

    fields = ("task", "playable", "ready")
    first = next(iter(waited))
    print(measure.where(f"{options.seconds:g} s of 720p, profile {options.profile}, medians of {options.rounds}"))
    head = ["", *(f"{each}, s | × {first}" for each in ("first task", "playable", "ready"))]
    rows = [
        [name, *(f"{median(name, each):.1f} | {median(name, each) / median(first, each):.2f}" for each in fields)]
        for name in waited
    ]
    print(measure.table([*" | ".join(head).split(" | ")], [" | ".join(row).split(" | ") for row in rows]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", default="default")
    options = parser.parse_args()
    waited: dict[str, list[Waited]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        clip = measure.make_clip(home / "clip.mp4", options.seconds, size="1280:720")
        chosen = {
            "MEDIA_PIPELINE_PROFILE": options.profile, "MEDIA_PIPELINE_MODELS": str(measure.SETTINGS.models_dir),
        }  # fmt: skip
        here = {"MEDIA_PIPELINE_HOME": folder, "DAGSTER_HOME": str(home / "dagster")}
        environment, inbox = {**os.environ, **here, **chosen}, Settings(home=home).inbox
        with developing(home, chosen) as dev, dev_client(dev) as client:
            ways: dict[str, Callable[[Path], Waited]] = {
                "sent to the gateway": lambda clip: followed(client, partial(sent, client, clip)),
                "dropped into the inbox": lambda clip: followed(client, partial(dropped, client, clip, inbox)),
                "media-pipeline process": lambda clip: processed(clip, environment),
            }
            for number in range(options.rounds):
                for place, (name, way) in enumerate(ways.items()):
                    took = way(other(clip, home / f"clip-{number}-{place}.mp4"))
                    waited.setdefault(name, []).append(took)
                    print(f"round {number + 1}  {name:24}  {took}", flush=True)
    report(options, waited)


if __name__ == "__main__":
    main()
