"""Somebody who sends files through a gateway, as its answers say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from starlette.testclient import TestClient

from media_pipeline.application.access import issue
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.job import Job
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.front import Front
from media_pipeline.infrastructure.outgoing import Outgoing
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline.infrastructure.s3_intake import S3Intake
from media_pipeline.infrastructure.signing_key import signing_key
from media_pipeline_tests.builders import NOW
from media_pipeline_tests.conftest import signing
from media_pipeline_tests.fakes import MemoryEngine
from media_pipeline_tests.gateway.tenants import no_redrive
from media_pipeline_tests.platform import platform

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass
class Sender:
    front: Front
    client: TestClient
    launched: list[Job]
    mine: dict[str, str] = field(init=False)
    """headers with a key of the tenant `acme`, for uploading"""

    def __post_init__(self) -> None:
        self.mine = self.key()

    def key(self, tenant: str = "acme", scope: Scope = Scope.UPLOAD) -> dict[str, str]:
        _, text = issue("test", tenant=tenant, scopes={scope}, keys=self.front.platform.keys, now=NOW)
        return {"Authorization": f"Bearer {text}"}

    def announce(self, size: int = 1000, *, once: str | None = None, **more: Any) -> Any:
        headers = self.mine | ({"Idempotency-Key": once} if once else {})
        return self.client.post("/v1/uploads", json={"filename": "clip.mp4", "size": size} | more, headers=headers)

    def begun(self, size: int = 1000, **more: Any) -> Any:
        answer = self.announce(size, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def put(self, part: Any, data: bytes | None = None) -> Any:
        """A part, to this gateway or to a store."""
        body = content(part) if data is None else data
        if "X-Amz" in part["url"]:
            return httpx.put(part["url"], content=body, headers=part["headers"])
        return self.client.put(part["url"], content=body, headers=part["headers"])

    def sent(self, size: int = 1000, **more: Any) -> Any:
        """An upload of which every part is here."""
        upload = self.begun(size, **more)
        for part in upload["parts"]:
            self.put(part).raise_for_status()
        return upload

    def ask(self, upload: Any, what: str = "", method: str = "GET", **more: Any) -> Any:
        return self.client.request(method, f"/v1/uploads/{upload['id']}{what}", **({"headers": self.mine} | more))

    def complete(self, upload: Any, **more: Any) -> Any:
        return self.ask(upload, "/complete", "POST", **more)

    def arrived(self, upload: Any) -> list[int]:
        return [part["number"] for part in self.ask(upload, "/parts").json()["arrived"]]

    def stored(self, upload: Any) -> bool:
        """Whether there is an object of it."""
        return any(True for _ in self.front.platform.store.list("uploads", f"{upload['id']}/"))


def content(part: Any) -> bytes:
    return bytes([part["number"]]) * int(part["size"])


def whole(upload: Any) -> bytes:
    return b"".join(content(part) for part in upload["parts"])


@contextmanager
def sending(home: Path, s3: "S3Client | None" = None, **settings: Any) -> Iterator[Sender]:
    """By a gateway of this machine, or one whose uploads go to S3. Its engine launches nothing."""
    built, launched, engine = platform(home, **settings), list[Job](), MemoryEngine()
    if s3 is not None:
        built = replace(built, store=S3Store(s3), intake=S3Intake(s3, signer=signing(s3)), receiver=None)
    outgoing, key = Outgoing(private=False), signing_key(None, home)
    front = Front(built, engine, engine.history, no_redrive, None, outgoing, key, launched.append)
    with TestClient(create_app(front)) as client:
        yield Sender(front, client, launched)
