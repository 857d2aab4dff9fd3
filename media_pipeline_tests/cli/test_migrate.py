from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from media_pipeline.cli.main import app

CLI = CliRunner()


def test_a_database_gets_its_tables_and_nothing_else_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the store: a migration runs where there may be none yet."""
    monkeypatch.setenv("MEDIA_PIPELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDIA_PIPELINE_DATABASE", f"sqlite:///{tmp_path}/catalogue.db")
    monkeypatch.setenv("MEDIA_PIPELINE_RESOURCES", "production")
    for _ in range(2):
        answer = CLI.invoke(app, ["migrate"])
        assert (answer.exit_code, answer.stdout) == (0, "The catalogue is up to date.\n")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/catalogue.db")
    assert {"jobs", "tasks"} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_settings_that_are_wrong_are_a_mistake_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_HOMES", "/nowhere")
    answer = CLI.invoke(app, ["migrate"])
    assert answer.exit_code == 64
