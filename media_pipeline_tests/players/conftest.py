"""A clip in which everything can be switched, served by the platform's own server, and a browser to play it in."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from media_pipeline.cli.player import serve
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.browsers import chromium
from media_pipeline_tests.published import MEDIA, Published, published

SECONDS = 12
LONGER_SOUND = 13.5


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Two rungs, English and German sound, English subtitles; the English sound is longer than the picture."""
    root = tmp_path_factory.mktemp("film")
    (root / "uploads").mkdir()
    clip = media.make(
        root / "uploads" / "clip.mp4", *media.picture(SECONDS, "640x360"), *media.beeps(440, LONGER_SOUND),
        *media.beeps(880, SECONDS), "-map", "0", "-map", "1", "-map", "2", "-metadata:s:a:0", "language=eng",
        "-metadata:s:a:1", "language=deu", *media.h264(), "-c:a", "aac",
    )  # fmt: skip
    return published(root / "made", clip, [a.rung(360, preset="ultrafast"), a.rung(180, preset="ultrafast")])


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Sound alone."""
    root = tmp_path_factory.mktemp("talk")
    (root / "uploads").mkdir()
    clip = media.make(root / "uploads" / "talk.m4a", *media.beeps(440, 3), "-c:a", "aac")
    return published(root / "made", clip, [a.rung(360)])


def served(made: Published, title: str) -> AbstractContextManager[str]:
    return serve(made.manifest, title, store=made.store, bucket=MEDIA, tool=media.tool())


@pytest.fixture(scope="session")
def site(film: Published) -> Iterator[str]:
    with served(film, "A film") as url:
        yield url


@pytest.fixture(scope="session")
def talk_site(talk: Published) -> Iterator[str]:
    with served(talk, "A talk") as url:
        yield url


@pytest.fixture(scope="session")
def av1(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """One rung in each of H.264 and AV1, of two sizes."""
    root = tmp_path_factory.mktemp("av1")
    (root / "uploads").mkdir()
    clip = media.make(root / "uploads" / "clip.mp4", *media.picture(5, "320x180"), *media.beeps(440, 5), *media.h264(),
                      "-c:a", "aac")  # fmt: skip
    rungs = [a.rung(90, preset="ultrafast"), a.rung(180, "180p-av1", codec="av1", preset="12", crf=40)]
    return published(root / "made", clip, rungs, quality=None)


@pytest.fixture(scope="session")
def av1_site(av1: Published) -> Iterator[str]:
    with served(av1, "AV1") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """For no longer than it is needed: while Playwright is there, nobody else in the process can run a loop."""
    with chromium() as found:
        yield found
