"""Whether the gateway is there, and whether it can work. The only routes without a key."""

from fastapi import APIRouter

from media_pipeline.gateway.access import FrontDoor

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(front: FrontDoor) -> dict[str, str]:
    """The catalogue answers, too; 503 where it does not."""
    front.platform.catalogue.jobs(limit=1)
    return {"status": "ok"}
