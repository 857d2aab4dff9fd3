"""`keys`: given out, listed, revoked."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from media_pipeline.application.access import identify
from media_pipeline.cli.main import app
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.caller import Caller, Scope
from media_pipeline.domain.errors import Denied
from media_pipeline_tests.platform import platform

CLI = CliRunner()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("MEDIA_PIPELINE_HOME", str(tmp_path))
    return platform(tmp_path)


def listed() -> list[Any]:
    return [json.loads(line) for line in CLI.invoke(app, ["keys", "list"]).stdout.splitlines()]


def test_a_key_is_printed_once_and_opens_until_it_is_revoked(here: Platform) -> None:
    made = CLI.invoke(app, ["keys", "create", "the site", "--scope", "read", "--scope", "upload"])
    text = made.stdout.strip()
    assert (made.exit_code, text.count("\n")) == (0, 0)
    assert identify(text, keys=here.keys) == Caller("the site", "default", frozenset({Scope.READ, Scope.UPLOAD}))
    (told,) = listed()
    assert (told["name"], told["tenant"], told["scopes"], told["revoked_at"]) == (
        "the site", "default", ["read", "upload"], None
    )  # fmt: skip
    secret = text.split("_", 2)[2]
    assert secret not in json.dumps(told)
    assert secret not in (here.settings.home / "catalogue.db").read_bytes().decode("latin-1")
    assert CLI.invoke(app, ["keys", "revoke", told["id"]]).exit_code == 0
    with pytest.raises(Denied):
        identify(text, keys=here.keys)
    assert listed()[0]["revoked_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "x", "--scope", "read", "--tenant", "acme"], "MEDIA_PIPELINE_TENANCY"),
        (["create", "x", "--scope", "everything"], ""),
        (["create", "x"], ""),
        (["revoke", "unknown"], "No key has the id"),
    ],
)
def test_what_cannot_be_is_said(here: Platform, arguments: list[str], said: str) -> None:
    answer = CLI.invoke(app, ["keys", *arguments])
    assert answer.exit_code != 0
    assert said in answer.stderr
    assert listed() == []


def test_a_tenant_has_to_be_a_folder(here: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_TENANCY", "true")
    assert CLI.invoke(app, ["keys", "create", "x", "--scope", "read", "--tenant", "../x"]).exit_code == 64
    assert CLI.invoke(app, ["keys", "create", "x", "--scope", "read", "--tenant", "acme"]).exit_code == 0
    assert [key["tenant"] for key in listed()] == ["acme"]
