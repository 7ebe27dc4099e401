"""The secret that signs sessions: in one file that only its owner can read, made when the pages are first served."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pipeline.errors import ConfigurationError


def web_secret(path: Path) -> str:
    """The secret of this installation, or one for this process alone where the pages were never served."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    return text or secrets.token_urlsafe(48)


def make_web_secret(path: Path) -> None:
    """See to it that there is a secret, readable by its owner alone.

    Raises:
        ConfigurationError: the file cannot be made, or others can read it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            mode = path.stat().st_mode
            if mode & 0o077:
                raise ConfigurationError(
                    f"the secret file {path} can be read or written by others (mode {mode & 0o777:o}); expected 600. "
                    f"Run: chmod 600 {path}"
                ) from None
            return
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
    except OSError as error:
        raise ConfigurationError(
            f"the secret file {path} cannot be made ({error.strerror}); expected a place that this user can write. "
            f"Set TINGJIAN_WEB_SECRET_FILE."
        ) from error
