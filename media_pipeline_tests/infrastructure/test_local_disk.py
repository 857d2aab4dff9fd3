"""What only a directory can do to a store: symlinks, permissions, other processes, a full disk."""

import errno
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain.errors import BadMedia, Conflict, Missing, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.infrastructure.local_disk import LocalDisk

ESCAPES = ["../secret", "a/../../secret", "/etc/passwd", "", ".", "..", "a//b", "./a", "a/.", "a/", "nul\0", "\ud800"]
NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "bucket").mkdir()
    return tmp_path / "bucket"


@pytest.fixture
def disk(root: Path) -> LocalDisk:
    return LocalDisk({"media": root, "files": Path("/")})


def write(disk: LocalDisk, key: str, data: bytes = b"data", if_match: str | None = None, new: bool = False) -> str:
    return disk.write("media", key, data, content_type="text/plain", if_match=if_match, new=new)


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user who may not read everything, where the tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("key", [*ESCAPES, ".hidden", "a/.hidden/b"])
def test_a_key_that_cannot_be_is_missing_and_not_written(disk: LocalDisk, root: Path, tmp_path: Path, key: str) -> None:
    for ask in (disk.head, disk.read, disk.url, lambda bucket, key: disk.fetch(bucket, key, tmp_path / "to")):
        with pytest.raises(Missing):
            ask("media", key)
    (tmp_path / "from").write_text("from")
    with pytest.raises(ValueError):
        write(disk, key)
    with pytest.raises(ValueError):
        disk.put("media", key, tmp_path / "from", content_type="text/plain")
    with pytest.raises(ValueError):
        disk.delete("media", [key])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bucket", "from", "secret"]


@given(st.text(st.sampled_from("./\\~ a\0\n\udcff"), max_size=12))
def test_no_key_names_a_path_outside_the_bucket(key: str) -> None:
    try:
        url = LocalDisk({"media": Path("/nowhere/bucket")}).url("media", key)
    except Missing:
        return
    assert os.path.normpath(url) == f"/nowhere/bucket/{key}"


@pytest.mark.parametrize(
    "prefix", ["..", "../", "../s", "/", "//", "a/../", "./", ".media-pipeline/", "\0/", "nothing/"]
)
def test_a_prefix_that_cannot_be_lists_nothing(disk: LocalDisk, prefix: str) -> None:
    write(disk, "a/b")
    assert list(disk.list("media", prefix)) == []


def test_a_file_name_that_is_no_utf8_is_a_key(disk: LocalDisk, root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9.mp4")).write_text("x")
    (found,) = disk.list("media")
    assert disk.read("media", found.key)[0] == b"x"


def test_a_backslash_separates_nothing(disk: LocalDisk, root: Path) -> None:
    write(disk, "a\\..\\b")
    assert (root / "a\\..\\b").is_file()


def test_a_name_longer_than_the_disk_takes_is_missing_and_not_written(disk: LocalDisk) -> None:
    with pytest.raises(Missing):
        disk.head("media", "x" * 256)
    with pytest.raises(ValueError, match="key"):
        write(disk, "x" * 256)


def test_an_object_cannot_be_below_or_above_another(disk: LocalDisk) -> None:
    write(disk, "a")
    with pytest.raises(ValueError, match="key"):
        write(disk, "a/b")
    write(disk, "c/d")
    with pytest.raises(ValueError, match="key"):
        write(disk, "c")
    assert sorted(o.key for o in disk.list("media")) == ["a", "c/d"]


def test_an_unknown_bucket_is_missing(disk: LocalDisk) -> None:
    with pytest.raises(Missing):
        disk.head("nowhere", "a")


def test_a_directory_or_a_pipe_is_no_object(disk: LocalDisk, root: Path) -> None:
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    for key in ("folder", "pipe"):
        with pytest.raises(Missing):
            disk.read("media", key)
    assert list(disk.list("media")) == []


def test_a_symlink_out_of_the_bucket_is_missing(disk: LocalDisk, root: Path, tmp_path: Path) -> None:
    (root / "file").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    (root / "dangling").symlink_to(root / "nothing")
    for key in ("file", "folder/secret", "loop", "dangling"):
        with pytest.raises(Missing):
            disk.read("media", key)
    assert list(disk.list("media")) == []
    assert list(disk.list("media", "folder/")) == []


def test_nothing_is_written_or_deleted_through_a_symlink_out_of_the_bucket(
    disk: LocalDisk, root: Path, tmp_path: Path
) -> None:
    (root / "folder").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="out of the bucket"):
        write(disk, "folder/secret")
    with pytest.raises(ValueError, match="out of the bucket"):
        disk.delete("media", ["folder/secret"])
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_symlink_within_the_bucket_is_an_object(disk: LocalDisk, root: Path) -> None:
    write(disk, "a/b")
    (root / "link").symlink_to(root / "a/b")
    (root / "folder").symlink_to(root / "a")
    assert disk.read("media", "link")[0] == b"data"
    assert sorted(o.key for o in disk.list("media")) == ["a/b", "link"]


def test_a_root_that_is_a_symlink_is_a_bucket(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(root)
    disk = LocalDisk({"media": tmp_path / "other"})
    write(disk, "a/b")
    assert [o.key for o in disk.list("media", "a/")] == ["a/b"]


def test_a_bucket_without_a_directory_yet_is_empty(tmp_path: Path) -> None:
    disk = LocalDisk({"media": tmp_path / "later/bucket"})
    assert list(disk.list("media")) == []
    write(disk, "a")
    assert [o.key for o in disk.list("media")] == ["a"]


def test_fetch_links_to_the_file_itself(disk: LocalDisk, root: Path, tmp_path: Path) -> None:
    write(disk, "a/b")
    (root / "link").symlink_to("a/b")
    disk.fetch("media", "link", tmp_path / "to")
    assert (tmp_path / "to").readlink() == root / "a/b"


def test_put_moves_the_file(disk: LocalDisk, tmp_path: Path) -> None:
    (tmp_path / "from").write_text("x")
    inode = (tmp_path / "from").stat().st_ino
    disk.put("media", "a/b", tmp_path / "from", content_type="text/plain")
    assert not (tmp_path / "from").exists()
    assert Path(disk.url("media", "a/b")).stat().st_ino == inode


def test_put_copies_from_another_file_system(
    disk: LocalDisk, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "from").write_text("x")
    rename = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if path.parent != root / ".media-pipeline":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    disk.put("media", "a/b", tmp_path / "from", content_type="text/plain")
    assert disk.read("media", "a/b")[0] == b"x"
    assert not (tmp_path / "from").exists()


def test_put_leaves_what_a_symlink_names_where_it_is(disk: LocalDisk, root: Path, tmp_path: Path) -> None:
    disk.fetch("files", str(tmp_path / "secret")[1:], tmp_path / "link")
    disk.put("media", "copy", tmp_path / "link", content_type="text/plain")
    assert (tmp_path / "secret").read_text() == "secret"
    assert (root / "copy").is_file()
    assert not (root / "copy").is_symlink()


def test_a_new_file_may_be_read_as_far_as_the_umask_allows(disk: LocalDisk, root: Path) -> None:
    before = os.umask(0o022)
    try:
        write(disk, "a")
    finally:
        os.umask(before)
    assert (root / "a").stat().st_mode & 0o777 == 0o644


def test_a_rename_over_a_file_changes_its_etag_even_at_the_same_size_and_time(disk: LocalDisk, root: Path) -> None:
    for name, text in (("a", "one"), ("b", "two")):
        (root / name).write_text(text)
        os.utime(root / name, (1e9, 1e9))
    before = disk.head("media", "a").etag
    (root / "b").replace(root / "a")
    assert disk.head("media", "a").etag != before


def test_a_rewrite_in_place_changes_the_etag(disk: LocalDisk, root: Path) -> None:
    write(disk, "a", b"one")
    before = disk.head("media", "a").etag
    (root / "a").write_bytes(b"two")
    assert disk.head("media", "a").etag != before


def test_no_etag_comes_back_however_fast_one_writes(disk: LocalDisk) -> None:
    etags = [write(disk, "a", b"%03d" % number) for number in range(300)]
    assert len(set(etags)) == len(etags)


def test_times_grow_even_while_the_clock_stands_still(disk: LocalDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 10**18)
    times = []
    for _ in range(3):
        write(disk, "a")
        times.append(Path(disk.url("media", "a")).stat().st_mtime_ns)
    assert times == [10**18, 10**18 + 1, 10**18 + 2]


def test_permissions_and_hard_links_leave_the_etag(disk: LocalDisk, root: Path) -> None:
    before = write(disk, "a")
    (root / "a").chmod(0o600)
    (root / "b").hardlink_to(root / "a")
    assert disk.head("media", "a").etag == before


def test_hidden_and_half_written_files_are_not_listed(disk: LocalDisk, root: Path) -> None:
    write(disk, "a")
    (root / ".DS_Store").write_text("x")
    (root / ".git").mkdir()
    (root / ".git/config").write_text("x")
    (root / ".media-pipeline/half-written").write_text("x")
    assert [o.key for o in disk.list("media")] == ["a"]


def test_a_write_leaves_nothing_half_written(disk: LocalDisk, root: Path) -> None:
    etag = write(disk, "a")
    with pytest.raises(Conflict):
        write(disk, "a", new=True)
    write(disk, "a", if_match=etag)
    assert [p.name for p in (root / ".media-pipeline").iterdir()] == ["lock"]


def test_files_that_vanish_while_listing_are_left_out(disk: LocalDisk, root: Path) -> None:
    for number in range(20):
        write(disk, f"{number}/a")
    listing = disk.list("media")
    first = next(listing)
    shutil.rmtree(root, ignore_errors=True)
    assert [o.key for o in listing if o.key != first.key] == []


def test_delete_takes_empty_directories_along(disk: LocalDisk, root: Path) -> None:
    write(disk, "a/b/c")
    write(disk, "a/d")
    disk.delete("media", ["a/b/c"])
    assert not (root / "a/b").exists()
    disk.delete("media", ["a/d"])
    assert root.is_dir()
    assert not (root / "a").exists()


def test_a_file_that_may_not_be_read_is_bad_media(disk: LocalDisk, root: Path, tmp_path: Path) -> None:
    write(disk, "a")
    (root / "a").chmod(0)
    with nobody():
        for ask in (disk.read, lambda bucket, key: disk.fetch(bucket, key, tmp_path / "to")):
            with pytest.raises(BadMedia) as caught:
                ask("media", "a")
            assert caught.value.code is RejectionCode.UNREADABLE
            assert str(root) not in caught.value.message


def count(root: Path, start: object) -> None:
    """Add one, fifty times, by compare-and-set alone."""
    disk, left = LocalDisk({"media": root}), 50
    start.wait()  # type: ignore[attr-defined]
    while left:
        number, etag = disk.read("media", "count")
        try:
            write(disk, "count", b"%d" % (int(number) + 1), if_match=etag)
        except Conflict:
            continue
        left -= 1


def test_processes_that_compare_and_set_lose_no_write(disk: LocalDisk, root: Path) -> None:
    write(disk, "count", b"0")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # what it imports is imported once, not by each process
    start = context.Barrier(4)
    processes = [context.Process(target=count, args=(root, start)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert disk.read("media", "count")[0] == b"200"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("act", ["write", "put"])
def test_a_full_disk_is_unavailable_and_leaves_the_old_bytes(
    disk: LocalDisk, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, act: str
) -> None:
    write(disk, "a", b"before")
    (tmp_path / "from").write_text("after")

    def full(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    acts: dict[str, Callable[[], object]] = {
        "write": lambda: write(disk, "a", b"after"),
        "put": lambda: disk.put("media", "a", tmp_path / "from", content_type="text/plain"),
    }
    with pytest.raises(Unavailable) as caught:
        acts[act]()
    assert caught.value.code is QuarantineCode.DISK_FULL
    assert disk.read("media", "a")[0] == b"before"
    assert [p.name for p in (root / ".media-pipeline").iterdir()] == ["lock"]


def test_a_disk_that_fails_is_unavailable(disk: LocalDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(Unavailable) as caught:
        write(disk, "a")
    assert caught.value.code is QuarantineCode.STORE_UNAVAILABLE


def test_the_whole_disk_is_read_by_absolute_path(disk: LocalDisk, tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/link").symlink_to(tmp_path / "secret")
    key = str(tmp_path / ".cache/link")[1:]
    assert disk.read("files", key)[0] == b"secret"
    assert disk.url("files", key) == str(tmp_path / ".cache/link")


def test_the_whole_disk_is_never_written_deleted_or_listed(disk: LocalDisk, tmp_path: Path) -> None:
    key = str(tmp_path / "secret")[1:]
    with pytest.raises(ValueError, match="whole disk"):
        disk.write("files", key, b"", content_type="text/plain")
    with pytest.raises(ValueError, match="whole disk"):
        disk.put("files", key, tmp_path / "secret", content_type="text/plain")
    with pytest.raises(ValueError, match="whole disk"):
        disk.delete("files", [key])
    with pytest.raises(ValueError, match="whole disk"):
        list(disk.list("files"))
    assert (tmp_path / "secret").read_text() == "secret"
