from collections.abc import Callable
from dataclasses import replace

import pytest

from media_pipeline.application import import_library as module
from media_pipeline.application.import_library import Imported, import_library
from media_pipeline.application.inbox import Inbox
from media_pipeline.application.register import register
from media_pipeline.domain.job import Origin
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure import recipes
from media_pipeline_tests.application.test_discover import Store
from media_pipeline_tests.builders import NOW
from media_pipeline_tests.fakes import MemoryCatalogue

PROFILE = recipes.load().profiles["default"]


class Library:
    """A bucket of 25 uploads and some other things, in pages of ten."""

    def __init__(self) -> None:
        self.store, self.catalogue, self.paces = Store(), MemoryCatalogue(), 0
        for key in [*(f"old/{n:02}.mp4" for n in range(20)), *(f"new/{n}.mp4" for n in range(5)), "old/", "x.part"]:
            self.store.write("uploads", key, b"1234", content_type="video/mp4")
        self.store.classes = {"old/07.mp4": "DEEP_ARCHIVE"}

    def run(self, prefix: str = "", stop: Callable[[Imported], bool] = lambda _: False) -> Imported:
        far = Imported()
        steps = import_library(
            prefix, Inbox("uploads"), store=self.store, catalogue=self.catalogue, register=self.register, pace=self.pace
        )
        for far in steps:
            if stop(far):
                break
        return far

    def register(self, obj: StoredObject) -> None:
        register(obj, profile=PROFILE, catalogue=self.catalogue, now=NOW, origin=Origin.IMPORT)

    def pace(self) -> None:
        self.paces += 1


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr(module, "PAGE", 10)
    return Library()


def test_everything_that_is_an_upload_is_imported_at_its_pace(library: Library) -> None:
    far = library.run()
    assert far == Imported(seen=27, no_uploads=2, known=0, archived=1, new=24, new_bytes=96)
    assert library.paces == 24
    assert {j.origin for j in library.catalogue.jobs(limit=100)} == {Origin.IMPORT}


def test_an_import_that_is_stopped_goes_on_and_one_that_is_repeated_does_nothing(library: Library) -> None:
    assert library.run(stop=lambda far: far.new == 9).new == 9
    assert library.run() == Imported(seen=27, no_uploads=2, known=9, archived=1, new=15, new_bytes=60)
    assert replace(library.run(), seen=0) == Imported(no_uploads=2, known=24, archived=1)


def test_only_what_is_under_the_prefix_is_imported(library: Library) -> None:
    assert library.run("new/").new == 5
    assert {j.key[:4] for j in library.catalogue.jobs(limit=100)} == {"new/"}
