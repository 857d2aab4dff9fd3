import json
from typing import Any

import pytest

from media_pipeline.domain.hints import BadMessage, Hint, hints


def record(key: str = "clip.mp4", *, source: str = "aws:s3", event: str = "ObjectCreated:Put", **extra: Any) -> Any:
    entity = {"bucket": {"name": "uploads", "arn": "arn:aws:s3:::uploads"}, "object": {"key": key, **extra}}
    return {"eventVersion": "2.1", "eventSource": source, "eventName": event, "s3": entity}


def s3(*records: Any) -> str:
    return json.dumps({"Records": records})


def sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:…", "Message": message})


def bridge(key: str, kind: str = "Object Created") -> str:
    detail = {"version": "0", "bucket": {"name": "uploads"}, "object": {"key": key, "sequencer": "0064"}}
    return json.dumps({"version": "0", "detail-type": kind, "source": "aws.s3", "detail": detail})


def seaweedfs(path: str, kind: str = "create", **message: Any) -> str:
    return json.dumps({"key": path, "event_type": kind, "message": {"new_entry": {"name": "x"}, **message}})


@pytest.mark.parametrize(
    "body",
    [
        s3(record(size=5, eTag="e", versionId="v", sequencer="0055")),
        s3(record(event="ObjectRemoved:Delete")),
        s3(record(), record()),
        s3(record(source="ceph:s3", size="5")),
        s3(record(source="minio:s3")),
        sns(s3(record())),
        s3(record(event="ObjectRestore:Completed")),
        bridge("clip.mp4"),
        bridge("clip.mp4", "Object Deleted"),
        sns(bridge("clip.mp4")),
        seaweedfs("/buckets/uploads/clip.mp4"),
        seaweedfs("/buckets/uploads/clip.mp4", "delete", new_entry=None),
    ],
)
def test_every_source_names_the_same_object(body: str) -> None:
    assert hints(body) == [Hint("uploads", "clip.mp4")]


def test_several_records_are_several_hints_each_once_and_in_their_order() -> None:
    assert [h.key for h in hints(s3(record("b"), record("a"), record("b")))] == ["b", "a"]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (s3(record("a+b%2Bc/%C3%BC%20x.mp4")), "a b+c/ü x.mp4"),
        (s3(record("a+b%2Bc.mp4", source="ceph:s3")), "a+b%2Bc.mp4"),
        (bridge("a+b%2Bc.mp4"), "a+b%2Bc.mp4"),
        (seaweedfs("/buckets/uploads/a+b%2Bc.mp4"), "a+b%2Bc.mp4"),
        (s3(record("100%.mp4")), "100%.mp4"),
        (s3(record("..%2F..%2Fetc/passwd")), "../../etc/passwd"),
    ],
)
def test_a_key_is_decoded_as_its_source_encodes_it(body: str, key: str) -> None:
    assert hints(body) == [Hint("uploads", key)]


def test_a_rename_is_a_hint_at_both_names() -> None:
    body = seaweedfs("/buckets/uploads/a/old.mp4", "rename", new_parent_path="/buckets/uploads/b")
    assert [h.key for h in hints(body)] == ["a/old.mp4", "b/x"]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"}),
        sns(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})),
        s3(),
        seaweedfs("/topics/x/y"),
    ],
)
def test_a_message_about_no_object_is_none_and_not_broken(body: str) -> None:
    assert hints(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "7", "{", '"text"', "{}", "\0", "not json", '{"Records": {}}', '{"Records": [7]}',
        s3({"s3": {"bucket": {"name": "uploads"}}}), s3(record(), {"s3": None}), s3({"s3": {"object": {"key": "x"}}}),
        json.dumps({"Records": [{"s3": {"bucket": {"name": 1}, "object": {"key": "x"}}}]}),
        sns("not json"), sns(sns(sns(sns(s3(record()))))), json.dumps({"detail": {"bucket": {"name": "uploads"}}}),
        "[" * 100_000, '{"Type": "Notification", "Message": 7}',
    ],
)  # fmt: skip
def test_a_message_that_names_nothing_is_broken_whole(body: str) -> None:
    with pytest.raises(BadMessage):
        hints(body)
