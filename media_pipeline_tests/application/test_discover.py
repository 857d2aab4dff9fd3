import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from media_pipeline.application import heed, listing
from media_pipeline.application.discover import Found, discover
from media_pipeline.application.inbox import Inbox, Place
from media_pipeline.application.ports.store import Message, Page
from media_pipeline.application.register import register
from media_pipeline.domain.errors import Missing, QuarantineCode, Unavailable
from media_pipeline.domain.upload import StoredObject, media_id
from media_pipeline.infrastructure import recipes
from media_pipeline_tests.builders import NOW
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryHints, MemoryStore

PROFILE = recipes.load().profiles["default"]
LONG = timedelta(days=1)
REST = 900.0


class Store(MemoryStore):
    """A store that can fail, forget its tokens, and be counted."""

    def __init__(self) -> None:
        super().__init__()
        self.down: set[str] = set()
        self.classes: dict[str, str] = {}
        self.asked: list[str] = []
        self.tokens_known = True

    def head(self, bucket: str, key: str) -> StoredObject:
        self._answer("head")
        return self._classed(super().head(bucket, key))

    def page(self, bucket: str, prefix: str = "", *, token: str | None = None, limit: int = 1000) -> Page:
        self._answer("page")
        if token and not self.tokens_known:
            raise Missing("There is no such object.")
        page = super().page(bucket, prefix, token=token, limit=limit)
        return Page(tuple(map(self._classed, page.objects)), page.next_token)

    def _answer(self, ask: str) -> None:
        self.asked.append(ask)
        if ask in self.down:
            raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The object store does not answer.")

    def _classed(self, obj: StoredObject) -> StoredObject:
        return replace(obj, storage_class=self.classes.get(obj.key, "STANDARD"))


@dataclass
class World:
    """A bucket, a queue and a catalogue, and ticks of a sensor over them."""

    inbox: Inbox = field(default_factory=lambda: Inbox("uploads", list_every_seconds=REST))
    store: Store = field(default_factory=Store)
    queue: MemoryHints = field(default_factory=MemoryHints)
    catalogue: MemoryCatalogue = field(default_factory=MemoryCatalogue)
    place: Place = field(default_factory=Place)
    time: datetime = NOW + LONG
    gone: list[str] = field(default_factory=list)
    ticks_of_clock: Callable[[], float] = lambda: 0.0
    registered: int = 0

    def now(self) -> datetime:
        self.time += timedelta(seconds=self.ticks_of_clock())
        return self.time

    def put(self, *keys: str, data: bytes = b"x") -> None:
        for key in keys:
            self.store.write("uploads", key, data, content_type="video/mp4")

    def tell(self, *keys: str, bucket: str = "uploads") -> None:
        records = [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
        self.queue.send(json.dumps({"Records": records}))

    def register(self, obj: StoredObject) -> None:
        self.registered += 1
        register(obj, profile=PROFILE, catalogue=self.catalogue, now=self.time)

    def tick(self, *, listing: bool = True, seconds: float = 1e6) -> Found:
        if not listing:
            self.place = replace(self.place, list_at=(self.time + LONG).isoformat())
        found = discover(
            self.inbox, Place.read(self.place.as_text()), store=self.store, queue=self.queue,
            catalogue=self.catalogue, register=self.register, withdraw=self.gone.append, now=self.now,
            until=self.time + timedelta(seconds=seconds),
        )  # fmt: skip
        self.place = found.place
        return found

    @property
    def keys(self) -> set[str]:
        return {j.key for j in self.catalogue.jobs(limit=10_000)}

    @property
    def unanswered(self) -> int:
        return self.queue.waiting()


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_told_of_is_registered_and_its_message_done(world: World) -> None:
    world.put("a.mp4", "b.mp4", "not told of.mp4")
    world.tell("a.mp4", "b.mp4")
    found = world.tick(listing=False)
    assert (world.keys, world.unanswered) == ({"a.mp4", "b.mp4"}, 0)
    assert found.told["found"] == 2


def test_told_of_twice_is_one_job_and_one_look(world: World) -> None:
    world.put("a.mp4")
    for _ in range(5):
        world.tell("a.mp4")
    world.tick(listing=False)
    assert world.store.asked == ["head"]
    world.tell("a.mp4")
    world.tick(listing=False)
    assert len(world.catalogue.jobs()) == 1
    assert world.unanswered == 0


def test_a_late_or_reordered_message_is_about_what_is_there_now(world: World) -> None:
    world.put("a.mp4", data=b"old")
    world.tell("a.mp4")
    world.put("a.mp4", data=b"new")
    world.tell("a.mp4")
    world.queue.queued.reverse()
    world.tick(listing=False)
    (job,) = world.catalogue.jobs()
    assert job.etag == world.store.head("uploads", "a.mp4").etag


def test_what_is_not_there_is_withdrawn_whatever_the_message_says(world: World) -> None:
    world.put("there.mp4")
    world.tell("gone.mp4")
    world.tell("there.mp4")
    world.tick(listing=False)
    assert (world.gone, world.keys, world.unanswered) == (["gone.mp4"], {"there.mp4"}, 0)


def test_a_message_that_is_lost_is_made_good_by_the_listing(world: World) -> None:
    world.put("a.mp4")
    world.tick()
    assert world.keys == {"a.mp4"}


def test_who_dies_after_registering_sees_the_message_again_and_makes_no_second_job(world: World) -> None:
    world.put("a.mp4")
    world.tell("a.mp4")
    real, world.queue.done = world.queue.done, die  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        world.tick(listing=False)
    assert world.keys == {"a.mp4"}
    world.queue.done = real  # type: ignore[method-assign]
    world.queue.lapse()
    assert world.unanswered == 1
    world.tick(listing=False)
    assert (len(world.catalogue.jobs()), world.unanswered) == (1, 0)


def test_who_dies_before_registering_leaves_the_message(world: World) -> None:
    world.put("a.mp4", "b.mp4")
    world.tell("a.mp4")
    world.tell("b.mp4")
    world.register = lambda obj: die() if obj.key == "b.mp4" else World.register(world, obj)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        world.tick(listing=False)
    assert (world.keys, world.unanswered) == ({"a.mp4"}, 1)


def die(*_: object) -> Any:
    raise KeyboardInterrupt


def test_a_store_that_does_not_answer_leaves_the_messages_and_the_tick_alive(world: World) -> None:
    world.put("a.mp4")
    world.tell("a.mp4")
    world.store.down = {"head", "page"}
    found = world.tick()
    assert len(found.troubles) == 2
    assert "does not answer" in str(found)
    assert (world.keys, world.unanswered) == (set(), 1)
    world.store.down = set()
    world.queue.lapse()
    world.tick(listing=False)
    assert (world.keys, world.unanswered) == ({"a.mp4"}, 0)


def test_a_queue_that_does_not_answer_makes_the_listing_come_sooner(world: World) -> None:
    world.tick()
    world.put("a.mp4")
    world.queue.receive = unavailable  # type: ignore[method-assign]
    found = world.tick()
    assert len(found.troubles) == 1
    assert world.keys == {"a.mp4"}


def unavailable() -> Any:
    raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The queue of events does not answer.")


@pytest.mark.parametrize("body", ["{broken", "{}", '{"Records": [{"s3": {}}]}'])
def test_a_message_that_nobody_can_read_is_set_aside_and_counted(world: World, body: str) -> None:
    world.put("a.mp4")
    world.queue.send(body)
    world.tell("a.mp4")
    found = world.tick(listing=False)
    assert [kept for kept, _ in world.queue.aside] == [body]
    assert (found.told["messages set aside"], world.keys, world.unanswered) == (1, {"a.mp4"}, 0)


def test_a_message_that_is_never_done_is_set_aside_at_last(world: World) -> None:
    world.put("a.mp4")
    world.tell("a.mp4")
    world.register = die  # type: ignore[method-assign, assignment]
    for _ in range(heed.MOST_RECEIVED):
        with pytest.raises(KeyboardInterrupt):
            world.tick(listing=False)
        world.queue.lapse()
    world.tick(listing=False)
    assert world.unanswered == 0
    assert "never done" in world.queue.aside[0][1]


IGNORED = ["folder/", "x_$folder$", ".hidden.mp4", "clip.mp4.part", "upload.tmp"]


def test_messages_and_listings_ignore_the_same(world: World) -> None:
    world.inbox = replace(world.inbox, prefixes=("in/",), shared=True)
    ours = f"{media_id('uploads', 'a')}/{'a' * 12}/stream/b2/x.mp4"
    outside = ["elsewhere.mp4", "inside.mp4"]
    ignored = [*outside, *(f"in/{key}" for key in IGNORED)]
    world.put(*ignored, ours, "in/a.mp4")
    world.tell(*ignored, ours, "in/b.mp4")
    world.tell("in/a.mp4", bucket="other")
    found = world.tick()
    assert world.keys == {"in/a.mp4"}
    assert world.gone == ["in/b.mp4"]
    assert found.told["hints for other buckets"] == 1


def test_outputs_in_the_bucket_of_uploads_are_no_uploads(world: World) -> None:
    world.inbox = replace(world.inbox, shared=True)
    mine = media_id("uploads", "a.mp4")
    world.put(
        f"{mine}/media.json", f"{mine}/{'a' * 12}/results/source.json", "set-aside/id.json", "a.mp4", "b/media.json"
    )
    world.tick()
    assert world.keys == {"a.mp4", "b/media.json"}


def test_an_empty_file_is_an_upload(world: World) -> None:
    world.put("empty.mp4", data=b"")
    world.tick()
    assert world.keys == {"empty.mp4"}


def test_a_flood_of_messages_leaves_the_listing_its_time(world: World) -> None:
    world.ticks_of_clock = lambda: 0.1
    world.put("listed.mp4")
    world.queue.receive = lambda: world.queue.__class__.receive(world.queue) or refill(world)  # type: ignore[method-assign]
    world.tick(seconds=30)
    assert "listed.mp4" in world.keys


def refill(world: World) -> list[Message]:
    for number in range(10):
        world.tell(f"{number}.mp4")
    return MemoryHints.receive(world.queue)


def test_what_is_listed_and_not_described_does_not_stop_the_listing(world: World) -> None:
    world.put("a.mp4", "b.mp4")
    world.store.down = {"head"}
    found = world.tick()
    assert not found.troubles
    assert world.keys == {"a.mp4", "b.mp4"}
    assert world.place.list_at is not None


def many(world: World, count: int) -> Iterator[str]:
    keys = [f"{n:05}.mp4" for n in range(count)]
    world.put(*keys)
    yield from keys


def test_a_listing_goes_on_over_ticks_where_time_was_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 10)
    wanted = set(many(world, 95))
    world.ticks_of_clock = lambda: 0.1
    ticks = 0
    while world.keys != wanted:
        before = len(world.keys)
        world.tick(seconds=3)
        ticks += 1
        assert len(world.keys) > before
    assert ticks > 2
    assert world.registered == 95


def test_a_new_listing_begins_when_it_is_time(world: World) -> None:
    world.tick()
    world.put("a.mp4")
    world.tick()
    assert world.keys == set()
    world.time += timedelta(seconds=REST)
    world.tick()
    assert world.keys == {"a.mp4"}


def test_a_key_before_where_the_listing_was_is_found_by_the_next(world: World) -> None:
    world.put("a.mp4", "m.mp4", "z.mp4")
    world.place = Place(token="m.mp4")
    world.tick()
    assert world.keys == {"z.mp4"}
    world.time += timedelta(seconds=REST)
    world.tick()
    assert world.keys == {"a.mp4", "m.mp4", "z.mp4"}


def test_a_token_that_the_store_forgot_begins_the_prefix_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 1)
    world.inbox = replace(world.inbox, prefixes=("a/", "b/"))
    world.put("a/1.mp4", "b/1.mp4", "b/2.mp4")
    world.place = Place(prefix=1, token="b/1.mp4")
    world.store.tokens_known = False
    monkeypatch.setattr(listing, "PAGE", 10)
    found = world.tick()
    assert not found.troubles
    assert world.keys == {"b/1.mp4", "b/2.mp4"}


def test_every_prefix_is_listed_and_nothing_else(world: World) -> None:
    world.inbox = replace(world.inbox, prefixes=("a/", "b/", "empty/"))
    world.put("a/1.mp4", "b/1.mp4", "c/1.mp4")
    world.tick()
    assert world.keys == {"a/1.mp4", "b/1.mp4"}


def test_known_objects_cost_no_registration(world: World) -> None:
    set(many(world, 30))
    world.tick()
    world.time += timedelta(seconds=REST)
    world.tick()
    assert world.registered == 30


def test_what_is_still_written_waits_until_two_listings_agree(world: World) -> None:
    world.inbox = replace(world.inbox, settle_seconds=1e9, list_every_seconds=0.0)
    world.put("a.mp4", data=b"1")
    assert "1 still being written" in str(world.tick())
    world.put("a.mp4", data=b"12")
    world.tick()
    assert world.keys == set()
    world.tick()
    assert world.keys == {"a.mp4"}


def test_an_archived_upload_waits_until_it_is_restored(world: World) -> None:
    world.put("a.mp4", "b.mp4")
    world.store.classes = {"a.mp4": "GLACIER", "b.mp4": "DEEP_ARCHIVE"}
    world.tell("a.mp4")
    found = world.tick()
    assert "archived, to be restored first" in str(found)
    assert (world.keys, world.unanswered) == (set(), 0)
    world.store.classes = {"b.mp4": "DEEP_ARCHIVE"}
    world.tell("a.mp4")
    world.tick(listing=False)
    assert world.keys == {"a.mp4"}
    world.store.classes = {}
    world.place = Place()
    world.tick()
    assert world.keys == {"a.mp4", "b.mp4"}


def test_what_is_older_than_the_import_is_left_to_it(world: World) -> None:
    world.put("a.mp4")
    world.inbox = replace(world.inbox, import_before=world.store.head("uploads", "a.mp4").modified_at + LONG)
    assert "1 left to the import" in str(world.tick())
    assert world.keys == set()
    world.tell("a.mp4")
    world.tick(listing=False)
    assert world.keys == {"a.mp4"}


@pytest.mark.parametrize("text", [None, "", "{}", '{"a.mp4": "etag"}'])
def test_a_cursor_of_another_release_is_the_beginning(text: str | None) -> None:
    assert Place.read(text) == Place()


def test_a_place_is_kept_whole() -> None:
    place = Place(1, "token", NOW.isoformat(), {"a\udcff": "e"}, {"b": "e"})
    assert Place.read(place.as_text()) == place
