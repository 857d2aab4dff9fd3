import pytest

from media_pipeline.application.inbox import Inbox


@pytest.mark.parametrize(
    ("key", "upload"),
    [
        ("clip.mp4", True), ("a/b/Clip.MOV", True), ("no extension", True), ("-i.mp4", True),
        ("folder/", False), (".hidden.mp4", False), ("a/.git/x.mp4", False), ("clip.mp4.part", False),
        ("clip.mp4.crdownload", False), ("clip.TMP", False), ("", False),
    ],
)  # fmt: skip
def test_folder_markers_and_unfinished_names_are_no_uploads(key: str, upload: bool) -> None:
    assert Inbox("uploads").takes(key) is upload
