"""Which pages may use a bucket straight from a browser."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from media_pipeline.domain.errors import Missing
from media_pipeline.infrastructure.s3_errors import reading, writing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSRuleOutputTypeDef, CORSRuleUnionTypeDef

_SECONDS = 600  # that a browser remembers the answer


@dataclass(frozen=True, slots=True)
class Rule:
    """What pages of some origins may do with a bucket."""

    bucket: str
    name: str
    """of the rule: an older one of this name is replaced"""
    origins: tuple[str, ...]
    methods: tuple[str, ...]
    exposed: tuple[str, ...]
    """headers of answers that a page may read"""


def allow(client: "S3Client", rule: Rule) -> None:
    """Rules of other names stay. Raises Missing for a bucket that there is not."""
    others: list[CORSRuleUnionTypeDef] = [r for r in _rules(client, rule.bucket) if r.get("ID") != rule.name]
    with writing(rule.bucket, "…"):
        client.put_bucket_cors(Bucket=rule.bucket, CORSConfiguration={"CORSRules": [*others, _written(rule)]})


def is_allowed(client: "S3Client", rule: Rule) -> bool:
    """Whether a bucket has this very rule."""
    wanted = {name: value for name, value in _written(rule).items() if value}  # a store leaves out what is empty
    return any(wanted.items() <= found.items() for found in _rules(client, rule.bucket))


def _rules(client: "S3Client", bucket: str) -> "list[CORSRuleOutputTypeDef]":
    try:
        with reading(bucket, "…"):
            return client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except Missing:  # the bucket, as the next request will say; or only its rules
        return []


def _written(rule: Rule) -> "CORSRuleUnionTypeDef":
    return {
        "ID": rule.name,
        "AllowedOrigins": list(rule.origins),
        "AllowedMethods": list(rule.methods),
        "AllowedHeaders": ["*"],
        "ExposeHeaders": list(rule.exposed),
        "MaxAgeSeconds": _SECONDS,
    }
