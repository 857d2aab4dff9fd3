"""Commands of whoever operates the pipeline: ask again, import, erase, sweep."""

from typing import Annotated

import typer

from media_pipeline.cli.console import found_job, graph, in_force, print_json, until_interrupted, usage

operating = typer.Typer()


@operating.command()
def redrive(
    ids: Annotated[list[str] | None, typer.Argument(help="The media's ids.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is quarantined or has a failed extra.")] = False,
    code: Annotated[str | None, typer.Option(help="All that failed with this code, rejected ones too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> None:
    """Ask again for what failed: only what is missing is redone, by the daemon of `media-pipeline dev`."""
    from dataclasses import asdict

    from media_pipeline.defs.redrive import Wanted, redriven
    from media_pipeline.infrastructure.dagster_engine import instance

    if not (ids or everything or code):
        usage("Say which: ids, --all or --code")
    platform = in_force()
    for media_id in ids or []:
        found_job(platform, media_id)
    with instance(platform.settings.dagster_home) as dagster:
        wanted = Wanted(ids=ids or [], code=code, all=everything)
        answers = redriven(wanted, platform, dagster, graph(platform))
    for answer in answers:
        if as_json:
            print_json(asdict(answer))
        else:
            typer.echo(f"{answer.media_id}: {answer.sentence}")
    if not answers and not as_json:
        typer.echo("Nothing failed.")


@operating.command("import")
def import_(
    prefix: Annotated[str, typer.Argument(help="Only keys that begin so; without it, the whole bucket.")] = "",
    per_minute: Annotated[int, typer.Option(min=1, help="Uploads registered a minute.")] = 60,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")] = False,
) -> None:
    """Import what is in the uploads bucket already, behind live work. Stopped, it goes on where it was."""
    from dataclasses import asdict

    from media_pipeline.cli.import_library import run, sentence

    far = run(
        in_force(), prefix, per_minute=per_minute, dry_run=dry_run,
        tell=lambda far: typer.echo(sentence(far, dry_run=dry_run), err=True),
    )  # fmt: skip
    if as_json:
        print_json(asdict(far) | {"dry_run": dry_run})
    else:
        typer.echo(sentence(far, dry_run=dry_run))


@operating.command()
def metrics(
    port: Annotated[int, typer.Option(help="0: any free port.")] = 9464,
    host: Annotated[str, typer.Option(help="Which address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the platform's numbers to Prometheus, until stopped: one for a deployment is enough, and has no state."""
    from media_pipeline.cli.metrics import exporter
    from media_pipeline.cli.scraped import served
    from media_pipeline.infrastructure.dagster_engine import instance

    platform = in_force()
    with (
        instance(platform.settings.dagster_home) as dagster,
        served(exporter(platform, dagster), host=host, port=port) as url,
    ):
        typer.echo(f"{url}   (Ctrl-C ends)", err=True)
        until_interrupted()


@operating.command()
def remove(
    media_id: Annotated[str, typer.Argument(help="The media's id.")],
    with_source: Annotated[bool, typer.Option("--with-source", help="Delete the uploaded object too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase everything made from an upload, for good; a receipt on stdout. Its source is not taken up again."""
    from media_pipeline.cli.remove import erased
    from media_pipeline.infrastructure.settings import FILES

    platform = in_force()
    job = found_job(platform, media_id)
    if with_source and job.bucket == FILES:
        usage("--with-source: a file that `process` read in place is yours to delete")
    also = ", and the uploaded object" if with_source else ""
    if not yes and not typer.confirm(f"Erase everything made from {media_id}{also}?", err=True):
        raise typer.Abort
    print_json(erased(platform, media_id, with_source=with_source).as_json())


@operating.command()
def cors(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be allowed.")] = False,
) -> None:
    """Let pages send uploads straight to S3, and play from there: those of MEDIA_PIPELINE_GATEWAY_URL and
    MEDIA_PIPELINE_GATEWAY_ORIGINS. What else the buckets allow stays."""
    from media_pipeline.cli.cors import allow, wanted

    settings = in_force().settings
    if settings.resources != "production":
        usage("There is no bucket: uploads go to the gateway itself")
    rules = wanted(settings)
    if not rules:
        usage("Say where pages are: MEDIA_PIPELINE_GATEWAY_URL, MEDIA_PIPELINE_GATEWAY_ORIGINS")
    for rule in rules if dry_run else allow(settings, rules):
        typer.echo(f"{rule.bucket}: {', '.join(rule.methods)} from {', '.join(rule.origins)}")


@operating.command()
def migrate(
    to: Annotated[
        str | None, typer.Option(help="A revision, such as 0010; older than now, it drops what newer ones added.")
    ] = None,
) -> None:
    """Bring the catalogue's tables up to date, and nothing else: before a new release starts. Safe to repeat."""
    from media_pipeline.defs.resources import prepare
    from media_pipeline.infrastructure.revisions import move
    from media_pipeline.infrastructure.settings import from_environment

    try:
        settings = from_environment()
        if to is None:
            prepare(settings)
        else:
            move(settings.database_url, to)
    except ValueError as error:
        usage(str(error))
    typer.echo(f"The catalogue is {f'at {to}' if to else 'up to date'}.")


@operating.command()
def gc(
    delete: Annotated[
        bool, typer.Option("--delete", "--yes", help="Delete it; without this it is only shown.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> None:
    """What no manifest names any more, after a time of grace. Nothing of what is being worked on."""
    from media_pipeline.cli.display import printable
    from media_pipeline.defs.upkeep import garbage_of
    from media_pipeline.infrastructure.dagster_engine import instance

    platform, objects, size = in_force(), 0, 0
    with instance(platform.settings.dagster_home) as dagster:
        for swept in garbage_of(platform, dagster, delete=delete):
            objects, size = objects + len(swept.objects), size + swept.bytes
            for each in swept.objects:
                if as_json:
                    print_json({"key": each.key, "bytes": each.size, "deleted": delete})
                else:
                    typer.echo(f"{each.size:>12,}  {printable(each.key)}")
    said = "deleted" if delete else "to delete (gc --delete does it)"
    typer.echo(f"{objects} objects, {size / 1e6:,.1f} MB {said}", err=True)
