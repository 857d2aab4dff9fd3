"""The command line. Heavy imports happen inside the commands, so that `--help` is quick."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from media_pipeline.cli.console import (
    EXIT_USAGE,
    fail,
    found_job,
    graph,
    in_force,
    print_json,
    until_interrupted,
    usage,
)
from media_pipeline.cli.keys import keys
from media_pipeline.cli.operating import operating
from media_pipeline.cli.stores import stores
from media_pipeline.domain.captions import BadSubtitles
from media_pipeline.domain.errors import MediaError
from media_pipeline.domain.media import TextKind

_TYPERS_USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Uploads in; streams, thumbnails, subtitles and tags out.",
)
app.add_typer(operating)
app.add_typer(stores)
app.add_typer(keys, name="keys")


@app.command()
def process(
    files: Annotated[list[Path], typer.Argument(help="Video or audio files.", show_default=False, readable=False)],
    profile: Annotated[str | None, typer.Option(help="What to make: a profile of the recipes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, nothing else.")] = False,
) -> None:
    """Process files on this machine, now. Exit code 2 if any was quarantined, else 1 if any was rejected, else 0; media
    that can be played count as a success, whatever task of theirs failed."""
    from media_pipeline.cli import display
    from media_pipeline.cli.process import exit_code
    from media_pipeline.cli.process import process as run
    from media_pipeline.infrastructure.dagster_engine import instance

    platform = in_force()
    chosen = platform.recipes.profiles.get(profile or platform.settings.profile)
    if chosen is None:
        usage(f"--profile: {profile!r} is not one of {', '.join(platform.recipes.profiles)}")
    for name in (signal.SIGINT, signal.SIGTERM):  # ended from outside: clean up as for Ctrl-C
        signal.signal(name, signal.default_int_handler)
    answers = []
    with instance(platform.settings.dagster_home) as dagster:
        for path in files:
            with display.live(path.name, shown=not as_json) as watch:
                answer = run(path, chosen, platform=platform, graph=graph(platform), instance=dagster, watch=watch)
            answers.append(answer)
            if as_json:
                print_json(answer.as_json(platform.manifest_codec.plain))
            else:
                display.summary(answer)
    raise typer.Exit(exit_code(answers))


@app.command()
def status(
    media_id: Annotated[str | None, typer.Argument(help="The media's id; without it, the newest jobs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """How a job and its tasks stand."""
    from media_pipeline.application.status import described, shown
    from media_pipeline.cli import display

    platform = in_force()
    if media_id is None:
        list_jobs(as_json=as_json)
        return
    job = found_job(platform, media_id)
    attempts = platform.catalogue.attempts(job.media_id, job.version)
    published = shown(platform.catalogue.versions(media_id))
    if as_json:
        print_json(described(job, attempts) | {"published": published})
    else:
        display.job(job, attempts, published)


@app.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only media with these words in title, tags, subtitles or on-screen text.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> None:
    """The newest jobs."""
    from media_pipeline.application.status import described
    from media_pipeline.cli import display
    from media_pipeline.domain.job import JobState
    from media_pipeline.domain.search import Filter, query

    if state is not None and state not in set(JobState):
        usage(f"--state: {state!r} is not one of {', '.join(JobState)}")
    try:
        text = query(search) if search is not None else None
    except ValueError as error:
        usage(f"--search: {error}")
    platform = in_force()
    jobs = platform.catalogue.jobs(Filter(state=JobState(state) if state else None, text=text), limit=limit)
    if as_json:
        for job in jobs:
            print_json(described(job, platform.catalogue.attempts(job.media_id, job.version)))
    else:
        display.jobs(jobs)


@app.command()
def cancel(media_id: Annotated[str, typer.Argument(help="The media's id.")]) -> None:
    """Stop a job, queued or running. What is already published stays."""
    from media_pipeline.application.cancel import cancel as stop
    from media_pipeline.infrastructure.dagster_engine import DagsterEngine, instance

    platform = in_force()
    before = found_job(platform, media_id)
    with instance(platform.settings.dagster_home) as dagster:
        engine = DagsterEngine(dagster)
        after = stop(media_id, catalogue=platform.catalogue, engine=engine, now=platform.now())
    typer.echo(f"{media_id}: {before.state} → {after.state}" if before.state != after.state else
               f"{media_id}: nothing to stop, it is {after.state}")  # fmt: skip


@app.command("open")
def open_media(
    media_id: Annotated[str, typer.Argument(help="The media's id.")],
    port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the default browser.")] = True,
) -> None:
    """Play the result on a local page, with subtitles, storyboard and tags."""
    import webbrowser

    from media_pipeline.application.publish import published
    from media_pipeline.cli.player import serve

    platform = in_force()
    job = found_job(platform, media_id)
    manifest = published(media_id, shelf=platform.shelf, codec=platform.manifest_codec)
    if manifest is None:
        fail(f"{media_id} is {job.state}: nothing is published. See: media-pipeline status {media_id}")
    with serve(
        manifest, job.title, store=platform.store, bucket=platform.settings.media_bucket,
        tool=platform.tool, port=port,
    ) as url:  # fmt: skip
        typer.echo(f"{url}   (Ctrl-C ends)", err=True)
        if browser:
            webbrowser.open(url)
        until_interrupted()


edits = typer.Typer(no_args_is_help=True, help="Set subtitles by hand: no run overwrites them.")
app.add_typer(edits, name="subtitles")
_Language = Annotated[str, typer.Option(help="A language tag, such as en or pt-BR.", show_default=False)]
_Kind = Annotated[TextKind, typer.Option(help="captions tell sounds too; forced ones are for everybody.")]


@edits.command("set")
def set_subtitles(
    media_id: Annotated[str, typer.Argument(help="The media's id.")],
    file: Annotated[Path, typer.Argument(help="WebVTT or SubRip, UTF-8.", exists=True, dir_okay=False)],
    language: _Language,
    kind: _Kind = "subtitles",
) -> None:
    """Publish a file in the place of what was heard or came with the media, in its language and of its kind."""
    from media_pipeline.cli.subtitles import put

    platform = in_force()
    _tell(lambda: put(platform, found_job(platform, media_id), file, language=language, kind=kind))


@edits.command("unset")
def unset_subtitles(
    media_id: Annotated[str, typer.Argument(help="The media's id.")], language: _Language, kind: _Kind = "subtitles"
) -> None:
    """Take a file back that was set by hand."""
    from media_pipeline.cli.subtitles import take_back

    platform = in_force()
    _tell(lambda: take_back(platform, found_job(platform, media_id), language=language, kind=kind))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """What is in force: tools, models, sandbox, storage, licences. Exit code 1 if something is missing."""
    from media_pipeline.cli import display
    from media_pipeline.cli.doctor import examine

    findings = examine(in_force())
    if as_json:
        print_json([f.as_json() for f in findings])
    else:
        display.findings(findings)
    raise typer.Exit(0 if all(f.ok for f in findings) else 1)


@app.command()
def dev(
    port: Annotated[int, typer.Option(help="Of Dagster's UI; a busy one gives way to the next free.")] = 3000,
    gateway_port: Annotated[int, typer.Option(help="Of the page and the API; likewise.")] = 8000,
) -> None:
    """Run everything on this machine: Dagster's UI and daemon, the sensor that watches the inbox, and the page."""
    from media_pipeline.cli.dev import run

    raise typer.Exit(run(in_force(), port=port, gateway_port=gateway_port))


@app.command()
def gateway(
    port: Annotated[int, typer.Option(help="A busy one gives way to the next free.")] = 8000,
    host: Annotated[str, typer.Option(help="Where to listen; beyond this machine only behind TLS.")] = "127.0.0.1",
    tell: Annotated[bool, typer.Option(help="Print the address and this machine's development key.")] = True,
    metrics_port: Annotated[int | None, typer.Option(help="Of its numbers for Prometheus; without it, none.")] = None,
) -> None:
    """Serve uploads, status, playback and the page over HTTP."""
    from media_pipeline.cli.gateway import serve
    from media_pipeline.cli.ports import free_port

    serve(in_force(), host=host, port=free_port(port), tell=tell, metrics_port=metrics_port)


@app.command()
def demo(
    to: Annotated[Path | None, typer.Argument(help="Where to write the clip; default: the home directory.")] = None,
) -> None:
    """Make a short clip with picture, speech and a title out of the demo packages, and print its path."""
    from media_pipeline.cli.demo import NoDemoMedia, make

    settings = in_force().settings
    clip = to or settings.home / "demo.mp4"
    try:
        if to or not clip.exists():
            make(clip, ffmpeg=settings.ffmpeg_path)
    except NoDemoMedia as missing:
        fail(str(missing))
    typer.echo(clip)


@app.command()
def validate() -> None:
    """Load the code location as Dagster would, and say what is wrong with it."""
    from media_pipeline.cli.dev import validate as check

    raise typer.Exit(check(in_force().settings))


def main() -> None:
    """The entry point: usage errors end with 64, as sysexits.h has it."""
    try:
        code = app(standalone_mode=False)
    except typer.Exit as end:  # raised by the commands
        code = end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("stopped", err=True)
        code = 130
    except MediaError as error:
        typer.echo(error.message, err=True)
        code = 1
    except TyperException as error:
        typer.echo(f"{error.format_message()}\nSee: media-pipeline --help", err=True)
        code = EXIT_USAGE if error.exit_code == _TYPERS_USAGE else error.exit_code
    sys.exit(code or 0)


def _tell(work: Callable[[], str]) -> None:
    """Do it and say what came of it; a file that is no good ends with its sentence."""
    try:
        typer.echo(work())
    except BadSubtitles as bad:
        fail(str(bad))


if __name__ == "__main__":
    main()
