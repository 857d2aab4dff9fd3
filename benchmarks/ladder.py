"""The ladder: our encode beside one bare ffmpeg process with the same settings, beside one process a rung, and beside
shaka-streamer with the same sizes, peak bitrates and preset. CPU seconds of whole process trees.

    python benchmarks/ladder.py [--seconds 20] [--rounds 3] [--clip FILE]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import yaml
from measure import FFMPEG, FFPROBE, PACKAGER, Cost, cpu, make_clip, measured, median, rounds, table, where

from media_pipeline.application.ports.tools import PackagingInput
from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.domain.profile import PlannedRendition, ladder
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.ffmpeg.commands import encoding, line
from media_pipeline.infrastructure.ffmpeg.commands.listening import Gain
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline.infrastructure.packager import ShakaPackager

STREAMER = "shaka-streamer==1.5.1"
RECIPES = recipes.load(recipes.PACKAGED)
AUDIO, STREAM = RECIPES.audio["aac"], RECIPES.stream["cmaf"]
TOOL = Ffmpeg(FFMPEG, FFPROBE)


def planned(info: MediaInfo) -> tuple[PlannedRendition, ...]:
    assert info.video is not None
    return ladder(info.video, [RECIPES.rungs[name] for name in RECIPES.profiles["default"].rungs])


def ours(scratch: Path) -> None:
    """What the stages do between store and store: probe, loudness, encode, measure; then package. Prints the CPU
    seconds of each, this interpreter's start and imports among them."""
    info = TOOL.probe(scratch / line.SOURCE)
    plans = planned(info)
    videos, sounds = TOOL.encode(
        scratch / line.SOURCE, info, plans, info.audio, audio=AUDIO, stream=STREAM, scratch=scratch,
        progress=lambda _: None,
    )  # fmt: skip
    encoded = cpu()
    inputs = [
        PackagingInput(v.path, "video", p.rung.name, "", "", default=False) for p, v in zip(plans, videos, strict=True)
    ]
    inputs += [PackagingInput(sounds[0].path, "audio", "audio", "Audio", "und", default=True)]
    ShakaPackager(PACKAGER).package(inputs, segment_seconds=STREAM.segment_seconds, scratch=scratch)
    print(json.dumps({"encode": encoded, "package": cpu() - encoded}))


def run_ours(clip: Path, work: Path, packaging: list[float]) -> Cost:
    """The encode; what the packaging took goes to `packaging`."""
    with placed(clip, work) as scratch:
        cost, said = measured([sys.executable, __file__, "--ours", scratch], Path(scratch))
    told = json.loads(said)
    packaging.append(told["package"])
    cost.cpu = told["encode"]
    return cost


def command(
    info: MediaInfo, plans: Sequence[PlannedRendition], tracks: Sequence[tuple[AudioStream, Gain]]
) -> list[str]:
    return encoding.encode(FFMPEG, info, plans, tracks, audio=AUDIO, stream=STREAM, passages=(), threads=TOOL.threads)


def run_bare(clip: Path, work: Path, info: MediaInfo, gain: Gain) -> Cost:
    """The very command that we run, by itself."""
    with placed(clip, work) as scratch:
        tracks = [(info.audio[0], gain)]
        argv = command(info, planned(info), tracks)
        return measured(["env", "-C", scratch, *argv], Path(scratch))[0]


def run_separate(clip: Path, work: Path, info: MediaInfo, gain: Gain) -> Cost:
    """A process a rung, each with its own decode, and one for the sound."""
    with placed(clip, work) as scratch:
        wholes = [
            *(command(info, [plan], []) for plan in planned(info)),
            command(info, [], [(info.audio[0], gain)]),
        ]
        costs = [measured(["env", "-C", scratch, *argv], Path(scratch))[0] for argv in wholes]
    return Cost(sum(c.wall for c in costs), sum(c.cpu for c in costs))


def run_streamer(clip: Path, work: Path, info: MediaInfo, environment: Path) -> Cost:
    """shaka-streamer as it comes, but for our ffmpeg and our preset (its own is fixed to `slow`)."""
    plans = planned(info)
    with placed(clip, work) as scratch:
        files = {
            "input": {"inputs": [
                {"name": str(clip), "media_type": kind, **more}
                for kind, more in (("video", {}), ("audio", {"language": "en"}))
            ]},
            "pipeline": {
                "streaming_mode": "vod", "resolutions": [p.rung.name for p in plans], "channel_layouts": ["stereo"],
                "audio_codecs": ["aac"], "video_codecs": ["h264"], "manifest_format": ["dash", "hls"],
                "segment_size": STREAM.gop_seconds, "segment_per_file": False, "quiet": True,
            },
            "bitrate": {
                "video_resolutions": {
                    p.rung.name: {
                        "max_width": p.width, "max_height": p.height, "bitrates": {"h264": str(p.rung.max_bitrate)},
                    }
                    for p in plans
                },
                "audio_channel_layouts": {
                    "stereo": {"max_channels": 2, "bitrates": {"aac": f"{AUDIO.bitrate // 1000}k"}}
                },
            },
        }  # fmt: skip
        argv = [str(environment / "bin" / "shaka-streamer"), "--use-system-binaries", "--skip-deps-check"]
        for name, content in files.items():
            path = Path(scratch) / f"{name}.yaml"
            path.write_text(yaml.safe_dump(content))
            argv += [f"-{name[0]}", str(path)]
        programs = f"{environment / 'programs'}:/usr/bin:/bin"
        cost, _ = measured([*argv, "-o", f"{scratch}/out"], Path(scratch), {"PATH": programs, "HOME": scratch})
        made = (Path(scratch) / "out" / "dash.mpd").read_text().count("<Representation")
        assert made == len(plans) + 1, f"shaka-streamer made {made} representations"
        return cost


def streamer(folder: Path, preset: str) -> Path:
    """An environment with shaka-streamer, and our programs where it looks for them."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", STREAMER]
    subprocess.run(pip, check=True)
    programs = folder / "programs"
    programs.mkdir()
    (programs / "ffprobe").symlink_to(FFPROBE)
    (programs / "packager").symlink_to(PACKAGER)
    wrapper = programs / "ffmpeg"
    wrapper.write_text(f'#!/bin/bash\nexec "{FFMPEG}" -nostdin "${{@/#slow/{preset}}}"\n')
    wrapper.chmod(0o755)
    return folder


class placed(tempfile.TemporaryDirectory):  # type: ignore[type-arg]  # noqa: N801
    """A scratch directory with the clip at the name that our command lines use."""

    def __init__(self, clip: Path, work: Path) -> None:
        super().__init__(dir=work)
        (Path(self.name) / line.SOURCE).symlink_to(clip)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--clip", type=Path)
    options.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.ours:
        ours(chosen.ours)
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        clip = (chosen.clip or make_clip(work / "clip.mp4", chosen.seconds)).resolve()
        with placed(clip, work) as scratch:
            info = TOOL.probe(Path(scratch) / line.SOURCE)
        plans, gain, packaging = planned(info), Gain(3.0, -1.7), list[float]()
        environment = streamer(work / "streamer", plans[0].rung.preset)
        runs = {
            "one bare ffmpeg": partial(run_bare, clip, work, info, gain),
            "ours": partial(run_ours, clip, work, packaging),
            "a process a rung": partial(run_separate, clip, work, info, gain),
            "shaka-streamer": partial(run_streamer, clip, work, info, environment),
        }
        costs = rounds(chosen.rounds, runs)
    mine = median(costs["ours"], "cpu")
    packaged = mine + sorted(packaging)[len(packaging) // 2]
    rows = [
        ["one bare ffmpeg, the same command", *ratio(mine, median(costs["one bare ffmpeg"], "cpu")), "≤ 1.05"],
        ["a process a rung", *ratio(mine, median(costs["a process a rung"], "cpu")), ""],
        [f"{STREAMER}, encode and package", *ratio(packaged, median(costs["shaka-streamer"], "cpu")), ""],
    ]
    print(
        where(f"{info.duration_seconds:.0f} s of {clip_size(info)}", f"{len(plans)} rungs", f"{chosen.rounds} rounds")
    )
    print(table(["CPU beside", "theirs", "ours", "ours / theirs", "goal"], rows))


def ratio(mine: float, theirs: float) -> list[str]:
    return [f"{theirs:.1f} s", f"{mine:.1f} s", f"{mine / theirs:.3f}"]


def clip_size(info: MediaInfo) -> str:
    assert info.video is not None
    return f"{info.video.display_width}×{info.video.display_height}"


if __name__ == "__main__":
    main()
