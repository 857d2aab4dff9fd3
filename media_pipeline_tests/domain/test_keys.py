import pytest

from media_pipeline.domain import keys


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        (keys.manifest("clip-a1"), ("clip-a1", "")),
        (keys.result("clip-a1", "v1", "transcodes/720p"), ("clip-a1", "v1")),
        (keys.output("clip-a1", "v1", "stream", "0a1b", "master.m3u8"), ("clip-a1", "v1")),
    ],
)
def test_every_key_has_an_owner(key: str, owner: tuple[str, str]) -> None:
    assert keys.owner(key) == owner
    assert key.startswith(keys.version_prefix(*owner) if owner[1] else keys.media_prefix(owner[0]))


@pytest.mark.parametrize("key", ["", "clip-a1", "clip-a1/", "clip-a1/v1", "clip-a1/v1/", "/v1/x", "clip-a1//x"])
def test_what_is_none_of_ours_has_none(key: str) -> None:
    with pytest.raises(ValueError, match="belongs to no media"):
        keys.owner(key)
