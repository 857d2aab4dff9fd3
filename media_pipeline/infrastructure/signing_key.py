"""The secret that our URLs are signed with."""

import os
import secrets
import uuid
from contextlib import suppress

from media_pipeline.infrastructure.settings import Settings

_BYTES = 32


def signing_key(settings: Settings) -> bytes:
    """As the settings have it, else out of a file that only this user can read, made on first use: any number of
    processes find the same one. Raises OSError where it can be neither read nor made."""
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value().encode()
    file = settings.signing_key_file
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
                written.write(secrets.token_bytes(_BYTES))
            with suppress(FileExistsError):  # somebody was first: theirs it is
                file.hardlink_to(new)
        finally:
            new.unlink(missing_ok=True)
    return file.read_bytes()
