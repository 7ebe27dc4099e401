"""The seeds of the draw: in one file that only its owner can read; everything else knows them by their id."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pipeline.errors import ConfigurationError
from quality.draw import Seed

SEED_BYTES = 32

HEADER = (
    "# Seeds of the queue draw, one a line, the newest last. Whoever knows them can foresee which calls are heard:\n"
    "# keep them from agents and reviewers. Draws of a month that has begun need its seed: keep a copy in safety.\n"
)


def newest_seed(path: Path) -> Seed:
    """The seed for what begins now; the file is made with a fresh one where there is none.

    Raises:
        ConfigurationError: the file cannot be made or read, others can read it, or it holds no seed.
    """
    if not path.exists():
        add_seed(path)
    return _seeds(path)[-1]


def seed_of_id(path: Path, seed_id: str) -> Seed:
    """The seed with which something was begun.

    Raises:
        ConfigurationError: it is not in the file, or the file cannot be read.
    """
    known = _seeds(path) if path.exists() else []
    for seed in known:
        if seed.id == seed_id:
            return seed
    raise ConfigurationError(
        f"the seed file {path} does not hold seed {seed_id}, with which the month was begun (it holds "
        f"{', '.join(seed.id for seed in known) or 'none'}). Put back the file that was in use then (setting "
        f"draw_seed_file), or end the month with `tingjian queue close`: later calls then get a seed of their own."
    )


def add_seed(path: Path) -> Seed:
    """Add a fresh seed, which months that begin from now on use.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    secret = secrets.token_bytes(SEED_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="ascii") as lines:
            if not lines.tell():
                lines.write(HEADER)
            lines.write(secret.hex() + "\n")
    except OSError as error:
        raise ConfigurationError(
            f"the seed file {path} cannot be written ({error.strerror}); expected a place that only this user can "
            f"read. Set TINGJIAN_DRAW_SEED_FILE."
        ) from error
    return Seed(secret)


def _seeds(path: Path) -> list[Seed]:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the seed file {path} cannot be read; expected seeds in hexadecimal, one a line. Set draw_seed_file."
        ) from error
    if mode & 0o077:
        raise ConfigurationError(
            f"the seed file {path} can be read or written by others (mode {mode & 0o777:o}); expected 600, since "
            f"whoever reads it can foresee the draw. Run `chmod 600` on it, then `tingjian queue seed --new`."
        )
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            found.append(Seed(bytes.fromhex(line.strip())))
        except ValueError:
            # What stands there may be half a seed, so it is not repeated.
            raise ConfigurationError(
                f"the seed file {path} line {number} is not hexadecimal; expected one seed a line. Restore the file."
            ) from None
    if not found:
        raise ConfigurationError(
            f"the seed file {path} holds no seed; expected one or more. Run `tingjian queue seed --new`."
        )
    return found
