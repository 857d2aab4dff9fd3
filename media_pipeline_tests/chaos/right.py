"""A small world in which everything is as promised, over fakes: for tests that make one thing of it wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from media_pipeline.application.outputs import Shelf
from media_pipeline.domain import keys
from media_pipeline.domain.job import Job, JobState, TaskState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.run import Run, RunState
from media_pipeline.infrastructure.results import ManifestJson
from media_pipeline_tests import builders as a
from media_pipeline_tests.chaos.judge import Sent, Stores
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryHistory, MemoryStore

UPLOAD = a.upload()
MASTER, VIDEO, RESULT, WORDS = (
    keys.version_prefix(UPLOAD.media_id, UPLOAD.version) + name
    for name in ("stream/b2/master.m3u8", "stream/b2/video.m3u8", "results/source.json", "subtitles/d4/words.json")
)
TASKS = ("source", "stream", "publication")
RUN = Run("r1", "r1", UPLOAD.version, RunState.SUCCEEDED, False, a.NOW, a.NOW)


def manifest(**changes: Any) -> Manifest:
    of = Manifest(
        "1.0", UPLOAD.media_id, UPLOAD.version, 1, "video", 10.0, 1280, 720, "25",
        f"{UPLOAD.version}/stream/b2/master.m3u8", None, None, (), (), None, None, None, (), (), (), (), (), (), (),
    )  # fmt: skip
    return replace(of, **changes)


@dataclass
class Right:
    """One upload, ready, of which all stores say the same."""

    store: MemoryStore = field(default_factory=MemoryStore)
    catalogue: MemoryCatalogue = field(default_factory=MemoryCatalogue)
    history: MemoryHistory = field(default_factory=MemoryHistory)
    sent: dict[str, Sent] = field(default_factory=lambda: {UPLOAD.key: Sent(UPLOAD.etag, fit=True)})

    def __post_init__(self) -> None:
        self.catalogue.register(UPLOAD, title="clip", tenant="t", profile="fast", tasks=TASKS, at=a.NOW)
        self.catalogue.restart(
            UPLOAD.media_id, UPLOAD.version, run_id=RUN.run_id, profile="fast", tasks=TASKS, at=a.NOW
        )
        for name in TASKS:
            self.tell(name, TaskState.DONE)
        self.catalogue.published(UPLOAD.media_id, UPLOAD.version, 1)
        self.end(JobState.READY)
        self.history.told = {UPLOAD.media_id: [RUN]}
        self.history.assets = {RUN.run_id: set(TASKS)}
        self.write(MASTER, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo.m3u8\n")
        self.write(VIDEO, "#EXTM3U\n")
        self.write(RESULT, f'{{"words": "{WORDS}"}}')
        self.write(WORDS, "[]")
        self.publish(manifest())

    @property
    def job(self) -> Job:
        return self.catalogue.job(UPLOAD.media_id)

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.store, "media")

    @property
    def stores(self) -> Stores:
        return Stores(self.shelf, self.catalogue, self.history)

    def tell(self, name: str, state: TaskState) -> None:
        self.catalogue.task(UPLOAD.media_id, UPLOAD.version, name, state, at=a.NOW)

    def end(self, state: JobState) -> None:
        assert self.catalogue.move(UPLOAD.media_id, UPLOAD.version, state, at=a.NOW)

    def ended_otherwise(self, state: JobState) -> None:
        """Taken up once more, which came to another end."""
        for to in (JobState.QUEUED, JobState.PROCESSING, state):
            self.end(to)

    def rerun(self, changes: Mapping[str, Any]) -> None:
        self.history.told = {UPLOAD.media_id: [replace(RUN, **changes)]}

    def write(self, key: str, text: str) -> None:
        self.store.write("media", key, text.encode(), content_type="text/plain")

    def publish(self, shown: Manifest) -> None:
        self.write(keys.manifest(UPLOAD.media_id), ManifestJson().dump(shown).decode())

    def newer(self, key: str, than: str) -> tuple[bytes, str] | None:
        """As World.newer."""
        objects = {o.key: o.etag for o in self.store.list("media")}
        return None if objects.get(key) in {None, than} else self.store.read("media", key)
