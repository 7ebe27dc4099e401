"""Where speech models lie on this machine: CTranslate2 folders by path or name, checkpoints converted on first use."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.asr.conversion import FORMAT, convert_checkpoint, origin_of
from pipeline.asr.whisper_model import Profile, find_checkpoint, profile_from, read_profile
from pipeline.audio.decode import sha256_of
from pipeline.errors import EngineError, ModelNotFoundError

MODEL_FILE = "model.bin"
NEEDED_FILES = (MODEL_FILE, "config.json", "tokenizer.json")
"""Without these in a folder faster-whisper cannot start, or would ask the network."""


def default_cache() -> Path:
    """The user's cache folder for models."""
    return Path(os.getenv("XDG_CACHE_HOME") or Path.home() / ".cache") / "tingjian" / "models"


def find_model(model: str | None, cache: Path | None = None) -> Path:
    """The CTranslate2 folder of a model; made now where there is only the checkpoint.

    Args:
        model: path of a folder; path of an openai-whisper ``.pt`` file; or a name: of a folder in ``cache``, else of a
            checkpoint in openai-whisper's cache folder.
        cache: folder for converted models; None for ``default_cache``.

    Raises:
        ModelNotFoundError: the model is not on this machine; nothing is downloaded.
        EngineError: the checkpoint cannot be converted.
    """
    cache = cache or default_cache()
    if not model:
        raise ModelNotFoundError(
            "the engine faster-whisper needs a speech model and none was named; expected a CTranslate2 folder, an "
            "openai-whisper checkpoint (.pt) or a name such as small: set model"
        )
    path = Path(model).expanduser()
    for folder in (path, cache / model):
        if folder.is_dir():
            missing = [name for name in NEEDED_FILES if not (folder / name).is_file()]
            if not missing:
                return folder
            if folder == path:
                raise ModelNotFoundError(
                    f"speech model {model!r} is a folder without {', '.join(missing)}; expected a CTranslate2 model: "
                    "copy the whole folder, or make one with tingjian models convert CHECKPOINT"
                )
    checkpoint = find_checkpoint(model)
    folder = cache / cache_name(checkpoint)
    if not (folder / MODEL_FILE).is_file():
        with _alone(folder):
            # A worker beside this one may have made it meanwhile: a large model must not be converted by all at once.
            if not (folder / MODEL_FILE).is_file():
                convert_checkpoint(checkpoint, folder)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same folder; the system lifts the lock of a process that dies."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / f".{folder.name}.lock").open("w")
    except OSError as error:
        raise EngineError(
            f"folder {str(folder.parent)!r} for converted models cannot be written ({error.strerror}); expected a "
            "folder with room: set model_cache, or convert with tingjian models convert and name the folder as model"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cache_name(checkpoint: Path) -> str:
    """Name of the folder into which a checkpoint is converted: another checkpoint or profile gives another name."""
    digest = hashlib.sha256(f"{FORMAT} {sha256_of(checkpoint)} {read_profile(checkpoint)}".encode()).hexdigest()
    return f"{checkpoint.stem}-{digest[:16]}"


def profile_of(folder: Path) -> Profile:
    """How windows are packed for a folder: as its checkpoint's profile said, the defaults for a foreign folder.

    Raises:
        EngineError: the folder's note is damaged.
    """
    origin = origin_of(folder)
    if "profile" not in origin:
        return Profile(folder.name)
    return profile_from(origin["profile"], folder / "tingjian.json")


def digest_of_folder(folder: Path) -> str:
    """SHA-256 over the files of a model folder, names included."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            digest.update(f"{path.name}\n{sha256_of(path)}\n".encode())
    return digest.hexdigest()
