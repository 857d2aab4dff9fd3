from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.application.outputs import opened
from media_pipeline.domain.errors import BadMedia, Conflict, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.upload import StoredObject, received
from media_pipeline_tests.fakes import MemoryStore


class Wrapping(MemoryStore):
    """A store that keeps everything in one way."""

    def __init__(self, **wrapped: str) -> None:
        super().__init__()
        self.wrapped = wrapped
        self.write("uploads", "clip.mp4", b"x", content_type="video/mp4")

    def head(self, bucket: str, key: str) -> StoredObject:
        return replace(super().head(bucket, key), **self.wrapped)  # type: ignore[arg-type]


def open_(store: Wrapping, scratch: Path) -> bytes:
    with opened(received(store.head("uploads", "clip.mp4")), store=store, scratch=scratch) as path:
        return path.read_bytes()


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_what_is_not_wrapped_is_opened(tmp_path: Path, encoding: str) -> None:
    assert open_(Wrapping(content_encoding=encoding), tmp_path) == b"x"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_what_is_stored_in_a_wrapping_is_no_media_and_says_why(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(BadMedia, match="Content-Encoding") as caught:
        open_(Wrapping(content_encoding=encoding), tmp_path)
    assert caught.value.code is RejectionCode.NOT_MEDIA
    assert list(tmp_path.iterdir()) == []


def test_what_was_archived_before_its_run_is_not_tried_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="restore it") as caught:
        open_(Wrapping(storage_class="GLACIER"), tmp_path)
    assert caught.value.code is QuarantineCode.SOURCE_ARCHIVED
    assert open_(Wrapping(storage_class="GLACIER_IR"), tmp_path) == b"x"


def test_what_is_overwritten_while_it_is_fetched_is_not_opened(tmp_path: Path) -> None:
    store = MemoryStore()
    store.write("uploads", "clip.mp4", b"old", content_type="video/mp4")
    upload = received(store.head("uploads", "clip.mp4"))
    fetch = store.fetch

    def late(bucket: str, key: str, to: Path) -> None:
        store.write("uploads", "clip.mp4", b"new", content_type="video/mp4")
        fetch(bucket, key, to)

    store.fetch = late  # type: ignore[method-assign]
    with pytest.raises(Conflict), opened(upload, store=store, scratch=tmp_path):
        pytest.fail("other bytes were handed out")
