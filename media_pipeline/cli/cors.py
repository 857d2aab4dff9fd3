"""`cors`: what a deployment's pages need of its buckets."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from media_pipeline.infrastructure import s3_cors
from media_pipeline.infrastructure.s3_cors import Rule
from media_pipeline.infrastructure.s3_intake import signer
from media_pipeline.infrastructure.settings import Settings


def wanted(settings: Settings) -> list[Rule]:
    """Sending for the pages that are named. Playing for every page: addresses are signed, and a browser that was
    redirected to one says no origin."""
    own = urlsplit(settings.gateway_url) if settings.gateway_url else None
    origins = (*([f"{own.scheme}://{own.netloc}"] if own else []), *settings.gateway_origins)
    if not origins:
        return []
    played = ("ETag", "Content-Length", "Content-Range", "Accept-Ranges")
    return [
        Rule(settings.uploads_bucket, "media-pipeline-uploads", origins, ("PUT",), ("ETag",)),
        Rule(settings.media_bucket, "media-pipeline-playback", ("*",), ("GET", "HEAD"), played),
    ]


def allow(settings: Settings, rules: Sequence[Rule]) -> Iterator[Rule]:
    """Each rule as it is set."""
    client = signer(settings.s3_endpoint, settings.s3_region)
    for rule in rules:
        s3_cors.allow(client, rule)
        yield rule


def lacking(settings: Settings) -> list[Rule]:
    """The rules that the buckets do not have."""
    client = signer(settings.s3_endpoint, settings.s3_region)
    return [rule for rule in wanted(settings) if not s3_cors.is_allowed(client, rule)]
