"""Resources: everything the assets need of the outside, built once for a deployment by `local()` or `production()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from media_pipeline.application.inbox import Inbox
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.figures import Figures
from media_pipeline.application.ports.intake import Intake, Receiver
from media_pipeline.application.ports.keys import Keys
from media_pipeline.application.ports.results import Results
from media_pipeline.application.ports.store import Hints, Store
from media_pipeline.application.ports.tools import Eye, MediaTool, Packager, Recogniser
from media_pipeline.application.ports.uploads import Uploads
from media_pipeline.application.ports.webhooks import Webhooks
from media_pipeline.domain.profile import Profile, Recipes
from media_pipeline.domain.upload import DEFAULT_TENANT, tenant
from media_pipeline.infrastructure import events, recipes, s3, telemetry, tracing
from media_pipeline.infrastructure.api_keys import SqlKeys
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import upgrade
from media_pipeline.infrastructure.disk_intake import DiskIntake
from media_pipeline.infrastructure.ffmpeg.runner import scratch_directory
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline.infrastructure.figures import SqlFigures
from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline.infrastructure.packager import ShakaPackager
from media_pipeline.infrastructure.results import JsonResults, ManifestJson
from media_pipeline.infrastructure.s3_intake import S3Intake, signer
from media_pipeline.infrastructure.sandbox.proof import in_force
from media_pipeline.infrastructure.settings import FILES, Settings
from media_pipeline.infrastructure.settings import from_environment as read_settings
from media_pipeline.infrastructure.signing_key import of_settings
from media_pipeline.infrastructure.speech import Recognisers
from media_pipeline.infrastructure.uploads import SqlUploads
from media_pipeline.infrastructure.vision import OnnxEye
from media_pipeline.infrastructure.webhooks import SqlWebhooks

_log = telemetry.log("resources")


@dataclass(frozen=True)
class Platform:
    """The one resource of every asset: its ports, and the recipes."""

    settings: Settings
    recipes: Recipes
    store: Store
    inbox: Inbox
    hints: Hints | None
    catalogue: Catalogue
    figures: Figures
    keys: Keys
    uploads: Uploads
    intake: Intake
    receiver: Receiver | None
    """None where the store takes bytes itself"""
    webhooks: Webhooks
    tool: MediaTool
    packager: Packager
    recogniser: Recogniser
    eye: Eye

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.store, self.settings.media_bucket)

    @property
    def results(self) -> Results:
        return JsonResults(self.store, self.settings.media_bucket)

    @property
    def manifest_codec(self) -> ManifestJson:
        return ManifestJson()

    @property
    def profile(self) -> Profile:
        """of uploads that name none"""
        return self.recipes.profiles[self.settings.profile]

    def tenant(self, key: str) -> str:
        """Who an upload of this key belongs to."""
        return tenant(key) if self.settings.tenancy else DEFAULT_TENANT

    def folder(self, tenant: str) -> str:
        """What the keys of a tenant's uploads begin with, so that they are its own, and found."""
        return f"{tenant}/" if self.settings.tenancy else self.inbox.prefixes[0]

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        with scratch_directory(self.settings.scratch_dir, name) as path:
            yield path

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)


def prepare(settings: Settings) -> None:
    """Bring the catalogue's tables up to date. The command line does so at every start; steps never do."""
    settings.home.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)


def local(settings: Settings) -> Platform:
    """Directories and SQLite below the home directory; on a new machine they are made."""
    if settings.database is None and not settings.catalogue_file.exists():
        prepare(settings)  # safe for any number of processes at once
    for directory in (settings.inbox, settings.media_dir, settings.dagster_home):
        directory.mkdir(parents=True, exist_ok=True)
    roots = {settings.uploads_bucket: settings.inbox, settings.media_bucket: settings.media_dir, FILES: Path("/")}
    store = LocalDisk(roots)
    inbox = _inbox(settings, settle_seconds=30.0, list_every_seconds=0.0)
    intake = DiskIntake(settings.receiving, store, secret=lambda: of_settings(settings))
    return _platform(settings, store, intake, inbox, _hints(settings, store))


def production(settings: Settings) -> Platform:
    """S3 by the usual AWS chain of credentials, and the database given. Raises ValueError where the sandbox is weak."""
    sandbox = in_force(settings.sandbox)
    if sandbox.weak and not settings.allow_weak_sandbox:
        raise ValueError(
            f"MEDIA_PIPELINE_SANDBOX: only limits would hold ({'; '.join(sandbox.passed_over) or 'as asked'}), too "
            "little for files of strangers. Install bubblewrap or use Linux with Landlock, or set "
            "MEDIA_PIPELINE_ALLOW_WEAK_SANDBOX=true."
        )
    client = s3.client(
        settings.s3_endpoint, settings.s3_region, connect_seconds=settings.s3_connect_seconds,
        read_seconds=settings.s3_read_seconds, attempts=settings.s3_attempts,
    )  # fmt: skip
    public = signer(settings.s3_public_endpoint or settings.s3_endpoint, settings.s3_region)
    store = s3.S3Store(client, public)
    inbox = _inbox(settings, settle_seconds=0.0, list_every_seconds=900.0 if settings.events_queue else 60.0)
    return _platform(settings, store, S3Intake(client, signer=public), inbox, _hints(settings, store))


BUILDERS = {"local": local, "production": production}


def from_environment() -> Platform:
    """The platform that MEDIA_PIPELINE_* variables describe, and what this process tells of itself. Raises ValueError
    naming the setting at fault."""
    settings = read_settings()
    if settings.json_logs:
        telemetry.to_stderr()
    if settings.traced:
        tracing.start()
    return BUILDERS[settings.resources](settings)


def _inbox(settings: Settings, *, settle_seconds: float, list_every_seconds: float) -> Inbox:
    """As the settings have it, else as given."""
    chosen = settings.settle_seconds, settings.list_every_seconds
    return Inbox(
        bucket=settings.uploads_bucket,
        prefixes=settings.uploads_prefixes,
        shared=settings.uploads_bucket == settings.media_bucket,
        settle_seconds=settle_seconds if chosen[0] is None else chosen[0],
        list_every_seconds=list_every_seconds if chosen[1] is None else chosen[1],
        import_before=settings.import_before,
    )


def _hints(settings: Settings, store: Store) -> Hints | None:
    """None where nobody tells of uploads: they are listed."""
    if settings.events_queue is None:
        return None
    client = events.client(settings.events_endpoint, settings.events_region, wait_seconds=settings.events_wait_seconds)
    dead = settings.events_dead_letters
    return events.SqsHints(
        client,
        settings.events_queue,
        aside=events.into_queue(client, dead) if dead else events.into_bucket(store, settings.media_bucket),
        wait_seconds=settings.events_wait_seconds,
        visibility_seconds=settings.events_visibility_seconds,
    )


def _platform(settings: Settings, store: Store, intake: Intake, inbox: Inbox, hints: Hints | None) -> Platform:
    if in_force(settings.sandbox).weak:
        _log.warning("the sandbox is weak: a hostile file could read what this user can; see media-pipeline doctor")
    known, connections = recipes.load(settings.recipes), Connections(settings.database_url)
    if settings.profile not in known.profiles:
        raise ValueError(f"MEDIA_PIPELINE_PROFILE: {settings.profile!r} is not one of {', '.join(known.profiles)}")
    return Platform(
        settings=settings,
        recipes=known,
        store=store,
        inbox=inbox,
        hints=hints,
        catalogue=SqlCatalogue(connections),
        figures=SqlFigures(connections),
        keys=SqlKeys(connections),
        uploads=SqlUploads(connections),
        intake=intake,
        receiver=intake if isinstance(intake, DiskIntake) else None,
        webhooks=SqlWebhooks(connections),
        tool=Ffmpeg(settings.ffmpeg_path, settings.ffprobe_path, sandbox=settings.sandbox),
        packager=ShakaPackager(settings.packager_path, settings.sandbox),
        recogniser=Recognisers(settings.models_dir, allow_download=settings.allow_model_download),
        eye=OnnxEye(settings.models_dir),
    )
