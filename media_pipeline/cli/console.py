"""What every command needs: the platform in force, a job by its id, answers on stdout, errors with their exit code."""

import json
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from media_pipeline.defs.resources import Platform
    from media_pipeline.domain.job import Job

EXIT_USAGE = 64


def in_force() -> "Platform":
    """The platform that the environment describes, its catalogue up to date. Ends with a usage error."""
    from media_pipeline.defs.resources import from_environment, prepare

    try:
        platform = from_environment()
        prepare(platform.settings)
        return platform
    except ValueError as error:  # settings and recipes name the field at fault
        usage(str(error))


def graph(platform: "Platform") -> Any:
    """The job that makes everything from an upload."""
    from media_pipeline.definitions import build

    return build(platform).resolve_job_def("process_upload")


def found_job(platform: "Platform", media_id: str) -> "Job":
    """The current job of a media; ends where there is none."""
    from media_pipeline.domain.errors import Missing

    try:
        return platform.catalogue.job(media_id)
    except Missing:
        fail(f"No media has the id {media_id!r}. See: media-pipeline list")


def print_json(value: Any) -> None:
    """One line on stdout."""
    # A file's name may hold bytes that are no text; half surrogates then stand as JSON's own escapes.
    line = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace")
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


def until_interrupted() -> None:
    """Wait for Ctrl-C, or for whoever ends this process politely."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        return


def usage(message: str) -> NoReturn:
    """The command was not given what it needs."""
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_USAGE)


def fail(message: str) -> NoReturn:
    """What was asked for cannot be done."""
    typer.echo(message, err=True)
    raise typer.Exit(1)
