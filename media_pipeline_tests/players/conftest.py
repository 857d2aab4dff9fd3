"""A clip in which everything can be switched, served by the platform's own server, and a browser to play it in.

The browser is Debian's Chromium, which has the codecs; Playwright drives it because it waits for conditions inside the
page, and downloads nothing when told where the browser is. The players come from npm: `make players` installs all.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from media_pipeline.cli.player import serve
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.published import MEDIA, Published, published

HERE = Path(__file__).parent
SECONDS = 12
LONGER_SOUND = 13.5
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


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
def browser() -> Iterator[object]:
    """For no longer than it is needed: while Playwright is there, nobody else in the process can run a loop."""
    chromium = shutil.which("chromium")
    if chromium is None:
        absent("Chromium is not installed")
    if not (HERE / "node_modules").is_dir():
        absent("the players are not installed")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        absent("Playwright is not installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def absent(what: str) -> None:
    """Skips aloud; fails where the players are required."""
    reason = f"NOT PROVEN IN PLAYERS: {what}; run `make players`"
    if os.environ.get("MEDIA_PIPELINE_REQUIRE_PLAYERS"):
        pytest.fail(reason)
    pytest.skip(reason)
