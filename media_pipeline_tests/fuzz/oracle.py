"""Whether the platform kept its promises for one file, however broken: playable outputs, or one published code and one
sentence; in time, within memory, with nothing left behind."""

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import m3u8
import psutil

from media_pipeline.application.admit import admit
from media_pipeline.application.outputs import opened
from media_pipeline.application.package import package
from media_pipeline.application.thumbnails import thumbnails
from media_pipeline.application.transcode import AUDIO, transcode
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import BadMedia
from media_pipeline.domain.profile import Recipes
from media_pipeline.domain.results import AudioTrack, AudioTracks, NotMade, Rendition, Source
from media_pipeline.domain.upload import Upload, received
from media_pipeline.infrastructure import pictures
from media_pipeline.infrastructure.ffmpeg.answers import progress_seconds
from media_pipeline.infrastructure.sandbox.modes import Mode
from media_pipeline.infrastructure.sandbox.proof import shortcoming
from media_pipeline_tests import builders as a
from media_pipeline_tests.fuzz import corpus
from media_pipeline_tests.platform import platform
from media_pipeline_tests.published import together

MOST_SECONDS = 120
MOST_MEMORY = 2 * 1024**3
"""bytes of one tool; like the time, what is promised for a file under 5 MB"""
_RUNGS = {name: a.rung(side, name, preset="ultrafast") for name, side in (("48p", 48), ("24p", 24))}
_OUR_TAGS = frozenset({
    "major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id", "language", "encoder",
})  # fmt: skip
_NOT_FOR_PEOPLE = re.compile(r"(/\w+){2}|\w+://|0x[0-9a-f]+|[\n\r\t\\{}]|Traceback|Error\b")


class Broken(AssertionError):
    """A promise was not kept."""


@dataclass(frozen=True)
class Oracle:
    """Judges files on one platform below a directory, one after the other."""

    platform: Platform

    @classmethod
    def below(cls, home: Path) -> "Oracle":
        # Whatever bubblewrap starts is not counted as ours: what memory the tools take would not be seen.
        made = platform(home, sandbox="auto" if shortcoming(Mode.LANDLOCK) else "landlock")
        return cls(replace(made, recipes=_small(made.recipes)))

    def judge(self, data: bytes) -> str:
        """`video` or `audio` where it plays, or the code of the refusal. Raises Broken."""
        inbox, before, others = self.platform.settings.inbox, _peak_memory(), set(_children())
        (inbox / "case").write_bytes(data)
        upload = received(self.platform.store.head(self.platform.settings.uploads_bucket, "case"))
        began = time.monotonic()
        try:
            verdict = self._processed(upload)
        finally:
            self.platform.shelf.withdraw(upload)
        seconds, peak = time.monotonic() - began, _peak_memory()
        _expect(seconds <= MOST_SECONDS, f"it took {seconds:.0f} s")
        _expect(peak <= max(before, MOST_MEMORY), f"a tool took {peak / 1e6:.0f} MB")
        left = [p.name for p in self.platform.settings.scratch_dir.iterdir()]
        _expect(not left, f"left in scratch: {left}")
        alive = set(_children()) - others
        _expect(not alive, f"still running: {[p.name() for p in alive]}")
        return verdict

    def _processed(self, upload: Upload) -> str:
        try:
            source = self._made(upload)
        except BadMedia as refused:
            return _code(refused)
        except Broken:
            raise
        except Exception as other:  # whatever it is: that is what is looked for
            raise Broken(f"{type(other).__name__}: {other} {getattr(other, 'detail', '')[-600:]}") from other
        return source.info.kind

    def _made(self, upload: Upload) -> Source:
        p = self.platform
        with p.scratch("source") as scratch:
            source = admit(upload, p.profile, limits=p.settings.limits, store=p.store, tool=p.tool, scratch=scratch)
        with p.scratch("transcodes") as scratch:
            batches = transcode(
                source, [*_RUNGS, AUDIO], recipes=p.recipes, store=p.store, shelf=p.shelf, tool=p.tool,
                scratch=scratch, progress=lambda _: None,
            )  # fmt: skip
            made = together(batches)
        renditions = [r for r in made.renditions.values() if isinstance(r, Rendition)]
        sound = made.audio or NotMade("not asked for")
        for one in renditions:
            self._whole(one.key, "video", one.duration_seconds, frames=one.frames)
        for track in sound.tracks if isinstance(sound, AudioTracks) else ():
            self._whole(track.key, "audio", track.duration_seconds, frames=None)
        self._kept(source, [*renditions, *(sound.tracks if isinstance(sound, AudioTracks) else ())])
        self._playable(source, renditions, sound)
        self._extras(source)
        return source

    def _playable(self, source: Source, renditions: Sequence[Rendition], sound: AudioTracks | NotMade) -> None:
        p = self.platform
        with p.scratch("stream") as scratch:
            stream = package(
                source, renditions, sound, recipes=p.recipes, shelf=p.shelf, packager=p.packager, tool=p.tool,
                scratch=scratch,
            )  # fmt: skip
        master = m3u8.loads(self._file(stream.hls).read_text())
        wanted = len(renditions) or len(sound.tracks if isinstance(sound, AudioTracks) else ())
        _expect(len(master.playlists) == wanted, f"{len(master.playlists)} variants in a playlist")

    def _extras(self, source: Source) -> None:
        """What may be refused on its own, in a fit way."""
        p = self.platform
        for extra in (self._thumbnails, self._look, self._speech):
            with p.scratch("extra") as scratch:
                try:
                    extra(source, scratch)
                except BadMedia as refused:
                    _code(refused)

    def _thumbnails(self, source: Source, scratch: Path) -> None:
        p = self.platform
        thumbnails(
            source, recipes=p.recipes, store=p.store, shelf=p.shelf, tool=p.tool, choose=pictures.best,
            sheet=pictures.sheet, scratch=scratch,
        )  # fmt: skip

    def _look(self, source: Source, scratch: Path) -> None:
        if source.info.video:
            with opened(source.upload, store=self.platform.store, scratch=scratch) as path:
                self.platform.tool.look(
                    path, source.info, every_seconds=1, width=64, scratch=scratch, progress=lambda _: None
                )

    def _speech(self, source: Source, scratch: Path) -> None:
        for track in source.info.speech_tracks:
            with opened(source.upload, store=self.platform.store, scratch=scratch) as path:
                self.platform.tool.speech(path, source.info, track, scratch=scratch)

    def _kept(self, source: Source, outputs: Sequence[Rendition | AudioTrack]) -> None:
        """As much as decodes, and no more than that or than the packets say: the longest output beside a decode."""
        info, settings = source.info, self.platform.settings
        streams = [f"0:{s.index}" for s in (info.video, *info.audio) if s]
        argv = [settings.ffmpeg_path, "-nostdin", "-v", "quiet", "-progress", "-", "-protocol_whitelist", "file,pipe"]
        argv += ["-f", info.demuxer, "-i", str(settings.inbox / "case"), *(w for s in streams for w in ("-map", s))]
        told = subprocess.run([*argv, "-f", "null", "/dev/null"], capture_output=True, text=True, check=False)
        decodes = max((progress_seconds(line) or 0.0 for line in told.stdout.splitlines()), default=0.0)
        longest = max((o.duration_seconds for o in outputs), default=0.0)
        most = max(decodes, info.duration_seconds)
        fit = decodes - max(1.0, 0.02 * decodes) <= longest <= most + max(1.1, 0.02 * most)
        _expect(fit, f"{longest:.1f} s were made of {decodes:.1f} s that decode")

    def _file(self, key: str) -> Path:
        return Path(self.platform.store.url(self.platform.settings.media_bucket, key))

    def _whole(self, key: str, kind: str, duration: float, *, frames: int | None) -> None:
        """An output decodes to the end, is as long as we say, and tells nothing of its source."""
        path = self._file(key)
        _expect(corpus.MARK not in path.read_bytes(), "the source's title is in an output")
        argv = [self.platform.settings.ffprobe_path, "-v", "error", "-count_frames", "-show_format", "-show_streams"]
        told = subprocess.run([*argv, "-of", "json", str(path)], capture_output=True, text=True, check=False)
        _expect(told.returncode == 0 and not told.stderr, f"an output does not decode: {told.stderr[-300:]}")
        facts = json.loads(told.stdout)
        (stream,) = facts["streams"]
        count = int(stream.get("nb_read_frames", 0))
        _expect(stream["codec_type"] == kind and count > 0, f"an output of {count} frames")
        _expect(frames in {None, count}, f"{count} frames in an output of which we say {frames}")
        apart = abs(float(stream["duration"]) - duration)
        _expect(apart <= 0.1, f"an output is {apart:.1f} s off the length we say")
        tags = {*facts["format"].get("tags", {}), *stream.get("tags", {})}
        _expect(tags <= _OUR_TAGS, f"tags in an output: {tags - _OUR_TAGS}")


def _small(recipes: Recipes) -> Recipes:
    """The platform's recipes with a ladder for files of a hand's breadth."""
    profile = replace(recipes.profiles["default"], rungs=tuple(_RUNGS))
    return replace(recipes, rungs=_RUNGS, profiles={"default": profile})


def _code(refused: BadMedia) -> str:
    sentence = refused.message
    fit = len(sentence) < 200 and sentence.endswith(".") and sentence.isprintable()
    _expect(fit and not _NOT_FOR_PEOPLE.search(sentence), f"not a sentence for people: {sentence!r}")
    return refused.code.value


def _peak_memory() -> int:
    """Bytes of the largest of all tools so far (kilobytes on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _expect(kept: bool, otherwise: str) -> None:
    if not kept:
        raise Broken(otherwise)


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)
