"""Whole runs of the graph, with one part broken on purpose."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from media_pipeline.application.publish import published
from media_pipeline.application.register import register
from media_pipeline.application.settle import settle
from media_pipeline.cli.subtitles import put
from media_pipeline.definitions import build
from media_pipeline.defs.partitions import tags, uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import Job, JobState, TaskState
from media_pipeline.domain.profile import SpeechModel
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline.infrastructure.settings import FILES
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.fake_models import ScriptedRecogniser
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

pytestmark = pytest.mark.slow


class Mute:
    """A Recogniser that is out of order."""

    build = "mute 1"
    asked = 0

    def transcribe(self, pcm: Path, *, model: SpeechModel, language: str | None, progress: object) -> None:
        self.asked += 1
        raise Unavailable(QuarantineCode.INTERNAL, "The recogniser is out of order.")


class Jammed:
    """A Packager that is out of order."""

    build = "jammed 1"

    def package(self, *_: object, **__: object) -> None:
        raise Unavailable(QuarantineCode.TOOL_CRASH, "The packager is out of order.")


def run(here: Platform, clip: Path, instance: dg.DagsterInstance, *assets: str) -> tuple[Job, bool]:
    """Process a file as the daemon would; the job afterwards, and whether the run succeeded."""
    obj = here.store.head(FILES, str(clip).lstrip("/"))
    job = register(obj, profile=here.recipes.profiles["fast"], catalogue=here.catalogue, now=here.now())
    instance.add_dynamic_partitions(str(uploads.name), [job.media_id])
    result = (
        build(here)
        .resolve_job_def("process_upload")
        .execute_in_process(
            instance=instance,
            partition_key=job.media_id,
            raise_on_error=False,
            asset_selection=[dg.AssetKey(name.split("/")) for name in assets] or None,
            tags=tags(job.key, version=job.version, profile="fast"),
        )
    )
    settle(job.media_id, job.version, catalogue=here.catalogue, code=QuarantineCode.INTERNAL, now=here.now())
    return here.catalogue.job(job.media_id), result.success


def test_a_failing_extra_leaves_the_media_playable_and_is_redone_alone(tmp_path: Path) -> None:
    whole = platform(tmp_path)
    mute = Mute()
    broken = replace(whole, recogniser=mute)
    clip = media.clip(tmp_path / "clip.mp4", 3)
    with new_instance() as instance:
        job, success = run(broken, clip, instance)
        assert not success
        assert job.state is JobState.PLAYABLE
        assert mute.asked == 3  # the first time and two retries
        assert job.task("subtitles").state is TaskState.FAILED
        assert job.task("subtitles").reason == "The recogniser is out of order."
        assert job.task("thumbnails").state is job.task("ai_tags").state is TaskState.DONE
        manifest = published(job.media_id, shelf=whole.shelf, codec=whole.manifest_codec)
        assert manifest is not None
        assert manifest.poster is not None
        before = [r.name for r in manifest.renditions]

        job, success = run(whole, clip, instance, "subtitles", "publication")
        assert success
        assert job.state is JobState.READY
        assert [r.name for r in manifest.renditions] == before


SRT = "1\n00:00:00,500 --> 00:00:02,000\nFrom the file.\n"
EDIT = "WEBVTT\n\n00:00.500 --> 00:02.000\nFrom a person.\n"


def test_text_of_the_file_outlives_a_mute_recogniser_and_a_persons_track_every_run(tmp_path: Path) -> None:
    whole = replace(platform(tmp_path), recogniser=ScriptedRecogniser())
    text, edit, clip = tmp_path / "text.srt", tmp_path / "edit.vtt", tmp_path / "clip.mp4"
    text.write_text(SRT)
    edit.write_text(EDIT)
    sound = ["-f", "lavfi", "-i", "sine=440:d=3,volume='between(t,1,2)':eval=frame"]
    media.make(
        clip, *media.picture(3), *sound, "-i", str(text), *media.h264(), "-c:a", "aac", "-c:s", "mov_text",
        "-metadata:s:s:0", "language=ger",
    )  # fmt: skip

    def tracks(of: Job) -> list[tuple[str, str]]:
        manifest = published(of.media_id, shelf=whole.shelf, codec=whole.manifest_codec)
        assert manifest is not None
        return [(t.language, t.origin) for t in manifest.subtitles]

    with new_instance() as instance:
        job, _ = run(replace(whole, recogniser=Mute()), clip, instance)
        assert job.task("subtitles").state is TaskState.FAILED
        assert tracks(job) == [("de", "embedded")]
        job, success = run(whole, clip, instance, "subtitles", "publication")
        assert success
        assert tracks(job) == [("en", "speech"), ("de", "embedded")]
        put(whole, job, edit, language="en", kind="subtitles")
        assert tracks(job) == [("en", "human"), ("de", "embedded")]
        assert whole.catalogue.job(job.media_id).state is JobState.READY
        job, success = run(whole, clip, instance, "subtitles", "publication")
        assert success
        assert tracks(job) == [("en", "human"), ("de", "embedded")]


def test_what_cannot_be_packaged_is_quarantined_and_publishes_nothing(tmp_path: Path) -> None:
    here = replace(platform(tmp_path), packager=Jammed())  # type: ignore[arg-type]
    with new_instance() as instance:
        job, success = run(here, media.clip(tmp_path / "clip.mp4", 1), instance)
    assert not success
    assert job.state is JobState.QUARANTINED
    assert job.failure is not None
    assert job.failure.code is QuarantineCode.TOOL_CRASH
    assert published(job.media_id, shelf=here.shelf, codec=here.manifest_codec) is None


def test_a_bad_file_is_tried_once(tmp_path: Path) -> None:
    here = platform(tmp_path)
    text = tmp_path / "clip.mp4"
    text.write_text("not a video\n" * 100)
    with new_instance() as instance:
        job, success = run(here, text, instance)
        (record,) = instance.get_run_records()
        retries = [
            e
            for e in instance.all_logs(record.dagster_run.run_id)
            if e.dagster_event and e.dagster_event.is_step_up_for_retry
        ]
    assert not success
    assert job.state is JobState.REJECTED
    assert retries == []


@pytest.mark.parametrize("asset", ["source", "transcodes/720p", "stream"])
def test_a_partition_made_by_hand_fails_at_once_with_a_sentence(tmp_path: Path, asset: str) -> None:
    with new_instance() as instance:
        instance.add_dynamic_partitions(str(uploads.name), ["stray"])
        job = build(platform(tmp_path)).resolve_job_def("process_upload")
        selection = [dg.AssetKey(asset.split("/"))]
        result = job.execute_in_process(
            instance=instance, partition_key="stray", raise_on_error=False, asset_selection=selection
        )
    (failure,) = [e for e in result.all_events if e.is_step_failure or e.is_step_up_for_retry]
    assert failure.is_step_failure
    said = failure.step_failure_data.user_failure_data
    assert said is not None
    assert (said.description or "").startswith("MISSING: ")


def test_one_rung_can_be_remade_alone(tmp_path: Path) -> None:
    here = platform(tmp_path)
    clip = media.clip(tmp_path / "clip.mp4", 3, "640x360")
    with new_instance() as instance:
        first, _ = run(here, clip, instance)
        again, success = run(here, clip, instance, "transcodes/360p-fast")
        materialised = instance.get_latest_materialization_event(dg.AssetKey(["transcodes", "360p-fast"]))
    assert success
    assert first.state is again.state is JobState.READY
    assert materialised is not None


@dataclass(frozen=True)
class Watched(Ffmpeg):
    """A MediaTool that notes how the job stands whenever an encode begins, and breaks down at the second if told to."""

    catalogue: Any = None
    seen: list[Job] = field(default_factory=list)
    breaks: bool = False

    def encode(self, *given: Any, **more: Any) -> Any:
        self.seen.extend(self.catalogue.jobs())
        if self.breaks and len(self.seen) == 2:
            raise Unavailable(QuarantineCode.INTERNAL, "Out of order for a moment.")
        return super().encode(*given, **more)


def standard(to: Path) -> Path:
    """A clip of 6 s that can pass through as 360p."""
    more = ["-g", "50", "-sc_threshold", "0", "-crf", "32", "-color_primaries", "bt709", "-color_trc", "bt709"]
    return media.clip(to, 6, "640x360", *more, "-colorspace", "bt709")


LADDER = {"720p": a.rung(720, preset="ultrafast"), "360p": a.rung(360, preset="ultrafast"),
          "180p": a.rung(180, preset="ultrafast")}  # fmt: skip


DELIVERY = ("source", *(f"transcodes/{name}" for name in LADDER), "audio", "stream", "publication")


def quick(home: Path) -> Platform:
    """A platform whose profile `fast` has a ladder and no extras."""
    here = platform(home)
    extras = {"thumbnails": None, "subtitles": None, "tags": None}
    fast = replace(here.recipes.profiles["fast"], rungs=tuple(LADDER), mp4=True, **extras)  # type: ignore[arg-type]
    return replace(here, recipes=replace(here.recipes, rungs=LADDER, profiles={"fast": fast}))


@pytest.mark.parametrize("breaks", [False, True])
def test_a_standard_source_plays_before_its_ladder_is_encoded(tmp_path: Path, breaks: bool) -> None:
    here = quick(tmp_path)
    programs = here.settings.ffmpeg_path, here.settings.ffprobe_path
    tool = Watched(*programs, catalogue=here.catalogue, breaks=breaks)
    here = replace(here, tool=tool)
    with new_instance() as instance:
        job, success = run(here, standard(tmp_path / "clip.mp4"), instance, *DELIVERY)
        sound, rungs, *again = tool.seen
        assert success
        assert job.state is JobState.READY
        # Before the sound is encoded, what will not be made says so; before the ladder is, the media plays.
        assert sound.task("transcodes/720p").state is TaskState.SKIPPED
        assert sound.state is JobState.PROCESSING
        assert rungs.state is JobState.PLAYABLE
        assert rungs.revision == 1
        assert rungs.task("transcodes/360p").state is TaskState.DONE
        assert rungs.task("transcodes/180p").state is TaskState.RUNNING
        assert [later.revision for later in again] == ([1, 1] if breaks else [])
        manifest = published(job.media_id, shelf=here.shelf, codec=here.manifest_codec)
        assert manifest is not None
        assert manifest.revision == job.revision == 2
        assert [r.name for r in manifest.renditions] == ["360p", "180p"]
        assert [c for c in manifest.checks if not c.passed] == []
        assert any(p.output == "transcodes/360p" and "passed through" in p.tool for p in manifest.provenance)
        assert manifest.mp4 is not None
        mp4 = here.store.url(here.settings.media_bucket, f"{job.media_id}/{manifest.mp4}")
        facts = here.tool.probe(Path(shutil.copy(mp4, tmp_path / "source")))
        assert facts.video is not None
        assert (facts.video.short_side, facts.video.frames, len(facts.audio)) == (360, 150, 1)
        # Redone, nothing less than what is out is ever published.
        job, success = run(here, tmp_path / "clip.mp4", instance, *DELIVERY)
        assert success
        assert {later.revision for later in tool.seen[-2:]} == {2}
