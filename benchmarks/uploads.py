"""What it costs to send a file to the gateway of one machine: MB/s beside `cp` of the same file, and how much memory
the gateway takes.

A gateway of its own, a sender with several connections as a browser has, parts as the answer says. Both end when the
bytes are on the disk: `cp` is followed by `sync` of the copy, and a part's answer comes after its own. "Ready" is what
is left once every part is there: the answer to `complete`.

    python benchmarks/uploads.py [--megabytes 2000] [--connections 4] [--rounds 3] [--sha256]
"""

import argparse
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import measure
import psutil

from media_pipeline.application.access import issue
from media_pipeline.cli.ports import free_port
from media_pipeline.defs.resources import local
from media_pipeline.domain.caller import Scope
from media_pipeline.infrastructure.settings import Settings

MB = 1_000_000
BLOCK = 1 << 20
READY_SECONDS = 60


@dataclass
class Gateway:
    url: str
    key: dict[str, str]
    process: psutil.Process

    @property
    def memory(self) -> int:
        """Bytes resident now."""
        rss: int = self.process.memory_info().rss
        return rss


@contextmanager
def gateway(home: Path) -> Iterator[Gateway]:
    """One that is ready, and gone afterwards."""
    platform = local(Settings(home=home))
    _, text = issue("benchmark", tenant="default", scopes={Scope.UPLOAD}, keys=platform.keys, now=platform.now())
    port = free_port(8000)
    argv = [sys.executable, "-m", "media_pipeline.cli.main", "gateway", "--port", str(port), "--no-tell"]
    url, log = f"http://127.0.0.1:{port}", home / "gateway.log"
    with log.open("wb") as said:
        started = subprocess.Popen(argv, env=os.environ | {"MEDIA_PIPELINE_HOME": str(home)}, stderr=said)
        try:
            if not is_ready(url, started):
                sys.exit(f"the gateway did not start: {log.read_text()[-2000:]}")
            yield Gateway(url, {"Authorization": f"Bearer {text}"}, psutil.Process(started.pid))
        finally:
            started.terminate()
            started.wait()


def is_ready(url: str, started: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and started.poll() is None:
        try:
            return httpx.get(f"{url}/readyz").is_success
        except httpx.TransportError:
            time.sleep(0.1)
    return False


@dataclass
class Sent:
    """Seconds and bytes of one upload."""

    parts: float
    ready: float
    peak: int


def send(file: Path, at: Gateway, *, connections: int, sha256: str | None) -> Sent:
    """The whole file, and its media deleted again."""
    size = file.stat().st_size
    said = {"filename": file.name, "size": size} | ({"sha256": sha256} if sha256 else {})
    upload = httpx.post(f"{at.url}/v1/uploads", json=said, headers=at.key).raise_for_status().json()
    with watched(at) as peak, ThreadPoolExecutor(connections) as pool:
        began = time.monotonic()
        list(pool.map(lambda part: put(file, upload["part_size"], part), upload["parts"]))
        parts = time.monotonic() - began
        done = httpx.post(f"{at.url}/v1/uploads/{upload['id']}/complete", headers=at.key, timeout=600)
        ready = time.monotonic() - began - parts
    done.raise_for_status()
    httpx.delete(f"{at.url}/v1/media/{upload['media_id']}", headers=at.key, timeout=600).raise_for_status()
    return Sent(parts, ready, max(peak))


def put(file: Path, part_size: int, part: dict[str, Any]) -> None:
    """By the kernel, so that what is measured is the other side."""
    to = urlsplit(part["url"])
    head = f"PUT {to.path}?{to.query} HTTP/1.1\r\nHost: {to.netloc}\r\nContent-Length: {part['size']}\r\n\r\n"
    with file.open("rb") as source, socket.create_connection((to.hostname, to.port)) as sender:
        sender.sendall(head.encode())
        sender.sendfile(source, (part["number"] - 1) * part_size, part["size"])
        answer = sender.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        sys.exit(f"part {part['number']}: {answer[:500]!r}")


@contextmanager
def watched(at: Gateway) -> Iterator[list[int]]:
    """The gateway's memory, fifty times a second."""
    seen, over = [at.memory], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.append(at.memory)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def copied(file: Path, to: Path) -> float:
    """Seconds of `cp`, until the copy is on the disk."""
    began = time.monotonic()
    subprocess.run(["cp", str(file), str(to)], check=True)
    subprocess.run(["sync", str(to)], check=True)
    took = time.monotonic() - began
    to.unlink()
    return took


def make(to: Path, megabytes: int) -> str:
    """A file without holes; its SHA-256."""
    digest, block = hashlib.sha256(), os.urandom(BLOCK)
    with to.open("wb") as file:
        left = megabytes * MB
        while left:
            piece = block[:left]
            file.write(piece)
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sha256", action="store_true", help="announce the checksum, to be checked at the end")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        work = Path(directory)
        digest = make(work / "clip.mp4", options.megabytes)
        promised = digest if options.sha256 else None
        copies, sent = [], []
        with gateway(work / "home") as at:
            idle = at.memory
            for number in range(options.rounds):
                copies.append(copied(work / "clip.mp4", work / "copy"))
                sent.append(send(work / "clip.mp4", at, connections=options.connections, sha256=promised))
                print(f"round {number + 1}  cp {copies[-1]:.1f} s  sent {sent[-1]}", flush=True)
    report(options, idle, copies, sent)


def report(options: argparse.Namespace, idle: int, copies: list[float], sent: list[Sent]) -> None:
    plain, best = min(copies), min(sent, key=lambda s: s.parts + s.ready)
    took, peak = best.parts + best.ready, max(s.peak for s in sent)
    print(measure.where(f"{options.megabytes:,} MB, {options.connections} connections, best of {options.rounds}"))
    print(
        measure.table(
            ["", "MB/s", "× cp", "parts", "complete", "gateway, idle", "gateway, peak"],
            [
                ["cp and sync", f"{options.megabytes / plain:.0f}", "1.00", f"{plain:.1f} s", "", "", ""],
                [
                    "sent", f"{options.megabytes / took:.0f}", f"{plain / took:.2f}", f"{best.parts:.1f} s",
                    f"{best.ready:.2f} s", f"{idle / MB:.0f} MB", f"{peak / MB:.0f} MB",
                ],
            ],
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
