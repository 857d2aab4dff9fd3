"""The page where uploads and media are in buckets: bytes go between the browser and the store, under two names that are
not the gateway's, by the rules for pages of other origins that a deployment sets."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import pytest

from media_pipeline.cli import cors
from media_pipeline.defs.resources import Platform
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline.infrastructure.s3_intake import S3Intake, signer
from media_pipeline_tests import media
from media_pipeline_tests.browsers import chromium
from media_pipeline_tests.conftest import KEY, SECRET
from media_pipeline_tests.gateway.visiting import Visit
from media_pipeline_tests.gateway.whole import House, house
from media_pipeline_tests.platform import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def here(tmp_path: Path, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    public = s3.meta.endpoint_url.replace("127.0.0.1", "localhost")

    def stored(built: Platform) -> Platform:
        signs = signer(public, "us-east-1")
        return replace(built, store=S3Store(s3, signs), intake=S3Intake(s3, signer=signs), receiver=None)

    with house(tmp_path / "home", stored) as found:
        rules = settings(
            tmp_path, resources="production", s3_endpoint=s3.meta.endpoint_url, s3_region="us-east-1",
            gateway_url=found.url,
        )  # fmt: skip
        list(cors.allow(rules, cors.wanted(rules)))
        yield found


def test_bytes_go_between_the_browser_and_the_store(here: House, tmp_path: Path) -> None:
    clip = media.make(
        tmp_path / "Beach.mp4", *media.picture(4, "640x360"), *media.beeps(440, 4), *media.h264(), "-c:a", "aac"
    )  # fmt: skip
    with chromium() as browser:
        visit = Visit(browser.new_page(), here, tmp_path)
        asked: list[tuple[str, SplitResult]] = []
        visit.page.on("request", lambda request: asked.append((request.method, urlsplit(request.url))))
        visit.comes().chooses(clip)
        visit.sees(".tray a", "Beach.mp4").click()
        visit.sees(".bay")
        visit.plays()
        visit.sees("h1", "Beach")
        assert visit.faults == []
    of_store = {(method, url.path.split("/")[1]) for method, url in asked if url.hostname == "localhost"}
    assert {("PUT", "uploads"), ("GET", "media")} <= of_store
    assert {url.hostname for method, url in asked if method == "PUT"} == {"localhost"}
