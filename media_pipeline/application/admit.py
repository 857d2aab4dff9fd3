"""Everything about trust: no stage looks at a byte that was not admitted here."""

import hashlib
import time
from pathlib import Path

from media_pipeline.application.outputs import opened
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import MediaTool
from media_pipeline.domain.admission import Limits, admit_content, admit_size
from media_pipeline.domain.admission import admit as admit_info
from media_pipeline.domain.profile import Profile, fingerprint
from media_pipeline.domain.results import Made, Source
from media_pipeline.domain.upload import Upload


def admit(
    upload: Upload,
    profile: Profile,
    *,
    limits: Limits,
    store: Store,
    tool: MediaTool,
    scratch: Path,
    promised: str | None = None,
    language: str | None = None,
) -> Source:
    """Probe one version in the sandbox and judge it. `promised`: the SHA-256 that its sender told. Raises BadMedia with
    the code of its fault."""
    began = time.monotonic()
    admit_size(upload.size, limits)
    with opened(upload, store=store, scratch=scratch) as path:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        admit_content(content, promised)
        info = tool.probe(path)
    admit_info(info, limits)
    made = Made(fingerprint("source"), tool.build, None, round(time.monotonic() - began, 3))
    return Source(upload, profile.name, info, made, content, language)
