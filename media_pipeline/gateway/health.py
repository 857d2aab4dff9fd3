"""Whether the gateway is there, and whether it can work. Without a key."""

from fastapi import APIRouter, Request

from media_pipeline.gateway.access import FrontDoor
from media_pipeline.gateway.background import failed
from media_pipeline.gateway.problems import Problem

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive(request: Request) -> dict[str, str]:
    """The process answers, and does what it does beside answering; 503 where only a new start helps."""
    if failed(request.app.state.background):
        raise Problem(503, "start-anew", "Work in the background has failed. It is in the log of the gateway.")
    return {"status": "ok"}


@router.get("/readyz")
def ready(front: FrontDoor) -> dict[str, str]:
    """The catalogue answers, too; 503 where it does not."""
    front.platform.catalogue.jobs(limit=1)
    return {"status": "ok"}
