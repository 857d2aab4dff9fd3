"""`buckets` and `objects`: what a deployment on S3 begins with, and the copy of what it keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from media_pipeline.cli.console import fail, usage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from media_pipeline.infrastructure.bucket_copy import Copied
    from media_pipeline.infrastructure.settings import Settings

stores = typer.Typer()
objects = typer.Typer(no_args_is_help=True, help="Copy both buckets to a directory, and back.")
stores.add_typer(objects, name="objects")
_Directory = Annotated[Path, typer.Argument(help="Of the copy: what is there and unchanged is not copied again.")]


@stores.command()
def buckets(
    logs: Annotated[
        str | None, typer.Option(help="The bucket of step logs.", envvar="MEDIA_PIPELINE_LOGS_BUCKET")
    ] = None,
) -> None:
    """Make the buckets that are missing. Safe to repeat."""
    from botocore.exceptions import BotoCoreError, ClientError

    from media_pipeline.infrastructure.buckets import make

    settings, client = _of_s3()
    try:
        for bucket in dict.fromkeys([settings.uploads_bucket, settings.media_bucket, *([logs] if logs else [])]):
            typer.echo(f"{bucket}: {'made' if make(client, bucket) else 'there'}")
    except (BotoCoreError, ClientError) as error:
        fail(f"The store does not do that: {error}")


@objects.command()
def save(directory: _Directory) -> None:
    """Copy both buckets to a directory, while they are in use."""
    from media_pipeline.infrastructure import bucket_copy

    _copy(directory, bucket_copy.save)


@objects.command()
def load(directory: _Directory) -> None:
    """Put back what is missing or different. Exit code 1 where something came back with another ETag: it will be taken
    for a new upload."""
    from media_pipeline.infrastructure import bucket_copy

    if _copy(directory, bucket_copy.load):
        raise typer.Exit(1)


def _copy(directory: Path, work: Callable[["S3Client", str, Path], "Copied"]) -> int:
    """Do it with each bucket; how many objects are not what they were."""
    from botocore.exceptions import BotoCoreError, ClientError

    settings, client = _of_s3()
    changed = 0
    for bucket in dict.fromkeys([settings.uploads_bucket, settings.media_bucket]):
        try:
            done = work(client, bucket, directory / bucket)
        except (BotoCoreError, ClientError, OSError) as error:
            fail(f"{bucket}: {error}")
        typer.echo(f"{bucket}: {done.objects} objects, {done.bytes / 1e6:,.1f} MB; {done.moved} copied")
        for key in done.changed:
            typer.echo(f"{bucket}: changed: {key!r}", err=True)
        changed += len(done.changed)
    return changed


def _of_s3() -> tuple["Settings", "S3Client"]:
    from dagster_aws.s3 import S3Resource

    from media_pipeline.infrastructure.settings import from_environment

    try:
        settings = from_environment()
    except ValueError as error:
        usage(str(error))
    if settings.resources != "production":
        usage("MEDIA_PIPELINE_RESOURCES: only 'production' has buckets; a home directory is copied as it is")
    return settings, S3Resource(endpoint_url=settings.s3_endpoint, region_name=settings.s3_region).get_client()
