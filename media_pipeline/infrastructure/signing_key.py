"""The secret that signs addresses: given, or made once for this machine."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from media_pipeline.infrastructure.settings import Settings

_BYTES = 32


def of_settings(settings: Settings) -> bytes:
    """The secret of a deployment. Raises ValueError naming the setting at fault."""
    given = settings.signing_key
    return signing_key(given.get_secret_value() if given else None, settings.home)


def signing_key(given: str | None, home: Path) -> bytes:
    """What was given, else what `home` keeps in a file that only this user may read. Raises ValueError for a secret
    that is too short to be one."""
    if given is not None:
        if len(given) < _BYTES:
            raise ValueError(
                f"MEDIA_PIPELINE_SIGNING_KEY: at least {_BYTES} characters, such as `openssl rand -hex 32`"
            )
        return given.encode()
    return kept(home / "signing-key").encode()


def kept(file: Path) -> str:
    """The secret in a file, made now where there is none; any number of processes may ask at once."""
    with suppress(FileExistsError):
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as new:
            new.write(secrets.token_urlsafe(_BYTES))
        try:
            os.link(fresh, file)  # whole or not at all, and only one wins
        finally:
            fresh.unlink()
    return file.read_text()
