"""A person at the page, in a browser."""

from pathlib import Path
from typing import Any

from media_pipeline_tests.gateway.whole import PATIENCE_SECONDS, House


class Visit:
    """A person at the page. What the browser complains of is a fault."""

    def __init__(self, page: Any, house: House, shots: Path) -> None:
        self.page, self.house, self.shots = page, house, shots
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def comes(self) -> "Visit":
        self.page.goto(self.house.door)
        self.sees("h1")
        return self

    def opens(self, media_id: str, asked: str = "") -> "Visit":
        self.comes().page.evaluate("to => { location.hash = to }", f"#/media/{media_id}{asked}")
        return self

    def sees(self, what: str, text: str | None = None) -> Any:
        found = self.page.locator(what)
        found = found.filter(has_text=text) if text else found
        try:
            found.first.wait_for(state="visible")
        except Exception as never:
            raise AssertionError(f"{self.page.locator('body').inner_text()}\n{self.faults}") from never
        return found.first

    def until(self, condition: str, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Playwright's own waiting evaluates text in the page, which the policy forbids."""
        look = f"const look = () => {{ if ({condition}) done(); else setTimeout(look, 50); }}; look();"
        late = f"setTimeout(() => done('never came true'), {seconds * 1000});"
        assert not self.page.evaluate(f"() => new Promise((done) => {{ {late} {look} }})"), condition

    def plays(self) -> None:
        self.until("document.querySelector('video')")
        self.page.evaluate("globalThis.film = document.querySelector('video'); film.muted = true")
        self.page.get_by_role("button", name="Play", exact=True).first.click()
        self.until("film.currentTime > 0.5 && film.getVideoPlaybackQuality().totalVideoFrames > 5")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def chooses(self, *files: Path) -> None:
        self.page.locator("input[type=file]:not([webkitdirectory])").set_input_files(files)

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self.shots / f"{name}.png")

    def no_wider_than_the_screen(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
