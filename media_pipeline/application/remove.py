"""The right to be forgotten: everything made from an upload is erased, and a receipt says so."""

from datetime import datetime

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import Engine
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.uploads import Uploads
from media_pipeline.application.withdraw import stop
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import ERASED
from media_pipeline.domain.receipt import Receipt


def remove(
    media_id: str,
    *,
    with_source: bool = False,
    store: Store,
    shelf: Shelf,
    catalogue: Catalogue,
    uploads: Uploads,
    engine: Engine,
    now: datetime,
) -> Receipt:
    """Erase manifest, outputs and results of every version, the engine's runs, what was announced of the upload, and
    what the catalogue knows of the title and the key; `with_source` the uploaded object too. A tombstone stays, so that
    the same bytes are not taken up again. Once erased, the first receipt is the answer.

    What names the object goes last: whatever breaks off can be repeated. Raises Missing; Conflict when a run takes too
    long to end, Unavailable when its worker cannot be reached.
    """
    if receipt := catalogue.receipt(media_id):
        return receipt
    versions = catalogue.versions(media_id)
    if not versions:
        raise Missing("There is no such media.", detail=media_id)
    stop(versions, ERASED, catalogue=catalogue, engine=engine, now=now)
    runs = engine.forget(media_id)
    made = list(shelf.store.list(shelf.bucket, keys.media_prefix(media_id)))
    for first in (True, False):  # the manifest before what it names
        shelf.store.delete(shelf.bucket, [o.key for o in made if (o.key == keys.manifest(media_id)) is first])
    if with_source:
        store.delete(versions[0].bucket, [versions[0].key])
    uploads.forget(media_id)
    receipt = Receipt(media_id, now, len(versions), len(made), sum(o.size for o in made), runs, with_source)
    catalogue.erase(receipt)
    return receipt
