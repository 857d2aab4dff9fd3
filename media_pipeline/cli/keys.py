"""`keys`: who may call the gateway."""

from typing import Annotated

import typer

from media_pipeline.cli.console import fail, in_force, print_json, usage
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.upload import DEFAULT_TENANT

keys = typer.Typer(no_args_is_help=True, help="API keys of the gateway: give out, list, revoke.")


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, in your words.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may; repeat for several.", show_default=False)],
    tenant: Annotated[str, typer.Option(help="Whose media it opens.")] = DEFAULT_TENANT,
) -> None:
    """Make a key and print it: it cannot be shown again."""
    from media_pipeline.application.access import issue

    platform = in_force()
    if tenant != DEFAULT_TENANT and not platform.settings.tenancy:
        usage("--tenant: several tenants need MEDIA_PIPELINE_TENANCY=true, which puts each below a folder of its own")
    try:
        _, text = issue(name, tenant=tenant, scopes=scope, keys=platform.keys, now=platform.now())
    except ValueError as error:
        usage(f"--tenant: {error}")
    typer.echo(text)


@keys.command("list")
def list_() -> None:
    """One JSON object a line: what is known of each key, which is not enough to use it."""
    for key in in_force().keys.all():
        print_json(
            {
                "id": key.id,
                "name": key.name,
                "tenant": key.tenant,
                "scopes": sorted(key.scopes),
                "created_at": key.created_at.isoformat(),
                "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
            }
        )


@keys.command()
def revoke(id: Annotated[str, typer.Argument(help="The middle part of the key: mp_<id>_…")]) -> None:
    """From now on this key opens nothing."""
    platform = in_force()
    try:
        platform.keys.revoke(id, at=platform.now())
    except Missing:
        fail(f"No key has the id {id!r}. See: media-pipeline keys list")
