"""What was published can be found: by the words that are said and shown in it, and by what is seen."""

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain import keys
from media_pipeline.domain.captions import clean, parsed
from media_pipeline.domain.manifest import Manifest


def index(manifest: Manifest, *, shelf: Shelf, catalogue: Catalogue) -> None:
    """Note what the media is found by beside its title. Raises Missing when it is gone from store or catalogue."""
    texts = [tag.name for tag in manifest.tags] + [chapter.title for chapter in manifest.chapters]
    for track in manifest.subtitles:
        vtt = shelf.store.read(shelf.bucket, keys.of_manifest(manifest.id, track.vtt))[0].decode()
        texts += [clean("\n".join(cue.lines)) for cue in parsed(vtt)]
    catalogue.describe(manifest.id, texts)
