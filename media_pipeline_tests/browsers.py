"""Debian's Chromium or Google's Chrome, which have the codecs. Playwright drives it because it waits for conditions
inside the page, and downloads nothing when told where the browser is. The players come from npm: `make players`
installs all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PLAYERS = Path(__file__).parent / "players"
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


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test that asks is skipped aloud without one, or fails where players are required."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        absent("neither Chromium nor Chrome is installed")
    if not (PLAYERS / "node_modules").is_dir():
        absent("the players are not installed")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        absent("Playwright is not installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def absent(what: str) -> None:
    """Skips aloud; fails where the players are required."""
    reason = f"NOT PROVEN IN PLAYERS: {what}; run `make players`"
    if os.environ.get("MEDIA_PIPELINE_REQUIRE_PLAYERS"):
        pytest.fail(reason)
    pytest.skip(reason)
