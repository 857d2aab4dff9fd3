"""The local page in a real browser, under its own content security policy: what `media-pipeline open` shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.cli import player
from media_pipeline_tests.browsers import PLAYERS
from media_pipeline_tests.players.conftest import LONGER_SOUND

pytestmark = pytest.mark.slow

PATIENCE = 60_000
"""milliseconds"""


class Page:
    def __init__(self, page: Any) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def open(self, url: str) -> "Page":
        self.page.goto(url)
        self.page.evaluate("globalThis.media = document.querySelector('#media'); media.muted = true; media.play()")
        return self

    def until(self, condition: str) -> None:
        """Playwright's own waiting evaluates text in the page, which the policy forbids."""
        look = f"const look = () => {condition} ? done() : requestAnimationFrame(look); look();"
        late = f"setTimeout(() => never(new Error({condition!r} + ', at ' + media.currentTime)), {PATIENCE});"
        self.page.evaluate(f"() => new Promise((done, never) => {{ {late} {look} }})")

    def choices(self, menu: str) -> list[str]:
        return [str(text) for text in self.page.locator(f"#{menu} option").all_inner_texts()]


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    context = browser.new_context()
    yield Page(context.new_page())
    context.close()


def test_the_page_plays_the_stream_and_lets_people_choose(page: Page, site: str) -> None:
    page.open(site).until("media.currentTime > 0.5 && media.getVideoPlaybackQuality().totalVideoFrames > 5")
    assert page.page.evaluate("media.currentSrc").startswith("blob:")
    assert page.choices("quality")[1:] == ["360p", "180p"]
    assert page.choices("sound") == ["English", "Deutsch"]
    assert page.choices("captions") == ["Off", "English"]

    page.page.select_option("#quality", label="180p")
    page.until("media.videoHeight === 180")
    page.page.select_option("#quality", label="360p")
    page.until("media.videoHeight === 360")
    page.page.select_option("#sound", label="Deutsch")
    page.until("document.querySelector('#sound').value === '1'")
    page.page.evaluate("media.currentTime = 1")
    page.until("[...media.textTracks].some((t) => t.mode === 'showing' && t.activeCues?.[0]?.text === 'Ever tried.')")
    page.page.select_option("#captions", label="Off")
    page.until("[...media.textTracks].every((track) => track.mode !== 'showing')")
    page.page.locator("h1").click()
    page.page.keyboard.press("c")
    page.until("document.querySelector('#captions').selectedOptions[0].text === 'English'")
    assert page.faults == []


def test_the_page_plays_to_the_last_sound(page: Page, site: str) -> None:
    page.open(site).until("media.readyState >= 2")
    page.page.evaluate("media.currentTime = 11")
    page.until("media.ended")
    assert page.page.evaluate("media.currentTime") == pytest.approx(LONGER_SOUND, abs=0.1)


def test_the_page_plays_sound_alone(page: Page, talk_site: str) -> None:
    page.open(talk_site).until("media.ended")
    assert page.page.evaluate("media.currentTime") == pytest.approx(3, abs=0.1)
    assert page.faults == []


def test_the_player_of_the_page_is_the_published_one(browser: Any) -> None:
    ours = Path(player.__file__).with_name("player") / "hls.min.mjs"
    assert ours.read_bytes() == (PLAYERS / "node_modules" / "hls.js" / "dist" / "hls.min.mjs").read_bytes()
