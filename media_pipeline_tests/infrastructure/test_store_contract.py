"""What every Store promises: the fake, the local disk, and S3 against a real SeaweedFS."""

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from media_pipeline.application.ports.store import Store
from media_pipeline.domain.errors import Conflict, Missing
from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline_tests.fakes import MemoryStore

BUCKET = "media"
ODD_KEYS = [
    "with space.mp4",
    "-leading-dash/--",
    "new\nline\ttab",
    "control\x01character",
    "/".join(["x" * 199] * 5),  # 999 bytes
    "über/日本語/🎬.mov",
    "bidi\u202e4pm.exe",
    "per%25cent+plus&amp;?query=#fragment",
    "quote\"apostrophe'<tag>",  # no backslash: SeaweedFS takes it for a slash
    "CAPITALS.MOV",
    "no-extension",
    "trailing space /and dot.",
]
MANY = 17 * 1024 * 1024
"""bytes: more than are moved at once"""
_numbers = itertools.count()


@pytest.fixture(params=["memory", "local disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "memory":
            return MemoryStore()
        case "local disk":
            return LocalDisk({BUCKET: tmp_path / "bucket"})
        case _:
            return S3Store(request.getfixturevalue("s3"))


@pytest.fixture
def prefix() -> str:
    """One store serves many tests: each keeps to names of its own."""
    return f"test-{next(_numbers)}/"


def write(store: Store, key: str, data: bytes = b"data", **conditions: object) -> str:
    return store.write(BUCKET, key, data, content_type="application/octet-stream", **conditions)  # type: ignore[arg-type]


def test_what_was_written_is_read_back_with_its_etag(store: Store, prefix: str) -> None:
    etag = write(store, f"{prefix}a/b.json", b"\0\xff")
    assert store.read(BUCKET, f"{prefix}a/b.json") == (b"\0\xff", etag)


def test_head_describes_an_object(store: Store, prefix: str) -> None:
    etag = write(store, f"{prefix}a", b"12345")
    found = store.head(BUCKET, f"{prefix}a")
    assert (found.bucket, found.key, found.etag, found.size) == (BUCKET, f"{prefix}a", etag, 5)
    assert abs(found.modified_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_etag_has_no_quotes(store: Store, prefix: str) -> None:
    assert '"' not in write(store, f"{prefix}a")


@pytest.mark.parametrize("key", ["nothing", "a/nothing", "", "a/b"])
def test_a_missing_key_is_missing(store: Store, prefix: str, key: str, tmp_path: Path) -> None:
    write(store, f"{prefix}a/b/c")
    key = key and prefix + key
    for ask in (store.head, store.read, lambda bucket, key: store.fetch(bucket, key, tmp_path / "to"),
                lambda bucket, key: store.fetch_ranges(bucket, key, tmp_path / "to", [(0, 1)])):  # fmt: skip
        with pytest.raises(Missing):
            ask(BUCKET, key)
    assert list(tmp_path.glob("to*")) == []


PAGED = ["a", "ab/x", "b/1", "b/2", "b/c/1", "b/c/d/e", "b-1", "b.1", "bb", "c", "d/1", "z/a/1", "z/b"]


def paged(store: Store, prefix: str, limit: int, between: Callable[[], object] = lambda: None) -> list[str]:
    """The keys that page after page holds."""
    token, found = None, list[str]()
    while True:
        page = store.page(BUCKET, prefix, token=token, limit=limit)
        assert len(page.objects) <= limit
        found += [o.key.removeprefix(prefix) for o in page.objects]
        if page.next_token is None:
            return found
        token = page.next_token
        between()


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_every_object_is_on_exactly_one_page(store: Store, prefix: str, limit: int) -> None:
    for key in PAGED:
        write(store, prefix + key)
    assert sorted(paged(store, prefix, limit)) == sorted(PAGED)
    assert set(paged(store, f"{prefix}b", limit)) == {k[1:] for k in PAGED if k.startswith("b")}
    assert paged(store, f"{prefix}nothing", limit) == []


def test_what_comes_and_goes_between_pages_hides_nothing_else(store: Store, prefix: str) -> None:
    for key in PAGED:
        write(store, prefix + key)
    store.delete(BUCKET, [f"{prefix}z/b"])
    numbers = itertools.count()

    def change() -> None:
        number = next(numbers)
        store.delete(BUCKET, [f"{prefix}b/{number}", f"{prefix}new-{number - 1}"])
        write(store, f"{prefix}new-{number}")

    found = paged(store, prefix, 2, change)
    lasting = set(PAGED) - {"z/b", "b/1", "b/2"}
    assert lasting <= set(found)
    assert len(found) == len(set(found))


def test_a_page_describes_as_a_listing_does(store: Store, prefix: str) -> None:
    for key in ("a", "b"):
        write(store, prefix + key, key.encode())
    assert sorted(store.page(BUCKET, prefix).objects, key=str) == sorted(store.list(BUCKET, prefix), key=str)


def test_an_empty_key_cannot_be_written(store: Store) -> None:
    with pytest.raises(ValueError, match="key"):
        write(store, "")


def test_an_empty_object_is_an_object(store: Store, prefix: str, tmp_path: Path) -> None:
    write(store, f"{prefix}empty", b"")
    store.fetch(BUCKET, f"{prefix}empty", tmp_path / "to")
    assert (tmp_path / "to").read_bytes() == b""
    assert store.head(BUCKET, f"{prefix}empty").size == 0


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_odd_key_is_data(store: Store, prefix: str, key: str, tmp_path: Path) -> None:
    write(store, prefix + key, b"odd")
    assert store.read(BUCKET, prefix + key)[0] == b"odd"
    assert store.head(BUCKET, prefix + key).key == prefix + key
    assert [o.key for o in store.list(BUCKET, prefix)] == [prefix + key]
    store.fetch(BUCKET, prefix + key, tmp_path / "to")
    assert (tmp_path / "to").read_bytes() == b"odd"
    store.delete(BUCKET, [prefix + key])
    assert list(store.list(BUCKET, prefix)) == []


def test_a_key_never_reaches_outside_its_bucket(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(Missing):
        store.read(BUCKET, "../secret")


def test_list_finds_every_object_below_a_prefix(store: Store, prefix: str) -> None:
    etags = {prefix + key: write(store, prefix + key, key.encode()) for key in ("a/1", "a/b/2", "ab", "c")}
    assert {o.key: o.etag for o in store.list(BUCKET, prefix)} == etags
    assert {o.key for o in store.list(BUCKET, f"{prefix}a")} == {f"{prefix}{k}" for k in ("a/1", "a/b/2", "ab")}
    assert {o.key for o in store.list(BUCKET, f"{prefix}a/")} == {f"{prefix}{k}" for k in ("a/1", "a/b/2")}
    assert {o.size for o in store.list(BUCKET, f"{prefix}a/b")} == {5}


def test_list_agrees_with_head(store: Store, prefix: str) -> None:
    write(store, f"{prefix}a")
    listed, asked = next(iter(store.list(BUCKET, prefix))), store.head(BUCKET, f"{prefix}a")
    assert (listed.key, listed.etag, listed.size) == (asked.key, asked.etag, asked.size)


def test_a_prefix_without_objects_lists_nothing(store: Store, prefix: str) -> None:
    assert list(store.list(BUCKET, f"{prefix}nothing/here")) == []


@pytest.mark.slow
def test_list_goes_past_one_page(store: Store, prefix: str) -> None:
    keys = {f"{prefix}{number:04}" for number in range(1010)}
    for key in keys:
        write(store, key, b"")
    assert {o.key for o in store.list(BUCKET, prefix)} == keys
    store.delete(BUCKET, sorted(keys))
    assert list(store.list(BUCKET, prefix)) == []


def test_a_rewrite_changes_the_etag(store: Store, prefix: str) -> None:
    etags = [write(store, f"{prefix}a", data) for data in (b"1", b"2", b"3", b"4")]
    assert len(set(etags)) == 4


def test_an_untouched_object_keeps_its_etag(store: Store, prefix: str) -> None:
    etag = write(store, f"{prefix}a")
    write(store, f"{prefix}b")
    assert {store.head(BUCKET, f"{prefix}a").etag for _ in range(3)} == {etag}


def test_a_write_on_the_current_etag_replaces(store: Store, prefix: str) -> None:
    first = write(store, f"{prefix}a", b"1")
    write(store, f"{prefix}a", b"2", if_match=first)
    assert store.read(BUCKET, f"{prefix}a")[0] == b"2"


def test_a_write_on_an_old_etag_is_a_conflict_and_changes_nothing(store: Store, prefix: str) -> None:
    first = write(store, f"{prefix}a", b"1")
    second = write(store, f"{prefix}a", b"2")
    with pytest.raises(Conflict):
        write(store, f"{prefix}a", b"3", if_match=first)
    assert store.read(BUCKET, f"{prefix}a") == (b"2", second)


def test_a_write_on_the_etag_of_a_missing_object_is_a_conflict(store: Store, prefix: str) -> None:
    etag = write(store, f"{prefix}a")
    with pytest.raises(Conflict):
        write(store, f"{prefix}b", if_match=etag)
    with pytest.raises(Missing):
        store.head(BUCKET, f"{prefix}b")


def test_a_new_object_is_written_once(store: Store, prefix: str) -> None:
    write(store, f"{prefix}a", b"1", new=True)
    with pytest.raises(Conflict):
        write(store, f"{prefix}a", b"2", new=True)
    assert store.read(BUCKET, f"{prefix}a")[0] == b"1"


def test_of_many_who_make_an_object_one_wins(store: Store, prefix: str) -> None:
    assert winners(lambda me: write(store, f"{prefix}a", me, new=True)) == [store.read(BUCKET, f"{prefix}a")[0]]


def test_of_many_who_replace_an_object_one_wins(store: Store, prefix: str) -> None:
    etag = write(store, f"{prefix}a", b"before")
    wrote = winners(lambda me: write(store, f"{prefix}a", me, if_match=etag))
    assert wrote == [store.read(BUCKET, f"{prefix}a")[0]]


def winners(attempt: Callable[[bytes], object]) -> list[bytes]:
    """Who of eight that try at the same time met no Conflict."""
    start, won = threading.Barrier(8), []

    def run(me: bytes) -> None:
        start.wait()
        try:
            attempt(me)
        except Conflict:
            return
        won.append(me)

    threads = [threading.Thread(target=run, args=(f"thread {n}".encode(),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_a_file_that_was_put_is_fetched_whole(store: Store, prefix: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096 * 17  # 17 MiB: more than one part
    (tmp_path / "from").write_bytes(data)
    store.put(BUCKET, f"{prefix}video.mp4", tmp_path / "from", content_type="video/mp4")
    assert store.head(BUCKET, f"{prefix}video.mp4").size == len(data)
    store.fetch(BUCKET, f"{prefix}video.mp4", tmp_path / "to")
    assert (tmp_path / "to").read_bytes() == data


@pytest.mark.parametrize(
    "ranges",
    [
        [(0, 1)],
        [(100, 200), (MANY - 5, MANY)],
        [(1, MANY // 2 + 3), (MANY // 2 + 4, MANY + 1000)],  # beyond the end there is nothing
        [],
    ],
)
def test_of_a_file_only_what_is_needed_can_be_fetched(
    store: Store, prefix: str, tmp_path: Path, ranges: list[tuple[int, int]]
) -> None:
    data = bytes(range(256)) * (MANY // 256)
    (tmp_path / "from").write_bytes(data)
    store.put(BUCKET, f"{prefix}video.mp4", tmp_path / "from", content_type="video/mp4")
    (tmp_path / "scratch").mkdir()
    store.fetch_ranges(BUCKET, f"{prefix}video.mp4", tmp_path / "scratch/to", ranges)
    found = (tmp_path / "scratch/to").read_bytes()
    assert len(found) == len(data)
    for start, stop in ranges:
        assert found[start:stop] == data[start:stop]
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == ["to"]


def test_put_replaces_what_was_there(store: Store, prefix: str, tmp_path: Path) -> None:
    before = write(store, f"{prefix}a", b"12345")
    (tmp_path / "from").write_bytes(b"54321")
    store.put(BUCKET, f"{prefix}a", tmp_path / "from", content_type="text/plain")
    data, etag = store.read(BUCKET, f"{prefix}a")
    assert data == b"54321"
    assert etag != before


def test_what_was_fetched_can_be_put(store: Store, prefix: str, tmp_path: Path) -> None:
    write(store, f"{prefix}a", b"a")
    store.fetch(BUCKET, f"{prefix}a", tmp_path / "to")
    store.put(BUCKET, f"{prefix}b", tmp_path / "to", content_type="text/plain")
    assert [store.read(BUCKET, prefix + key)[0] for key in "ab"] == [b"a", b"a"]


def test_a_copy_has_the_bytes_and_outlives_what_it_was_made_from(store: Store, prefix: str, tmp_path: Path) -> None:
    write(store, f"{prefix}a/odd ü#?.mp4", b"bytes")
    store.copy(BUCKET, f"{prefix}a/odd ü#?.mp4", f"{prefix}b/c.mp4", content_type="video/mp4")
    assert store.read(BUCKET, f"{prefix}b/c.mp4")[0] == b"bytes"
    (tmp_path / "from").write_bytes(b"newer")
    store.put(BUCKET, f"{prefix}a/odd ü#?.mp4", tmp_path / "from", content_type="video/mp4")
    assert store.read(BUCKET, f"{prefix}b/c.mp4")[0] == b"bytes"
    store.delete(BUCKET, [f"{prefix}a/odd ü#?.mp4"])
    assert store.read(BUCKET, f"{prefix}b/c.mp4")[0] == b"bytes"


def test_a_copy_replaces_what_was_there_and_may_be_made_twice(store: Store, prefix: str) -> None:
    write(store, f"{prefix}a", b"new")
    write(store, f"{prefix}b", b"old")
    for _ in range(2):
        store.copy(BUCKET, f"{prefix}a", f"{prefix}b", content_type="text/plain")
        assert [store.read(BUCKET, prefix + key)[0] for key in "ab"] == [b"new", b"new"]
    assert {o.key for o in store.list(BUCKET, prefix)} == {f"{prefix}a", f"{prefix}b"}


def test_what_is_missing_cannot_be_copied(store: Store, prefix: str) -> None:
    with pytest.raises(Missing):
        store.copy(BUCKET, f"{prefix}nothing", f"{prefix}b", content_type="text/plain")
    assert list(store.list(BUCKET, prefix)) == []


def test_a_file_that_is_not_there_cannot_be_put(store: Store, prefix: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.put(BUCKET, f"{prefix}a", tmp_path / "nothing", content_type="text/plain")
    assert list(store.list(BUCKET, prefix)) == []


def test_fetch_leaves_nothing_else_behind(store: Store, prefix: str, tmp_path: Path) -> None:
    write(store, f"{prefix}a")
    (tmp_path / "scratch").mkdir()
    store.fetch(BUCKET, f"{prefix}a", tmp_path / "scratch/to")
    assert [p.name for p in (tmp_path / "scratch").iterdir()] == ["to"]


def test_delete_forgets_what_is_there_and_minds_not_what_is_missing(store: Store, prefix: str) -> None:
    for key in ("a/1", "a/2", "b"):
        write(store, prefix + key)
    store.delete(BUCKET, [f"{prefix}a/1", f"{prefix}nothing", f"{prefix}a/1/deeper", f"{prefix}b"])
    assert {o.key for o in store.list(BUCKET, prefix)} == {f"{prefix}a/2"}
    store.delete(BUCKET, [])


def test_a_deleted_object_can_be_written_anew(store: Store, prefix: str) -> None:
    write(store, f"{prefix}a/b")
    store.delete(BUCKET, [f"{prefix}a/b"])
    write(store, f"{prefix}a/b", b"again", new=True)
    assert store.read(BUCKET, f"{prefix}a/b")[0] == b"again"


def test_a_url_names_bucket_and_key_and_is_not_signed(store: Store, prefix: str) -> None:
    url = store.url(BUCKET, f"{prefix}a b.mp4")
    assert url.endswith(f"/{prefix}a b.mp4")
    assert "?" not in url
