"""The page as files: what it may load, how it is kept, that it is what its sources make, and that it can be read."""

import gzip
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from media_pipeline.gateway import page
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.front import Front
from media_pipeline_tests.browsers import PLAYERS
from media_pipeline_tests.gateway.tenants import tenants

FOLDER = Path(page.__file__).with_name("page")
OWN_BYTES = 50_000
"""of the page's own script as it is sent; hls.js comes beside it, when something is played"""
READABLE = 4.5
"""contrast of text (WCAG 2.2, 1.4.3)"""
VISIBLE = 3.0
"""contrast of what is no text: edges of controls, marks, bars (1.4.11)"""
TEXT = [
    *[(ink, on) for ink in ("ink", "soft", "bad") for on in ("ground", "sheet")],
    ("ink", "well"), ("soft", "well"), ("ink", "found"), ("ink", "bad-tint"), ("good", "ground"), ("good", "sheet"),
    ("on-yellow", "yellow"), ("on-danger", "danger"), ("bay-ink", "bay"), ("bay-soft", "bay"), ("bay-soft", "frame"),
    ("bay-ink", "bay-raised"), ("bay-soft", "bay-raised"), ("bay-ink", "bay-line"), ("bay-ink", "frame"),
]  # fmt: skip
MARKS = [
    ("edge", "sheet"), ("edge", "ground"), ("focus", "ground"), ("focus", "sheet"), ("yellow", "slot"),
    ("yellow", "bay"), ("yellow", "bay-raised"), ("hand", "bay-raised"), ("yellow", "frame"),
]  # fmt: skip


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return tenants(tmp_path, None).front


@pytest.fixture
def client(front: Front) -> Iterator[TestClient]:
    with TestClient(create_app(front)) as client:
        yield client


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (directive.split() for directive in policy.split("; "))}


def test_the_page_runs_no_script_but_ours_and_asks_nobody_else(client: TestClient) -> None:
    answer = client.get("/")
    policy = directives(answer.headers["content-security-policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert policy["media-src"] == ["'self'", "blob:"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", answer.text)


def test_bytes_go_to_and_come_from_the_address_that_the_store_signs_for(front: Front, tmp_path: Path) -> None:
    class Signing:
        def link(self, bucket: str, key: str, *, until: datetime, content_type: str) -> str:
            return f"https://{bucket}.objects.example:9000/{key}?signature=x"

    there = replace(front, platform=replace(front.platform, store=Signing()))  # type: ignore[arg-type]
    with TestClient(create_app(there)) as client:
        policy = directives(client.get("/").headers["content-security-policy"])
    origins = ["'self'", "https://media.objects.example:9000", "https://uploads.objects.example:9000"]
    assert policy["connect-src"] == policy["img-src"] == origins
    assert policy["media-src"] == [*origins, "blob:"]
    assert policy["script-src"] == ["'self'"]


def test_what_the_page_names_is_there_and_kept_for_ever(client: TestClient) -> None:
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', client.get("/").text)
    assert {Path(name).suffix for name in named} == {".js", ".css", ".svg"}
    for name in named:
        answer = client.get(name, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.content == (page.DIST / name.lstrip("/")).read_bytes()


def test_what_packs_well_is_sent_packed_to_whoever_can_read_it(client: TestClient) -> None:
    (hls,) = (page.DIST / "assets").glob("hls-*.js")
    with client.stream("GET", f"/assets/{hls.name}", headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"].startswith("Accept-Encoding")
    assert gzip.decompress(sent) == hls.read_bytes()
    assert len(sent) < hls.stat().st_size / 2


@pytest.mark.parametrize("name", ["..%2Findex.html", "app.js", "..%2f..%2fbuild.mjs", "%00"])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_the_pages_own_script_is_small() -> None:
    scripts = [path for path in (page.DIST / "assets").glob("*.js") if not path.name.startswith("hls-")]
    assert scripts
    assert sum(path.stat().st_size for path in scripts) < OWN_BYTES


@pytest.mark.slow
def test_the_committed_bundle_is_what_the_sources_make(tmp_path: Path) -> None:
    if shutil.which("node") is None or not (FOLDER / "node_modules").is_dir():
        reason = "THE PAGE'S BUNDLE WAS NOT CHECKED: Node or its packages are missing; run `make page`"
        if os.environ.get("MEDIA_PIPELINE_REQUIRE_PLAYERS"):
            pytest.fail(reason)
        pytest.skip(reason)
    subprocess.run(["node_modules/.bin/tsc", "--noEmit"], cwd=FOLDER, check=True)
    subprocess.run(["node", "build.mjs", str(tmp_path / "dist")], cwd=FOLDER, check=True)
    assert files(page.DIST) == files(tmp_path / "dist"), "run `make page` and commit what it made"


def test_one_hls_js_plays_everywhere() -> None:
    here, there = (json.loads((of / "package.json").read_text()) for of in (FOLDER, PLAYERS))
    assert here["dependencies"]["hls.js"] == there["dependencies"]["hls.js"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def colours() -> dict[str, tuple[str, str]]:
    """By name, in light and in dark."""
    text = (FOLDER / "src" / "tokens.css").read_text()
    found = re.findall(r"--([\w-]+): (?:light-dark\((\S+), (\S+)\)|(#\w{6}));", text)
    return {name: (light or both, dark or both) for name, light, dark, both in found}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("pair", "least"), [(pair, READABLE) for pair in TEXT] + [(pair, VISIBLE) for pair in MARKS], ids=str
)
def test_everybody_can_read_it(colours: dict[str, Any], pair: tuple[str, str], least: float, theme: int) -> None:
    one, other = (luminance(colours[name][theme]) for name in pair)
    assert (max(one, other) + 0.05) / (min(one, other) + 0.05) >= least


def luminance(colour: str) -> float:
    """Relative, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
