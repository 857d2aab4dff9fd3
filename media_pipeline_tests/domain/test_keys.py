import pytest

from media_pipeline.domain import keys
from media_pipeline_tests import builders as a

MEDIA, VERSION = a.upload().media_id, a.upload().version


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        (keys.manifest(MEDIA), (MEDIA, "")),
        (keys.result(MEDIA, VERSION, "transcodes/720p"), (MEDIA, VERSION)),
        (keys.output(MEDIA, VERSION, "stream", "0a1b", "master.m3u8"), (MEDIA, VERSION)),
        (keys.chunk(MEDIA, VERSION, "0123456789abcdef", "v0.mp4"), (MEDIA, VERSION)),
    ],
)
def test_every_key_has_an_owner(key: str, owner: tuple[str, str]) -> None:
    assert keys.owner(key) == owner
    assert key.startswith(keys.version_prefix(*owner) if owner[1] else keys.media_prefix(owner[0]))


@pytest.mark.parametrize(
    "key",
    ["", MEDIA, f"{MEDIA}/", f"{MEDIA}/{VERSION}", f"{MEDIA}/{VERSION}/", f"{MEDIA}/v1/x", f"/{VERSION}/x",
     f"{MEDIA}//x", f"talks/{VERSION}/x.mp4", f"{MEDIA[-12:]}/{VERSION}/x.mp4", f"Talk-{MEDIA[-12:]}/media.json"],
)  # fmt: skip
def test_what_is_none_of_ours_has_none(key: str) -> None:
    assert keys.owner(key) is None
    assert not keys.is_ours(key)


def test_messages_set_aside_are_ours_and_no_medias() -> None:
    assert keys.is_ours(keys.set_aside("0a1b"))
    assert keys.owner(keys.set_aside("0a1b")) is None


def test_viewers_get_no_parts_of_what_is_still_being_encoded() -> None:
    key = keys.chunk(MEDIA, VERSION, "0123456789abcdef", "v0.mp4")
    assert key.startswith(keys.chunks(MEDIA, VERSION))
    assert not keys.is_output(keys.relative_to_manifest(MEDIA, key))
    assert keys.is_output(keys.relative_to_manifest(MEDIA, keys.output(MEDIA, VERSION, "stream", "0a1b", "v0.mp4")))
