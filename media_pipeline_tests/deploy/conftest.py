"""What the tests of the deployment share."""

from pathlib import Path

import pytest

from media_pipeline.cli.main import app
from media_pipeline_tests.deploy.tree import SECRETS


@pytest.fixture(scope="session")
def known_commands() -> set[str]:
    """The names of our commands and groups of commands."""
    from typer.main import get_command

    found = get_command(app)
    return set(getattr(found, "commands", {}))


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of secrets, each with a text that stands nowhere else."""
    directory = tmp_path_factory.mktemp("secrets")
    for name in SECRETS:
        (directory / name).write_text(f"the-{name}-itself")
    return directory
