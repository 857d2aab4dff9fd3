"""A long picture whole and in parts: how fast on two cores, how fast it would be on more, and what the joins cost.

Measured: the ladder of real footage, encoded whole by one process on one core; in parts one after the other on one
core; in parts by two workers, pinned to one core each. Then the parts are joined, and both are compared with the source
at the size of the top rung (VMAF, all frames and those about the joins).

Simulated, from the seconds that these took: the step `transcodes` of a film, with 1 to 64 workers. Of them the step is
one, which fetches the film, finds what each part needs of it, encodes the sound and then parts; each part of any other
begins with the start of its pod and the fetching of what it needs. Behind them come fetching and joining the parts, and
the quality gate. Packaging is another step's, and the same whoever encodes.

    python benchmarks/chunks.py [--seconds 120] [--part 20] [--size 1280:720] [--rungs 720p,480p,360p]
"""

import argparse
import heapq
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from measure import FFMPEG, FFPROBE, Cost, adopt_orphans, ffmpeg, spent, table, where

from media_pipeline.application.ports.tools import EncodedVideo
from media_pipeline.cli import demo
from media_pipeline.domain import quality
from media_pipeline.domain.chunks import Chunk, Cutting, cut, grid, uncuttable
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import PlannedRendition, ladder, output_rate
from media_pipeline.domain.results import Made, Source
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.ffmpeg.commands import line
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg

RECIPES = recipes.load(recipes.PACKAGED)
PROFILE = "default"
STREAM, AUDIO = RECIPES.stream["cmaf"], RECIPES.audio["aac"]
TOOL = Ffmpeg(FFMPEG, FFPROBE, threads=1)
FORKED = multiprocessing.get_context("fork")
WORKERS = (1, 2, 4, 8, 16, 32, 64)
PARTS = (60, 120, 300)
"""seconds, of the film that is simulated"""
AROUND = 12
"""frames before and behind a join that are its"""


@dataclass(frozen=True)
class Film:
    """Footage at `folder`/source, its ladder and its parts."""

    folder: Path
    info: MediaInfo
    plans: tuple[PlannedRendition, ...]
    chunks: tuple[Chunk, ...]

    @property
    def rate(self) -> Fraction:
        assert self.info.video is not None
        return output_rate(self.info.video)


@dataclass(frozen=True)
class Alone:
    """What the step does by itself, in CPU seconds: of all the footage; and what it moves."""

    sound: float
    placing: float
    join: float
    gate: float
    """however long a film is"""
    source_bytes: int
    made_bytes: int


@dataclass(frozen=True)
class Pods:
    """Seconds that one takes to start, and bytes a second that it is sent."""

    start: float
    bandwidth: float


@dataclass(frozen=True)
class Part:
    """So long, and what it cost: CPU seconds, because others may be at work on the machine; with one thread that is
    what it takes on a machine of its own."""

    seconds: float
    took: float


def made(folder: Path, seconds: float, part: float, size: str, rungs: Sequence[str]) -> Film:
    short, source = folder / "short.mp4", folder / line.SOURCE
    demo.make(short, ffmpeg=FFMPEG)
    # Keyframes far apart, and frames before them that lean on what comes behind: nothing fits the output's keyframes.
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-x264-params", "open-gop=1:keyint=170"]
    ffmpeg("-stream_loop", "-1", "-i", str(short), "-t", str(seconds), "-vf", f"scale={size},setpts=N/25/TB",
           "-r", "25", *encode, "-c:a", "copy", "-f", "mp4", str(source))  # fmt: skip
    info = TOOL.probe(source)
    assert info.video is not None
    plans = ladder(info.video, [RECIPES.rungs[name] for name in rungs])
    assert uncuttable(info, plans) is None, uncuttable(info, plans)
    rate, end = output_rate(info.video), info.video.end_seconds
    keyframes = grid(end, rate=rate, gop_seconds=STREAM.gop_seconds)
    return Film(folder, info, plans, cut(keyframes, rate=rate, seconds=end, cutting=Cutting(0, part)))


def whole(film: Film, core: int) -> tuple[Cost, list[EncodedVideo]]:
    os.sched_setaffinity(0, {core})
    place = _place(film, "whole")
    videos: list[EncodedVideo] = []

    def encode() -> None:
        videos[:], _ = TOOL.encode(
            place / line.SOURCE, film.info, film.plans, (), audio=AUDIO, stream=STREAM, scratch=place,
            progress=lambda _: None,
        )  # fmt: skip

    return spent(encode), videos


def part(film: Film, chunk: Chunk) -> Part:
    """One part, encoded beside the source in a directory of its own."""
    place = _place(film, str(chunk.number))
    encode = partial(
        TOOL.encode_chunk, place / line.SOURCE, film.info, film.plans, chunk, gop_seconds=STREAM.gop_seconds,
        scratch=place, progress=lambda _: None,
    )  # fmt: skip
    cost = spent(encode)
    stop = film.info.duration_seconds * float(film.rate) if chunk.stop is None else chunk.stop
    return Part((stop - chunk.start) / float(film.rate), cost.cpu)


def in_parts(film: Film, cores: Sequence[int]) -> tuple[Cost, list[Part]]:
    """In all and of each part, with one worker for each core, pinned to it."""
    free, ready = FORKED.SimpleQueue(), FORKED.Semaphore(0)
    for core in cores:
        free.put(core)
    with FORKED.Pool(len(cores), _pin, (free, ready)) as pool:
        for _ in cores:
            ready.acquire()
        began = time.monotonic()
        parts = pool.map(partial(part, film), film.chunks, chunksize=1)
        return Cost(time.monotonic() - began, sum(p.took for p in parts)), parts


def joined(film: Film) -> tuple[Cost, list[EncodedVideo]]:
    places = [film.folder / str(chunk.number) for chunk in film.chunks]
    videos: list[EncodedVideo] = []

    def join() -> None:
        videos[:] = TOOL.join_chunks(film.info, film.plans, places, scratch=film.folder)

    return spent(join), videos


def vmaf(film: Film, video: EncodedVideo) -> list[float]:
    """Of every frame of the top rung, beside the source at its size."""
    top, log = film.plans[0], film.folder / "vmaf.json"
    tagged = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    graph = (
        f"[1:v]fps={film.rate}:start_time=0,{tagged},"
        f"scale={top.width}:{top.height}:flags=bicubic,setpts=N/25/TB[r];[0:v]{tagged},setpts=N/25/TB[e];"
        f"[e][r]libvmaf=log_fmt=json:log_path={log.name}:n_threads=2"
    )
    ffmpeg("-i", str(video.path), "-i", line.SOURCE, "-lavfi", graph, "-f", "null", "-", cwd=film.folder)
    return [frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"]]


def by_itself(film: Film, videos: Sequence[EncodedVideo], join: Cost) -> Alone:
    """Measured beside what was joined."""
    place = _place(film, "alone")
    source = Source(Upload("m", "v", "b", "k", "e", film.info.size), PROFILE, film.info, Made("", "", None, 0.0))
    frames = quality.passages(source, RECIPES.gate(PROFILE))

    def sound() -> None:
        TOOL.encode(
            place / line.SOURCE, film.info, (), film.info.audio, audio=AUDIO, stream=STREAM, scratch=place,
            progress=lambda _: None,
        )  # fmt: skip

    def placing() -> None:
        TOOL.ranges(place / line.SOURCE, film.info, film.chunks, scratch=place)
        for chunk in film.chunks:
            TOOL.packets(place / line.SOURCE, film.info, chunk, scratch=place)

    def judged() -> None:
        TOOL.set_aside(film.folder / line.SOURCE, film.info, film.plans[0], frames, scratch=film.folder)
        TOOL.likeness(film.info, film.plans, videos, passages=frames, scratch=film.folder)

    made = sum(video.path.stat().st_size for video in videos)
    return Alone(spent(sound).cpu, spent(placing).cpu, join.cpu, spent(judged).cpu, film.info.size, made)


def makespan(costs: Sequence[float], workers: int, *, busy: float, before: float) -> float:
    """Seconds until all is done by a step, which is busy at first, and by others whose every part begins with so many
    seconds; each takes the next."""
    free = [(busy, 0.0), *((0.0, before) for _ in range(workers - 1))]
    heapq.heapify(free)
    end = busy
    for cost in costs:
        at, first = heapq.heappop(free)
        end = max(end, at + first + cost)
        heapq.heappush(free, (at + first + cost, first))
    return end


def simulated(parts: Sequence[Part], one: float, alone: Alone, *, film: float, pods: Pods) -> list[list[str]]:
    """How many times faster than whole, for parts of several lengths. A part costs what a second of footage does in
    turn, and a fixed sum more: what the parts took longer than the whole."""
    footage = sum(p.seconds for p in parts)
    times, extra = film / footage, max(0.0, sum(p.took for p in parts) - one) / len(parts)
    a_second = [(p.took - extra) / p.seconds for p in parts]
    fetched, made = (times * size / pods.bandwidth for size in (alone.source_bytes, alone.made_bytes))
    whole_seconds = fetched + (one + alone.sound) * times + alone.gate
    rows = []
    for length in PARTS:
        costs = [length * a_second[i % len(a_second)] + extra for i in range(round(film / length))]
        placing = alone.placing / len(parts) * len(costs)
        before = pods.start + fetched / len(costs)
        after = made + alone.join * times + alone.gate
        took = [makespan(costs, n, busy=alone.sound * times, before=before) for n in WORKERS]
        rows.append([f"{length} s", *(f"{whole_seconds / (fetched + placing + each + after):.1f}" for each in took)])
    return rows


def compared(film: Film, videos: dict[str, EncodedVideo]) -> list[list[str]]:
    rows = []
    starts = [chunk.start for chunk in film.chunks[1:]]
    for name, video in videos.items():
        scores = vmaf(film, video)
        near = [scores[i] for s in starts for i in range(max(0, s - AROUND), min(len(scores), s + AROUND))]
        size = video.path.stat().st_size / 1e6
        means = (sum(scores) / len(scores), sum(near) / len(near), min(near))
        rows.append([name, str(video.frames), *(f"{value:.2f}" for value in means), f"{size:.2f} MB"])
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("--part", type=float, default=20)
    options.add_argument("--size", default="1280:720")
    options.add_argument("--rungs", default="720p,480p,360p")
    options.add_argument("--film", type=float, default=3600, help="seconds, simulated")
    options.add_argument("--start", type=float, default=4, help="seconds that a pod takes to start")
    options.add_argument("--bandwidth", type=float, default=100, help="MB a second from the store to a pod")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = made(Path(folder), chosen.seconds, chosen.part, chosen.size, chosen.rungs.split(","))
        first, second = sorted(os.sched_getaffinity(0))[:2]
        one, before = _alone(partial(whole, film, first))
        alone, parts = in_parts(film, [first])
        both, _ = in_parts(film, [first, second])
        join, after = joined(film)
        assert [v.frames for v in after] == [v.frames for v in before]
        assert [v.keyframes for v in after] == [v.keyframes for v in before]
        print(where(f"{chosen.seconds:g} s of {chosen.size}, {len(film.chunks)} parts", f"rungs {chosen.rungs}"))
        costs = {"whole, 1 core": one, "parts, 1 core": alone, "parts, 2 cores": both, "join": join}
        rows = [[n, f"{c.cpu:.1f}", f"{c.wall:.1f}", f"{one.wall / c.wall:.2f}"] for n, c in costs.items()]
        print(table(["", "CPU-s", "seconds", "speed-up"], rows))
        head = ["top rung", "frames", "VMAF", f"±{AROUND} frames of a join", "worst there", "size"]
        print(table(head, compared(film, {"whole": before[0], "joined": after[0]})))
        alone_costs = by_itself(film, after, join)
        print(alone_costs)
    film_rows = simulated(
        parts, one.cpu, alone_costs, film=chosen.film, pods=Pods(chosen.start, chosen.bandwidth * 1e6)
    )
    print(f"\nThe step of a film of {chosen.film / 60:g} min; {chosen.start:g} s for a pod's start, "
          f"{chosen.bandwidth:g} MB/s for each:\n")  # fmt: skip
    print(table(["parts of", *(f"{n} workers" for n in WORKERS)], film_rows))


def _alone(call: Callable[[], tuple[Cost, list[EncodedVideo]]]) -> tuple[Cost, list[EncodedVideo]]:
    """In a process of its own, so that what it is pinned to is nobody else's."""
    with FORKED.Pool(1, adopt_orphans) as pool:
        return pool.apply(call)


def _pin(free: Any, ready: Any) -> None:
    adopt_orphans()
    os.sched_setaffinity(0, {free.get()})
    ready.release()


def _place(film: Film, name: str) -> Path:
    place = film.folder / name
    place.mkdir(exist_ok=True)
    link = place / line.SOURCE
    if not link.exists():
        link.symlink_to(film.folder / line.SOURCE)
    return place


if __name__ == "__main__":
    main()
