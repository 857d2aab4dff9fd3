"""Published streams really play: in hls.js, in dash.js and in Shaka Player, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from media_pipeline_tests.browsers import PLAYERS
from media_pipeline_tests.players.conftest import LONGER_SOUND
from media_pipeline_tests.published import Published

pytestmark = pytest.mark.slow

SCRIPTS = {
    "hls": "hls.js/dist/hls.min.js",
    "dash": "dashjs/dist/modern/umd/dash.all.min.js",
    "shaka": "shaka-player/dist/shaka-player.compiled.js",
}
PATIENCE = 60_000
"""milliseconds for one thing to happen"""


class Player:
    """A page with one player in it."""

    def __init__(self, page: Any) -> None:
        self.page = page

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.page.evaluate("facts()")
        return facts

    def does(self, what: str) -> None:
        self.page.evaluate(what)

    def until(self, condition: str) -> None:
        """Waits; a failure tells what the player looked like."""
        try:
            self.page.wait_for_function(condition, timeout=PATIENCE)
        except Exception as late:
            raise AssertionError(f"never true: {condition}; {self.facts}") from late

    def plays_on(self) -> None:
        """Time moves, and pictures are decoded for it."""
        before = self.facts
        self.until(f"video.currentTime > {before['time'] + 0.3} && facts().frames > {before['frames'] + 3}")


@contextmanager
def playing(name: str, browser: Any, site: str, made: Published) -> Iterator[Player]:
    """A page of the platform's own server, with one of the players on it."""
    manifest = made.manifest.hls if name == "hls" else made.manifest.dash
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{site}media/media.json")
    page.add_script_tag(path=PLAYERS / "node_modules" / SCRIPTS[name])
    page.add_script_tag(path=PLAYERS / "drive.js")
    page.evaluate("([name, url]) => begin(name, url)", [name, f"{site}media/{manifest}"])
    page.evaluate("video.play()")
    yield Player(page)
    context.close()


@pytest.fixture(params=SCRIPTS)
def player(request: pytest.FixtureRequest, browser: Any, site: str, film: Published) -> Iterator[Player]:
    with playing(request.param, browser, site, film) as player:
        yield player


def test_a_film_plays_and_everything_can_be_switched(player: Player) -> None:
    player.plays_on()
    assert sorted(player.page.evaluate("player.heights()")) == [180, 360]
    assert sorted(player.page.evaluate("player.sounds()")) == ["de", "en"]
    assert player.page.evaluate("player.texts()") == ["en"]
    assert player.facts["heard"] == "en"

    player.does("player.text('en')")
    player.until("facts().cues.includes('Ever tried.')")
    for height in (360, 180):
        player.does(f"player.quality({height})")
        player.until(f"video.videoHeight === {height}")
        player.plays_on()
    player.does("player.sound('de')")
    player.until("facts().heard === 'de'")
    player.plays_on()

    player.does("video.currentTime = 8")
    player.until("!video.seeking && video.currentTime >= 8")
    player.plays_on()
    player.until("facts().cues.includes('Ever failed.')")
    player.does("video.currentTime = 2")
    player.until("!video.seeking && video.currentTime < 4")
    player.plays_on()
    player.until("facts().cues.includes('Ever tried.')")
    assert player.facts["error"] is None


def test_a_film_ends_when_its_longest_track_does(player: Player) -> None:
    player.plays_on()
    player.does("video.currentTime = 10.5")
    player.until("video.ended")
    assert player.facts["time"] == pytest.approx(LONGER_SOUND, abs=0.1)


@pytest.mark.parametrize("name", ["hls", "shaka"])
def test_av1_plays(name: str, browser: Any, av1_site: str, av1: Published) -> None:
    with playing(name, browser, av1_site, av1) as player:
        player.does("player.quality(180)")
        player.until("video.videoHeight === 180")
        player.plays_on()
        assert player.facts["error"] is None


@pytest.mark.parametrize("name", SCRIPTS)
def test_sound_alone_plays_to_its_end(name: str, browser: Any, talk_site: str, talk: Published) -> None:
    with playing(name, browser, talk_site, talk) as player:
        player.until("video.currentTime > 0.3")
        player.does("video.currentTime = 2")
        player.until("video.ended")
        facts = player.facts
    assert facts["time"] == pytest.approx(3, abs=0.1)
    assert facts["frames"] == 0
    assert facts["error"] is None
