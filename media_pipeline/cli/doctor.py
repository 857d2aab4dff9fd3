"""`doctor`: what is in force on this machine, each thing tried rather than assumed."""

import platform as machine
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from media_pipeline.cli.cors import lacking, wanted
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import MediaError, Missing
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.commands.encoding import ENCODERS
from media_pipeline.infrastructure.models import resolve_classifier, resolve_speech
from media_pipeline.infrastructure.sandbox.modes import Choice
from media_pipeline.infrastructure.sandbox.proof import in_force
from media_pipeline.infrastructure.settings import Settings

_OURS = ("dagster", "dagster-webserver", "dagster-aws", "faster-whisper", "onnxruntime", "rapidocr")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    value: str
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(platform: Platform) -> list[Finding]:
    """Everything worth knowing before one trusts a machine with work."""
    return [
        Finding("python", True, f"{machine.python_version()} on {sys.platform} {machine.machine()}"),
        *_tools(platform),
        *_models(platform),
        *_places(platform),
        *_packages(),
    ]


def _tools(platform: Platform) -> Iterator[Finding]:
    settings = platform.settings
    yield _tried("ffmpeg", lambda: platform.tool.build, settings.ffmpeg_path)
    yield _tried("encoders", lambda: _encoders(platform), "GPL: x264 and x265 are called as a program, not linked")
    yield _tried("ffprobe", lambda: _first_line([settings.ffprobe_path, "-version"]), settings.ffprobe_path)
    yield _tried("packager", lambda: platform.packager.build, settings.packager_path)
    yield _sandbox(settings.sandbox)


def _sandbox(choice: Choice) -> Finding:
    found = in_force(choice)
    strength = "weak: limits alone; files of strangers need more" if found.weak else "proven at start"
    return Finding("sandbox", True, str(found.mode), "; ".join([strength, *found.passed_over]))


def _models(platform: Platform) -> Iterator[Finding]:
    where, download = platform.settings.models_dir, platform.settings.allow_model_download
    profile = platform.profile
    if profile.subtitles:
        speech = platform.recipes.speech[profile.subtitles]
        yield _tried(
            f"speech model {speech.weights}",
            lambda: resolve_speech(speech.weights, speech.engine, cache=where, allow_download=download).origin,
            speech.engine,
        )
    if profile.tags:
        vision = platform.recipes.vision[profile.tags]
        yield _tried(
            f"vision model {vision.classifier}",
            lambda: resolve_classifier(vision.classifier, cache=where).origin,
        )


def _places(platform: Platform) -> Iterator[Finding]:
    settings = platform.settings
    settings.scratch_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.scratch_dir).free
    yield Finding("resources", True, settings.resources, f"profile {settings.profile}")
    yield _tried("media store", lambda: _listed(platform, settings.media_bucket))
    yield _tried("inbox", lambda: _listed(platform, settings.uploads_bucket))
    if settings.resources == "production":
        yield _tried("cors", lambda: _cors(settings), "what pages may ask of the buckets: media-pipeline cors")
    if (hints := platform.hints) is not None:
        yield _tried("events queue", lambda: f"{hints.waiting()} message(s) waiting", str(settings.events_queue))
    yield _tried("catalogue", lambda: f"{len(platform.catalogue.jobs(limit=1))} job(s) seen", _without_secret(platform))
    yield Finding("scratch", free > 1e9, f"{free / 1e9:.0f} GB free", str(settings.scratch_dir))
    yield Finding("dagster home", True, str(settings.dagster_home))
    yield Finding("logs", True, "JSON on stderr" if settings.json_logs else str(settings.log_file))
    yield Finding("traces", True, "sent by OTLP" if settings.traced else "off")


def _packages() -> Iterator[Finding]:
    for name in _OURS:
        found = metadata.metadata(name).json
        licence = str(found.get("license_expression") or found.get("license") or "see its metadata").splitlines()[0]
        yield Finding(name, True, metadata.version(name), licence)


def _tried(name: str, look: Callable[[], str], note: str = "") -> Finding:
    try:
        return Finding(name, True, look(), note)
    except (MediaError, runner.ToolFailed, OSError, ImportError) as error:  # an image has only what its work needs
        return Finding(name, False, "—", str(error))


def _encoders(platform: Platform) -> str:
    """What the profiles make use of. Raises OSError that names what is missing."""
    ffmpeg, recipes = platform.settings.ffmpeg_path, platform.recipes
    asked = {rung for profile in recipes.profiles.values() for rung in profile.rungs}
    needed = sorted({ENCODERS[recipes.rungs[name].codec]["c:v"] for name in asked} | {"aac", "libwebp_anim"})
    listed = set(_output([ffmpeg, "-hide_banner", "-encoders"]).split())
    if any(profile.quality for profile in recipes.profiles.values()):
        needed.append("libvmaf")
        listed |= set(_output([ffmpeg, "-hide_banner", "-filters"]).split())
    missing = [name for name in needed if name not in listed]
    if missing:
        raise OSError(f"this ffmpeg lacks {', '.join(missing)}; set MEDIA_PIPELINE_FFMPEG to one that has them")
    return ", ".join(needed)


def _first_line(argv: list[str]) -> str:
    return " ".join(_output(argv).splitlines()[0].split()[:3])


def _output(argv: list[str]) -> str:
    with runner.temporary() as scratch:
        answer = runner.run(argv, scratch=scratch, limits=runner.Limits(wall_seconds=30))
    return answer.stdout.decode("utf-8", "replace")


def _cors(settings: Settings) -> str:
    """Raises Missing that says what to do."""
    if absent := lacking(settings):
        buckets = ", ".join(dict.fromkeys(rule.bucket for rule in absent))
        raise Missing(f"browsers are not let in by {buckets}: run media-pipeline cors")
    return "as the settings have it" if wanted(settings) else "no page is named"


def _listed(platform: Platform, bucket: str) -> str:
    next(iter(platform.store.list(bucket)), None)
    return platform.store.url(bucket, "-").removesuffix("/-")


def _without_secret(platform: Platform) -> str:
    url = platform.settings.database_url
    return url if "@" not in url else url.split("@")[-1]
