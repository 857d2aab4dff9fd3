from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from media_pipeline.application.heed import look
from media_pipeline.application.inbox import Inbox
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.publish import publish, published, take_back
from media_pipeline.application.register import arrived, register
from media_pipeline.application.remove import remove
from media_pipeline.application.status import shown
from media_pipeline.application.task import Report, tracked
from media_pipeline.application.withdraw import withdraw
from media_pipeline.domain import keys
from media_pipeline.domain.errors import BadMedia, Cancelled, ClosingCode, Missing, RejectionCode, Superseded
from media_pipeline.domain.job import ERASED, OPEN, SOURCE_DELETED, SUPERSEDED, Job, JobState, TaskState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.results import Thumbnails
from media_pipeline.domain.upload import StoredObject, Upload
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.results import JsonResults, ManifestJson
from media_pipeline_tests import builders as a
from media_pipeline_tests.domain.test_playlists import MASTER, MPD
from media_pipeline_tests.fake_uploads import MemoryUploads
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryEngine, MemoryStore

RECIPES = recipes.load()
PROFILE = RECIPES.profiles["default"]
KEY = "Jane Doe/passport.mp4"


class World:
    """A bucket people upload to, and what is made of it, over fakes."""

    def __init__(self) -> None:
        self.store, self.catalogue, self.engine = MemoryStore(), MemoryCatalogue(), MemoryEngine()
        self.uploads = MemoryUploads()
        self.shelf = Shelf(self.store, "media")
        self.results = JsonResults(self.store, "media")

    def uploaded(self, data: bytes = b"A") -> StoredObject:
        self.store.write("uploads", KEY, data, content_type="video/mp4")
        return self.store.head("uploads", KEY)

    def deleted(self) -> None:
        self.store.delete("uploads", [KEY])

    def seen(self, hint: StoredObject) -> Job | None:
        found: list[Job] = []

        def register(obj: StoredObject) -> None:
            job = arrived(obj, profile=PROFILE, catalogue=self.catalogue, engine=self.engine, now=a.NOW)
            found.append(job)

        look(hint.key, Inbox("uploads"), store=self.store, register=register, withdraw=lambda _: None)
        return found[0] if found else None

    def arrives(self, data: bytes = b"A") -> Job:
        job = self.seen(self.uploaded(data))
        assert job is not None
        return job

    def made(self, job: Job) -> None:
        """Picture and sound of a version, as its run leaves them."""
        of = upload(job)
        self.catalogue.move(job.media_id, job.version, JobState.PROCESSING, at=a.NOW)
        at = f"{keys.version_prefix(job.media_id, job.version)}stream/b2"
        for name, text in (("master.m3u8", MASTER), ("manifest.mpd", MPD)):
            self.store.write("media", f"{at}/{name}", text.encode(), content_type="text/plain")
        stream = replace(a.stream(), hls=f"{at}/master.m3u8", dash=f"{at}/manifest.mpd")
        for asset, value in (("source", a.source(of)), ("transcodes/720p", a.rendition()), ("stream", stream)):
            self.results.save(of, asset, value)

    def publish(self, job: Job, *, complete: bool = True) -> Manifest:
        manifest = publish(
            upload(job), recipes=RECIPES, results=self.results, shelf=self.shelf, catalogue=self.catalogue,
            codec=ManifestJson(), now=lambda: a.NOW, complete=complete,
        )  # fmt: skip
        assert isinstance(manifest, Manifest)
        return manifest

    def ready(self, data: bytes = b"A") -> Job:
        job = self.arrives(data)
        self.made(job)
        self.publish(job)
        return self.job(job)

    def withdraw(self, job: Job) -> bool:
        return withdraw(
            job.media_id, store=self.store, shelf=self.shelf, catalogue=self.catalogue, engine=self.engine,
            codec=ManifestJson(), now=a.NOW,
        )  # fmt: skip

    def take_back(self, of: Upload) -> None:
        take_back(of, shelf=self.shelf, catalogue=self.catalogue, codec=ManifestJson())

    def job(self, of: Job) -> Job:
        return self.catalogue.job(of.media_id, of.version)

    def out(self, job: Job) -> Manifest | None:
        return published(job.media_id, shelf=self.shelf, codec=ManifestJson())

    def shown(self, job: Job) -> tuple[str, str] | None:
        found = shown(self.catalogue.versions(job.media_id))
        return (found["version"], found["standing"]) if found else None

    @property
    def outputs(self) -> list[str]:
        return [o.key for o in self.store.list("media")]


def upload(job: Job) -> Upload:
    return Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)


def thumbnails(job: Job) -> Thumbnails:
    at = f"{keys.version_prefix(job.media_id, job.version)}thumbnails/c3"
    return Thumbnails(f"{at}/p.jpg", 2.0, f"{at}/s.vtt", (f"{at}/s.jpg",), 5, f"{at}/p.webp", a.MADE)


@pytest.fixture
def world() -> World:
    return World()


def test_the_same_object_seen_again_is_no_work(world: World) -> None:
    first = world.ready()
    assert world.seen(world.store.head("uploads", KEY)) == first
    assert world.catalogue.versions(first.media_id) == [first]


def test_the_store_decides_what_has_arrived_and_not_who_says_so(world: World) -> None:
    stale = world.uploaded(b"A")
    newer = world.arrives(b"B")
    assert world.seen(stale) == newer
    world.deleted()
    assert world.seen(stale) is None


def test_a_newer_version_ends_the_run_of_the_older(world: World) -> None:
    old = world.arrives(b"A")
    world.catalogue.move(old.media_id, old.version, JobState.PROCESSING, at=a.NOW)
    world.arrives(b"B")
    assert world.engine.stopped == [(old.media_id, old.version)]
    assert (world.job(old).state, world.job(old).failure) == (JobState.CANCELLED, SUPERSEDED)


def test_a_late_run_of_an_older_version_neither_begins_nor_publishes(world: World) -> None:
    old = world.ready(b"A")
    world.made(world.arrives(b"B"))
    with pytest.raises(Superseded), _step(world, old):
        pytest.fail("it begins")
    with pytest.raises(Superseded):
        world.publish(old)
    assert world.out(old) is not None


def test_a_step_of_a_version_that_is_replaced_meanwhile_stops_at_its_next_progress(world: World) -> None:
    old = world.arrives(b"A")
    world.catalogue.move(old.media_id, old.version, JobState.PROCESSING, at=a.NOW)
    with pytest.raises(Cancelled, match=r"newer version"), _step(world, old) as report:
        world.arrives(b"B")
        report.progress(0.5)


def test_a_manifest_that_a_newer_version_wrote_is_never_replaced_by_an_older(world: World) -> None:
    """The older one finds itself current, then the newer is registered and published, then the older writes."""
    old = world.ready(b"A")
    real = world.results.load

    def load(of: Upload, asset: str, kind: type) -> object:
        if asset == "source" and of.version == old.version:
            world.results.load = real  # type: ignore[method-assign]
            world.made(new := world.arrives(b"B"))
            world.publish(new)
        return real(of, asset, kind)

    world.results.save(upload(old), "thumbnails", thumbnails(old))
    world.results.load = load  # type: ignore[method-assign, assignment]
    with pytest.raises(Superseded):
        world.publish(old)
    out = world.out(old)
    assert out is not None
    assert out.version == world.catalogue.job(old.media_id).version != old.version


def test_a_newer_version_that_is_refused_leaves_the_older_published(world: World) -> None:
    old = world.ready(b"A")
    assert world.shown(old) == (old.version, "current")
    bad = world.arrives(b"no video")
    assert world.shown(old) == (old.version, "superseded")
    with pytest.raises(BadMedia), _step(world, bad):
        raise BadMedia(RejectionCode.NOT_MEDIA, "This is no video.")
    assert world.catalogue.job(old.media_id).state is JobState.REJECTED
    assert world.shown(old) == (old.version, "superseded-invalid")
    out = world.out(old)
    assert out is not None
    assert out.version == old.version
    assert all(world.store.head("media", f"{old.media_id}/{name}") for name in (out.hls, out.dash))


def test_what_is_refused_after_all_is_not_out_even_if_its_publication_was_cut_short(world: World) -> None:
    job = world.arrives(b"A")
    world.made(job)
    told = world.catalogue.published

    def killed(*_: object) -> None:
        world.catalogue.published = told  # type: ignore[method-assign]
        raise KeyboardInterrupt

    world.catalogue.published = killed  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        world.publish(job)
    assert world.out(job) is not None
    with pytest.raises(BadMedia), _step(world, job):
        raise BadMedia(RejectionCode.TRUNCATED, "The file ends too early.")
    assert world.job(job).state is JobState.REJECTED
    assert world.out(job) is None
    assert world.outputs == []


def test_old_bytes_that_are_back_are_made_current_and_published_again(world: World) -> None:
    """The fake store gives every write an ETag of its own: this is S3's, where equal bytes have an equal one."""
    old = world.ready(b"A")
    kept = world.store.objects["uploads", KEY]
    middle = world.ready(b"B")
    world.store.objects["uploads", KEY] = kept
    back = world.seen(kept.described)
    assert back is not None
    assert back.etag == old.etag
    world.made(back)
    assert world.publish(back).revision == 3
    assert world.shown(back) == (back.version, "current")
    assert world.job(middle).state is JobState.READY


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.REMOVED])
def test_a_deleted_source_takes_everything_along_whatever_was_done(world: World, state: JobState) -> None:
    job = world.arrives()
    if state in {JobState.PLAYABLE, JobState.READY}:
        world.made(job)
        world.publish(job, complete=state is JobState.READY)
    elif state is not JobState.QUEUED:
        world.catalogue.move(job.media_id, job.version, state, at=a.NOW)
    assert world.job(job).state is state
    world.deleted()
    assert world.withdraw(job)
    after = world.job(job)
    assert (after.state, after.failure, after.revision) == (JobState.REMOVED, SOURCE_DELETED, 0)
    assert OPEN.isdisjoint(t.state for t in after.tasks)
    assert world.outputs == []
    assert (job.media_id, job.version) in world.engine.stopped
    assert world.withdraw(job)
    assert world.job(job) == after


def test_a_source_that_is_there_after_all_keeps_its_outputs(world: World) -> None:
    job = world.ready()
    before = world.outputs
    assert not world.withdraw(job)
    assert (world.job(job), world.outputs) == (job, before)


def test_nothing_is_withdrawn_of_what_nobody_knows(world: World) -> None:
    with pytest.raises(Missing):
        withdraw(
            "nobody", store=world.store, shelf=world.shelf, catalogue=world.catalogue, engine=world.engine,
            codec=ManifestJson(), now=a.NOW,
        )  # fmt: skip


def test_an_upload_that_arrives_while_its_predecessor_is_withdrawn_is_left_alone(world: World) -> None:
    old = world.ready(b"A")
    world.deleted()
    cancel = world.engine.cancel

    def arriving(media_id: str, version: str) -> None:
        world.engine.cancel = cancel  # type: ignore[method-assign]
        world.ready(b"B")

    world.engine.cancel = arriving  # type: ignore[method-assign]
    assert world.withdraw(old)
    new = world.catalogue.job(old.media_id)
    assert (new.state, world.job(old).state) == (JobState.READY, JobState.REMOVED)
    out = world.out(old)
    assert out is not None
    assert out.version == new.version
    assert all(world.store.head("media", f"{new.media_id}/{name}") for name in (out.hls, out.dash))


def test_a_file_that_is_back_is_a_new_upload(world: World) -> None:
    old = world.ready()
    kept = world.store.objects["uploads", KEY]
    world.deleted()
    world.withdraw(old)
    world.store.objects["uploads", KEY] = kept
    back = world.seen(kept.described)
    assert back is not None
    assert (back.state, back.version != old.version) == (JobState.QUEUED, True)
    world.made(back)
    assert world.publish(back).revision == 1


def test_a_run_that_ends_late_leaves_nothing_of_a_removed_media(world: World) -> None:
    job = world.arrives()
    world.catalogue.move(job.media_id, job.version, JobState.PROCESSING, at=a.NOW)
    with _step(world, job) as report:
        world.deleted()
        world.withdraw(job)
        world.made(job)
        report.answer("source", a.source(upload(job)))
    assert world.outputs == []
    with pytest.raises(Cancelled, match="deleted"), _step(world, job):
        pytest.fail("it begins")


@pytest.mark.parametrize("published_before", [True, False])
def test_a_publication_under_way_while_its_media_is_removed_takes_itself_back(
    world: World, published_before: bool
) -> None:
    job = world.arrives()
    world.made(job)
    if published_before:
        world.publish(job, complete=False)
        world.results.save(upload(job), "thumbnails", thumbnails(job))
    write = world.store.write

    def removed_first(bucket: str, key: str, data: bytes, **options: object) -> str:
        world.store.write = write  # type: ignore[method-assign]
        world.deleted()
        world.withdraw(job)
        return write(bucket, key, data, **options)  # type: ignore[arg-type]

    world.store.write = removed_first  # type: ignore[method-assign]
    with pytest.raises(Superseded):
        world.publish(job)
    assert world.out(job) is None
    assert (world.job(job).state, world.job(job).revision) == (JobState.REMOVED, 0)


def test_an_erasure_leaves_a_receipt_and_a_tombstone_and_nothing_else(world: World) -> None:
    old, new = world.ready(b"A"), world.ready(b"B")
    made = [o for o in world.store.list("media") if o.key.startswith(f"{new.media_id}/")]
    world.engine.launch(new.media_id, new.version, assets=None, tags={})
    receipt = _erase(world, new)
    assert (receipt.versions, receipt.objects, receipt.bytes) == (2, len(made), sum(o.size for o in made))
    assert (receipt.runs, receipt.source_deleted, receipt.erased_at) == (1, False, a.NOW)
    assert world.outputs == []
    assert world.engine.forgotten == [new.media_id]
    told = repr((receipt, world.catalogue.versions(new.media_id)))
    assert "Jane" not in told.replace(new.media_id, "")
    assert world.seen(world.store.head("uploads", KEY)) == world.job(new)
    assert world.job(old).failure == world.job(new).failure == ERASED
    assert _erase(world, new) == receipt
    assert not world.withdraw(new)


def test_an_erasure_may_take_the_source_along(world: World) -> None:
    job = world.ready()
    assert _erase(world, job, with_source=True).source_deleted
    assert list(world.store.list("uploads")) == []


def test_other_bytes_after_an_erasure_are_a_new_upload(world: World) -> None:
    erased = world.ready(b"A")
    _erase(world, erased)
    new = world.ready(b"B")
    assert (new.state, new.title) == (JobState.READY, "passport.mp4")
    assert _erase(world, new).versions == 2


def test_what_is_withdrawn_or_refused_can_be_erased(world: World) -> None:
    job = world.ready()
    world.deleted()
    world.withdraw(job)
    assert _erase(world, job).objects == 0
    assert world.job(job).failure == ERASED


def test_what_was_announced_of_an_erased_media_is_erased_too(world: World) -> None:
    job = world.arrives()
    kept = world.uploads.open(a.session("other"))
    world.uploads.open(a.session(key=KEY, idempotency_key="once"))
    _erase(world, job)
    assert world.uploads.of_object("uploads", KEY) is None
    assert world.uploads.get("other") == kept


def test_nobody_is_erased_who_is_not_there(world: World) -> None:
    with pytest.raises(Missing):
        remove(
            "nobody", store=world.store, shelf=world.shelf, catalogue=world.catalogue, uploads=world.uploads,
            engine=world.engine, now=a.NOW,
        )  # fmt: skip


def test_an_unfinished_step_of_an_erased_media_says_why_it_stops(world: World) -> None:
    job = world.arrives()
    world.catalogue.move(job.media_id, job.version, JobState.PROCESSING, at=a.NOW)
    with pytest.raises(Cancelled, match="erased"), _step(world, job) as report:
        _erase(world, job)
        report.progress(0.5)
    assert world.job(job).task("source").state is TaskState.SKIPPED


def test_registering_a_file_that_had_gone_before_its_run_is_a_new_try(world: World) -> None:
    job = world.arrives()
    with pytest.raises(BadMedia), _step(world, job):
        raise BadMedia(RejectionCode.SOURCE_GONE, "The file is no longer there.")
    again = register(world.store.head("uploads", KEY), profile=PROFILE, catalogue=world.catalogue, now=a.NOW)
    assert (again.state, again.version != job.version) == (JobState.QUEUED, True)


def test_a_closing_code_is_told_with_its_sentence() -> None:
    assert {f.code for f in (SUPERSEDED, SOURCE_DELETED, ERASED)} == set(ClosingCode)


def _step(world: World, job: Job) -> AbstractContextManager[Report]:
    return tracked(
        upload(job), ["source"], catalogue=world.catalogue, take_back=world.take_back, now=lambda: a.NOW, run_id="run-1"
    )


def _erase(world: World, job: Job, *, with_source: bool = False) -> Receipt:
    return remove(
        job.media_id, with_source=with_source, store=world.store, shelf=world.shelf, catalogue=world.catalogue,
        uploads=world.uploads, engine=world.engine, now=a.NOW,
    )  # fmt: skip
