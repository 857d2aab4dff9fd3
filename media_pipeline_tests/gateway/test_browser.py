"""The page in a real browser, over a real gateway and a real platform: what a person does, and what they then see.

Screenshots are kept in the folder that PAGE_SCREENSHOTS names, to be looked at.
"""

import os
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pytest

from media_pipeline.cli import demo
from media_pipeline_tests import media
from media_pipeline_tests.browsers import PLAYERS, chromium
from media_pipeline_tests.gateway.visiting import Visit
from media_pipeline_tests.gateway.whole import House, house

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MIB = 2**20
DROPS = 3
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle=x\n" for start, end in ((0, 5000), (5000, 15280))
)
SERIOUS = {"serious", "critical"}
"""as axe-core calls them"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dg.RetryPolicy, "calculate_delay", lambda *_: 0)
        with house(tmp_path_factory.mktemp("house")) as found:
            yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("PAGE_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visit(browser: Any, here: House, shots: Path) -> Iterator[Visit]:
    context = browser.new_context(viewport=DESKTOP, color_scheme="dark", reduced_motion="reduce")
    yield Visit(context.new_page(), here, shots)
    context.close()


@pytest.fixture(scope="module")
def film(here: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ready: real pictures, two chapters, English and German sound, of which the English is spoken."""
    folder = tmp_path_factory.mktemp("film")
    picture, chapters = folder / "picture.mp4", folder / "chapters.txt"
    demo.make(picture, ffmpeg=media.settings().ffmpeg_path)
    chapters.write_text(CHAPTERS)
    clip = media.make(
        folder / "Street and rabbit.mp4", "-i", str(picture), *media.beeps(880, 15), "-i", str(chapters), "-map", "0:v",
        "-map", "0:a", "-map", "1:a", "-map_chapters", "2", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1",
        "language=deu", "-c", "copy", "-c:a:1", "aac", "-t", "15",
    )  # fmt: skip
    return here.became(here.sent(clip, title="Street and rabbit", tags=["holiday"]), "ready")


@pytest.fixture(scope="module")
def refused(here: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    text = tmp_path_factory.mktemp("text") / "notes.mp4"
    text.write_text("not a film\n" * 100)
    return here.became(here.sent(text, title="Notes"), "rejected")


def test_a_file_is_sent_followed_and_played(visit: Visit, tmp_path: Path) -> None:
    clip = media.make(
        tmp_path / "Beach.mp4", *media.picture(4, "640x360"), *media.beeps(440, 4), *media.h264(), "-c:a", "aac"
    )  # fmt: skip
    visit.comes().chooses(clip)
    visit.sees(".tray a", "Beach.mp4").click()
    visit.sees("h1", "Beach")
    visit.page.evaluate(
        """() => { globalThis.seen = new Set(); const states = () =>
        seen.add([...document.querySelectorAll('.tasks li')].map((task) => task.className).join());
        new MutationObserver(states).observe(document, { subtree: true, attributes: true, childList: true }); }"""
    )
    visit.sees(".tasks .running")
    visit.shot("processing-desktop-dark")
    visit.sees(".bay")
    visit.plays()
    visit.until("document.querySelector('.badge') === null")  # ready, seen as it happened
    assert visit.page.evaluate("seen.size") >= 4
    assert visit.faults == []


def test_an_upload_goes_on_after_pause_and_reload_and_what_is_no_film_says_so(visit: Visit, tmp_path: Path) -> None:
    noise = tmp_path / "Long noise.mp4"
    noise.write_bytes(random.Random(1).randbytes(34 * MIB))
    sent: list[str] = []
    visit.page.on("request", lambda asked: sent.append(asked.url) if asked.method == "PUT" else None)
    network = visit.page.context.new_cdp_session(visit.page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 12 * MIB}
    network.send("Network.emulateNetworkConditions", slow)

    visit.comes().chooses(noise)
    visit.until("document.querySelector('.tray progress')?.value > 0.3")
    visit.shot("uploading-desktop-dark")
    visit.press("Pause Long noise.mp4")
    visit.sees(".tray li.paused", "Paused")
    visit.press("Resume Long noise.mp4")
    visit.until("document.querySelector('.tray progress').value > 0.8")  # then three parts are there
    visit.page.on("dialog", lambda dialog: dialog.accept())
    visit.page.reload()
    visit.sees(".tray li.asleep", "Choose the file again")
    visit.shot("resumable-desktop-dark")
    there = visit.house.arrived(sent[0].split("/")[-3])
    sent.clear()
    network.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    visit.chooses(noise)
    visit.sees(".tray a", "Long noise.mp4").click()
    parts = {int(urlsplit(url).path.rpartition("/")[2]) for url in sent}
    assert there
    assert len(sent) == len(parts) > 0
    assert not parts & there, "only what was missing was sent"
    visit.sees(".plate.rejected", "The file is not a video or audio file.")
    assert visit.page.locator(".plate code").inner_text() == "NOT_MEDIA"
    visit.shot("rejected-desktop-dark")
    assert visit.faults == []


def test_the_player_offers_subtitles_sounds_qualities_previews_and_chapters(visit: Visit, film: str) -> None:
    visit.opens(film).sees(".bay")
    visit.plays()
    page = visit.page
    page.select_option("select[title=Subtitles]", label="English")
    page.evaluate("film.currentTime = 2")
    visit.until("[...film.textTracks].some((t) => t.mode === 'showing' && /tried/.test(t.activeCues?.[0]?.text))")
    page.keyboard.press("c")
    visit.until("[...film.textTracks].every((track) => track.mode !== 'showing')")
    page.select_option("select[title=Quality]", label="360p")
    visit.until("film.videoHeight === 360")
    page.select_option("select[title=Sound]", label="German")
    visit.until("document.querySelector('select[title=Sound]').selectedOptions[0].text === 'German'")

    strip = page.locator(".strip")
    box = strip.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 20)
    tile = visit.sees(".preview.shown .tile")
    assert tile.bounding_box()["height"] > 50
    assert "storyboard-0.jpg" in tile.evaluate("tile => tile.style.backgroundImage")
    assert page.locator(".preview b").inner_text() == "0:10"
    visit.shot("media-desktop-dark")
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 20)
    visit.until("film.currentTime > 7 && film.currentTime < 9")
    visit.press("Chapter 1")
    visit.until("film.currentTime < 4")
    strip.focus()
    page.keyboard.press("End")
    visit.until("film.ended")
    assert visit.faults == []


def test_the_transcript_is_read_searched_and_clicked_and_tags_show_where(visit: Visit, film: str) -> None:
    visit.opens(film, "?q=fail").plays()
    visit.sees(".lines mark", "Fail")
    visit.until("document.querySelectorAll('.found span').length > 0")
    line = visit.page.locator(".lines button").last
    line.click()
    assert float(visit.page.evaluate("film.currentTime")) > 1
    visit.until("document.querySelector('.lines li:last-child [aria-current]') !== null")
    visit.press("rabbit")
    visit.sees(".moments button")
    assert visit.page.get_by_role("button", name="rabbit").get_attribute("aria-pressed") == "true"
    assert visit.faults == []


def test_the_library_is_searched_by_what_is_said_and_by_tag(visit: Visit, film: str, refused: str) -> None:
    visit.comes().sees(".card", "Street and rabbit")
    visit.sees(".card.rejected", "The file is not a video or audio file.")
    visit.until("document.querySelector('.frame img.there') !== null")
    visit.shot("library-desktop-dark")
    visit.page.keyboard.press("/")
    for word in ("better", "bicycle", "holiday"):
        visit.page.keyboard.type(word)
        visit.sees("h1", f"“{word}”")
        visit.until("document.querySelectorAll('.card:not(.blank)').length > 0")
        assert visit.page.locator(".card h2").all_inner_texts()[0] == "Street and rabbit"
        visit.page.locator("#search").fill("")
        visit.sees("h1", "Library")
    visit.page.locator("#search").fill("zebra")
    visit.sees(".note h2", "Nothing has these words")
    visit.page.locator("#search").fill("…")
    visit.sees(".note .fault", "The search has no word in it.")


def test_what_was_given_up_is_tried_again_and_what_is_unwanted_goes(visit: Visit, tmp_path: Path) -> None:
    visit.house.packager.broken = True
    clip = media.clip(tmp_path / "Jammed.mp4", 2)
    media_id = visit.house.became(visit.house.sent(clip), "quarantined")
    visit.opens(media_id).sees(".plate.quarantined", "The packager is out of order.")
    visit.house.packager.broken = False
    visit.press("Try again")
    visit.sees(".bay")
    visit.press("Delete")
    visit.page.keyboard.press("Escape")
    assert visit.house.media(media_id)["title"] == "Jammed.mp4"
    visit.until("document.querySelector('.badge') === null")
    visit.press("Delete")
    visit.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    visit.sees("h1", "Library")
    visit.until("![...document.querySelectorAll('.card h2')].some((title) => title.textContent === 'Jammed.mp4')")


def test_a_long_library_is_shown_page_by_page(visit: Visit, film: str) -> None:
    one = visit.house.media(film)
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        second = "cursor=here" in route.request.url
        items = [one | {"id": f"media-{'b' if second else 'a'}-{i}"} for i in range(3 if second else 24)]
        route.fulfill(json={"items": items, "next": None if second else "here"})

    visit.page.route("**/v1/media?*", answer)
    visit.comes().until("document.querySelectorAll('.card:not(.blank)').length === 24")
    visit.press("Show more")
    visit.until("document.querySelectorAll('.card').length === 27")
    assert not visit.page.get_by_role("button", name="Show more").is_visible()
    assert sum("cursor" in url for url in asked) == 1


def test_a_stream_whose_addresses_have_expired_plays_on_with_new_ones(visit: Visit, film: str) -> None:
    refused: list[str] = []

    def expired(route: Any) -> None:
        refused.append(route.request.url)
        route.fulfill(status=403, json={"code": "address-expired", "detail": "It has expired."})

    visit.page.route("**/master.m3u8", expired, times=1)
    visit.opens(film).plays()
    assert len(refused) == 1


def test_language_and_tags_are_said_before_files_are_sent(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "Holiday.mp4"
    file.write_text("nothing")
    visit.comes().press("Language and tags of uploads")
    visit.page.get_by_label("Spoken language").select_option("pt")
    visit.page.get_by_label("Tags, with commas between them").fill(" beach, Lisbon ,,beach")
    visit.shot("beforehand-desktop-dark")
    visit.page.keyboard.press("Enter")
    visit.chooses(file)
    link = visit.sees(".tray a", "Holiday.mp4")
    media = visit.house.media(link.get_attribute("href").rpartition("/")[2])
    assert (media["language"], media["tags"]) == ("pt", ["beach", "Lisbon"])
    assert visit.faults == []


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_of_a_folder_the_media_are_sent(visit: Visit, tmp_path: Path, way: str) -> None:
    folder = tmp_path / "Films"
    (folder / "Old").mkdir(parents=True)
    for name in ("Old/One.mp4", "Two.mp3", "Thumbs.db", "notes.txt", ".hidden.mp4"):
        (folder / name).write_text("nothing")
    visit.comes()
    if way == "chosen":
        visit.page.locator("input[webkitdirectory]").set_input_files(folder)
    else:
        drops(visit, folder)
    for name in ("One.mp4", "Two.mp3"):
        visit.sees(".tray a", name)
    assert visit.page.locator(".tray li").count() == 2


def test_what_was_dropped_and_cannot_be_read_is_told_of(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "Films").mkdir()
    visit.comes().page.evaluate(
        """() => {
          const readEntries = (_, failed) => failed(new Error("It is gone."));
          const entry = { name: "Films", createReader: () => ({ readEntries }) };
          DataTransferItem.prototype.webkitGetAsEntry = () => entry;
        }"""
    )
    drops(visit, tmp_path / "Films")
    visit.sees(".tray li.failed", "The browser cannot read it: It is gone.")
    visit.press("Cancel Films")
    visit.until("document.querySelector('.tray').hidden")
    assert visit.faults == []


def drops(visit: Visit, what: Path) -> None:
    """As from the desktop: a script cannot make such an event. One that does not come through is made again."""
    for _ in range(DROPS):
        dropped(visit, what)
        with suppress(AssertionError):
            return visit.until("!document.querySelector('.tray').hidden", seconds=10)
    pytest.fail("nothing was dropped")


def dropped(visit: Visit, what: Path) -> None:
    chromium = visit.page.context.new_cdp_session(visit.page)
    held = {"items": [], "files": [str(what)], "dragOperationsMask": 1}
    for event in ("dragEnter", "dragOver", "drop"):
        chromium.send("Input.dispatchDragEvent", {"type": event, "x": 500, "y": 500, "data": held})
        if event == "dragOver":
            visit.sees(".dropping", "Drop to upload")


def test_nobody_gets_in_without_a_key_and_the_address_does_not_keep_it(visit: Visit) -> None:
    visit.page.goto(visit.house.url)
    visit.sees("h1", "Sign in")
    visit.page.get_by_label("API key").fill("mp_wrong_key")
    visit.page.keyboard.press("Enter")
    visit.sees(".fault", "This key opens nothing here.")
    visit.page.get_by_label("API key").fill(visit.house.key)
    visit.press("Open the library")
    visit.sees("h1", "Library")
    visit.page.reload()
    visit.sees("h1", "Library")
    visit.comes()
    assert visit.house.key not in visit.page.url
    visit.press("Sign out")
    visit.sees("h1", "Sign in")
    assert visit.page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_can_use_it_on_any_screen(
    browser: Any, here: House, shots: Path, film: str, refused: str, screen: dict[str, int], theme: str
) -> None:
    phone = screen is PHONE
    context = browser.new_context(
        viewport=screen, color_scheme=theme, reduced_motion="reduce", has_touch=phone,
        device_scale_factor=2 if phone else 1,
    )  # fmt: skip
    visit = Visit(context.new_page(), here, shots)
    kind = f"{'phone' if phone else 'desktop'}-{theme}"
    visit.page.goto(here.url)
    visit.sees("h1", "Sign in")
    judged(visit, f"sign-in-{kind}")
    visit.comes().until("document.querySelector('.frame img.there') !== null")
    judged(visit, f"library-{kind}")
    visit.opens(film, "?q=fail").sees(".lines mark")
    visit.until("document.querySelector('.film span') !== null")
    visit.page.locator(".making summary").first.click()
    judged(visit, f"media-{kind}")
    visit.press("Delete")
    judged(visit, f"delete-{kind}")
    visit.opens(refused).sees(".plate.rejected")
    judged(visit, f"rejected-{kind}")
    visit.page.route("**/v1/media?*", lambda asked: asked.fulfill(json={"items": [], "next": None}))
    visit.comes().sees(".start")
    judged(visit, f"empty-{kind}")
    visit.page.evaluate("location.hash = '#/?state=cancelled'")
    visit.sees(".note h2")
    judged(visit, f"nothing-{kind}")
    context.close()


def judged(visit: Visit, name: str) -> None:
    """Nothing sticks out, and axe-core finds nothing serious."""
    visit.page.evaluate("scrollTo(0, 0)")
    visit.page.screenshot(path=visit.shots / f"{name}.png")
    assert visit.no_wider_than_the_screen(), name
    visit.page.evaluate((PLAYERS / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = visit.page.evaluate("axe.run()")["violations"]
    assert [(f["id"], [n["target"] for n in f["nodes"]]) for f in found if f["impact"] in SERIOUS] == [], name
