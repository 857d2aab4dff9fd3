"""A house for each test, and one clip that is published once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from media_pipeline.domain.job import JobState
from media_pipeline.domain.upload import received
from media_pipeline.infrastructure.database import upgrade
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.gateway.house import TASKS, TENANT, Film, House, house
from media_pipeline_tests.published import published

TITLE = 'Über "uns"\r\nSet-Cookie: a=b; \u202egpj.mov'


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A catalogue without a row, as the bytes of its file: making the tables takes longer than most tests."""
    file = tmp_path_factory.mktemp("empty") / "catalogue.db"
    upgrade(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture
def home(tmp_path: Path, empty: bytes) -> House:
    return house(tmp_path / "home", empty)


@pytest.fixture
def client(home: House) -> Iterator[TestClient]:
    """Of a gateway that is running; it takes answers as they are, errors too."""
    with TestClient(home.app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory, empty: bytes) -> Film:
    """A clip with a picture, sound and English subtitles, published; nobody changes it."""
    home = house(tmp_path_factory.mktemp("film") / "home", empty)
    settings = home.platform.settings
    clip = media.make(
        settings.inbox / "clip.mp4", *media.picture(2, "256x144", "10"), *media.beeps(440, 2), *media.h264(),
        "-c:a", "aac",
    )  # fmt: skip
    made = published(settings.home, clip, [a.rung(144, preset="ultrafast")], quality=None)
    poster = f"{made.manifest.version}/thumbnails/0a1b2c3d/poster.jpg"
    (made.folder / poster).parent.mkdir(parents=True)
    media.make(made.folder / poster, *media.picture(1, "64x36"), "-frames:v", "1")
    manifest = replace(made.manifest, poster=poster)
    (made.folder / "media.json").write_bytes(home.platform.manifest_codec.dump(manifest))
    catalogue = home.platform.catalogue
    of = replace(received(home.platform.store.head("uploads", clip.name)), version=manifest.version)
    job = catalogue.register(of, title=TITLE, tenant=TENANT, profile="default", tasks=TASKS, at=a.NOW)
    catalogue.published(job.media_id, job.version, 1)
    return Film(home, home.move(job, JobState.PROCESSING, JobState.PLAYABLE), manifest, made.folder)
