"""What a deployment refuses to start with."""

from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.cli.display import printable
from media_pipeline.cli.doctor import examine
from media_pipeline.defs import resources
from media_pipeline.infrastructure.sandbox.modes import Mode
from media_pipeline.infrastructure.sandbox.proof import NoSandbox, Sandbox, in_force
from media_pipeline.infrastructure.settings import Settings
from media_pipeline_tests import sandbox
from media_pipeline_tests.fakes import MemoryHints
from media_pipeline_tests.platform import platform, settings


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return settings(tmp_path, resources="production", database=f"sqlite:///{tmp_path / 'db'}", sandbox="rlimits")


def test_production_refuses_the_weakest_sandbox_and_says_what_to_do(deployed: Settings) -> None:
    with pytest.raises(ValueError, match=r"MEDIA_PIPELINE_SANDBOX: .*bubblewrap.*MEDIA_PIPELINE_ALLOW_WEAK_SANDBOX"):
        resources.production(deployed)


def test_production_takes_the_weakest_sandbox_when_told_to(deployed: Settings) -> None:
    told = deployed.model_copy(update={"allow_weak_sandbox": True})
    assert resources.production(told).tool.build.endswith("(rlimits)")


@pytest.mark.parametrize("mode", sandbox.STRONG)
def test_production_takes_a_sandbox_that_holds(deployed: Settings, mode: str) -> None:
    assert resources.production(deployed.model_copy(update={"sandbox": mode})).tool.build.endswith(f"({mode})")


def test_the_weakest_sandbox_works_locally_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    here = platform(tmp_path, sandbox="rlimits")
    assert "the sandbox is weak" in caplog.text
    found = {f.name: f for f in examine(here)}["sandbox"]
    assert (found.value, found.ok) == ("rlimits", True)
    assert found.note.startswith("weak")


def test_a_sandbox_that_was_asked_for_and_does_not_hold_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no bubblewrap here
    in_force.cache_clear()
    try:
        with pytest.raises(NoSandbox, match="Install bubblewrap"):
            platform(tmp_path, sandbox="bubblewrap")
    finally:
        in_force.cache_clear()


def test_the_doctor_says_which_sandbox_is_in_force_and_why_none_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = platform(tmp_path)
    why = Sandbox(Mode.LANDLOCK, ("bubblewrap: not installed",))
    monkeypatch.setattr("media_pipeline.cli.doctor.in_force", lambda _: why)
    found = {f.name: f for f in examine(here)}["sandbox"]
    assert (found.value, found.note) == ("landlock", "proven at start; bubblewrap: not installed")


def test_the_doctor_asks_the_queue_of_events_where_there_is_one(tmp_path: Path) -> None:
    here, queue = platform(tmp_path), MemoryHints()
    queue.send("a")
    found = {f.name: f for f in examine(replace(here, hints=queue))}["events queue"]
    assert (found.value, found.ok) == ("1 message(s) waiting", True)
    assert "events queue" not in {f.name for f in examine(here)}


def test_a_name_cannot_steer_the_terminal_that_shows_it() -> None:
    assert printable("a\x1b]0;x\x07\r\nb\u202ec d é 名") == "a\ufffd]0;x\ufffd\ufffd\ufffdb\ufffdc d é 名"


def test_directories_are_listed_at_every_tick_and_let_files_settle(tmp_path: Path) -> None:
    here = platform(tmp_path)
    assert (here.inbox.settle_seconds, here.inbox.list_every_seconds, here.hints) == (30.0, 0.0, None)


@pytest.mark.parametrize(("queue", "rest"), [(None, 60.0), ("https://sqs.eu-central-1.amazonaws.com/1/uploads", 900.0)])
def test_objects_are_whole_and_listed_seldom_beside_events(deployed: Settings, queue: str | None, rest: float) -> None:
    told = deployed.model_copy(update={"allow_weak_sandbox": True, "events_queue": queue})
    here = resources.production(told)
    assert (here.inbox.settle_seconds, here.inbox.list_every_seconds) == (0.0, rest)
    assert (here.hints is None) == (queue is None)
    chosen = resources.production(told.model_copy(update={"list_every_seconds": 5.0, "settle_seconds": 1.0}))
    assert (chosen.inbox.settle_seconds, chosen.inbox.list_every_seconds) == (1.0, 5.0)


def test_what_is_listed_can_be_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_UPLOADS_PREFIXES", '["a/", "b/"]')
    monkeypatch.setenv("MEDIA_PIPELINE_IMPORT_BEFORE", "2026-09-01T00:00:00Z")
    found = Settings()
    assert found.uploads_prefixes == ("a/", "b/")
    assert found.import_before is not None
    monkeypatch.setenv("MEDIA_PIPELINE_IMPORT_BEFORE", "2026-09-01T00:00:00")
    with pytest.raises(ValueError, match="timezone"):
        Settings()
