import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain.upload import is_upload, media_id, received, tenant, version_id
from media_pipeline_tests.builders import stored

LEGAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_key_makes_a_legal_partition_key(bucket: str, key: str) -> None:
    assert LEGAL.fullmatch(media_id(bucket, key))


def test_an_id_is_readable_and_tells_buckets_and_folders_apart() -> None:
    assert media_id("uploads", "Holiday 2026/Clip One.MOV").startswith("clip-one-mov-")
    ids = {media_id("a", "x/clip.mp4"), media_id("a", "y/clip.mp4"), media_id("b", "x/clip.mp4")}
    assert len(ids) == 3


def test_a_bucket_and_key_cannot_be_shifted_into_each_other() -> None:
    assert media_id("ab", "c") != media_id("a", "bc")


def test_an_overwrite_keeps_the_id_and_changes_the_version() -> None:
    first, second = received(stored(etag="1")), received(stored(etag="2"))
    assert first.media_id == second.media_id
    assert first.version != second.version
    assert version_id("1") == first.version


@pytest.mark.parametrize(
    ("key", "owner"),
    [("acme/a.mp4", "acme"), ("acme/b/c.mp4", "acme"), ("a.mp4", "default"), ("/a.mp4", "default"), ("ü b/x", "ü b")],
)
def test_the_first_folder_is_the_tenant(key: str, owner: str) -> None:
    assert tenant(key) == owner


@pytest.mark.parametrize(
    ("key", "upload"),
    [
        ("clip.mp4", True), ("a/b/Clip.MOV", True), ("no extension", True), ("-i.mp4", True),
        ("folder/", False), (".hidden.mp4", False), ("a/.git/x.mp4", False), ("clip.mp4.part", False),
        ("clip.mp4.crdownload", False), ("clip.TMP", False), ("", False),
    ],
)  # fmt: skip
def test_folder_markers_and_unfinished_names_are_no_uploads(key: str, upload: bool) -> None:
    assert is_upload(key) is upload
