"""Real servers for tests: SeaweedFS and Postgres, each started once and only where a test asks for it."""

import os
import signal
import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from media_pipeline_tests.postgres import Postgres, running

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

KEY, SECRET = "test", "test-secret"
BUCKETS = ("uploads", "media")
READY_SECONDS = 60
# Every port has a fixed default and a gRPC twin: move them all, or two servers of one machine meet.
PORTS = [f"{name}.port{kind}" for name in ("s3", "master", "filer", "volume", "admin") for kind in ("", ".grpc")]
COMMAND = [
    "mini",
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-master.telemetry=false",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.allowDeleteBucketNotEmpty=false",
    f"-bucket={','.join(BUCKETS)}",
]


def pytest_xdist_auto_num_workers() -> int:
    """Tests wait for programs as often as they compute: half as many again as there are cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores * 3 // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first: at the end, others would wait for the last of them."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


def pytest_configure() -> None:
    """Begun in the background by a script, we ignore Ctrl-C. After a run, Dagster treats the request to end as it found
    Ctrl-C treated; what is started then cannot be ended, and each step waits a minute for the programs of its logs."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def dagster_home() -> Iterator[None]:
    """What makes an instance ready says where it is, in the environment: that is nobody else's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # put back afterwards
        patch.delenv("DAGSTER_HOME")
        yield


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["S3Client"]:
    """A client of an S3 server with the buckets `uploads` and `media`, whatever tests left there."""
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as endpoint:
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
        )
        for bucket in BUCKETS:  # the server makes its own some moments after it says that it is ready
            with suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket=bucket)
        yield client


@pytest.fixture
def s3(s3_server: "S3Client") -> "S3Client":
    """A client of an S3 server with the buckets `uploads` and `media`, both empty."""
    for bucket in BUCKETS:
        for page in s3_server.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", []):
                s3_server.delete_object(Bucket=bucket, Key=found["Key"])
    return s3_server


def signing(s3: "S3Client") -> "S3Client":
    """A client that signs as those of a deployment do."""
    return boto3.client(
        "s3",
        endpoint_url=s3.meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3v4"),
    )


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The address of an emulator of SQS, and of S3 buckets that tell a queue of their objects. It checks no signature:
    for events, not for bytes."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def sqs(aws: str) -> "SQSClient":
    return boto3.client(
        "sqs", endpoint_url=aws, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A Postgres server with as many databases as tests ask for."""
    with running() as server:
        yield server


@contextmanager
def seaweedfs(home: Path) -> Iterator[str]:
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    command = [str(Path(sysconfig.get_path("scripts")) / "weed"), *COMMAND, f"-dir={home}"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    secrets = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    log = home.with_suffix(".log")
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=os.environ | secrets, stdout=output, stderr=subprocess.STDOUT, cwd=home)
    try:
        endpoint = f"http://127.0.0.1:{ports['s3.port']}"
        _wait(endpoint, server, log)
        yield endpoint
    finally:
        server.kill()  # nothing of it is kept, and a polite goodbye takes seconds
        server.wait()
        for port in ports.values():
            for stale in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                stale.unlink()


def _wait(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/healthz", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    pytest.fail(f"SeaweedFS did not start:\n{log.read_text(errors='replace')[-2000:]}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
