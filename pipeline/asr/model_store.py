"""Speech models on this machine: which there are, whether a file is what it says, and fetching a published one."""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.asr.conversion import origin_of
from pipeline.asr.model_folders import MODEL_FILE
from pipeline.asr.sherpa_engine import MODEL_FILES, TOKENS_FILE
from pipeline.asr.whisper_model import checkpoint_folder, published_checkpoints, published_digest
from pipeline.audio.decode import sha256_of
from pipeline.errors import EngineError, ModelNotFoundError, UsageError

ENGLISH_ONLY = ".en"
_TIMEOUT_S = 30.0
_CHUNK_BYTES = 1 << 20


class Kind(StrEnum):
    """In which form a model lies here."""

    CHECKPOINT = "openai-whisper"
    CTRANSLATE2 = "CTranslate2"
    SHERPA = "sherpa-onnx"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model on this machine.

    Attributes:
        name: by which the setting ``model`` finds it; its path where no name does.
        kind: its form.
        path: of its file or folder.
        size_bytes: of all its files.
        origin: what a converted one was made from; empty otherwise.
    """

    name: str
    kind: Kind
    path: Path
    size_bytes: int
    origin: str = ""


def kind_at(path: Path) -> Kind | None:
    """The form of the model at a path, by the names of its files; None where there is none."""
    if path.is_file():
        return Kind.CHECKPOINT if path.suffix == ".pt" else None
    if (path / MODEL_FILE).is_file():
        return Kind.CTRANSLATE2
    if (path / TOKENS_FILE).is_file() and any((path / name).is_file() for name in MODEL_FILES):
        return Kind.SHERPA
    return None


def stored_models(cache: Path) -> Iterator[StoredModel]:
    """Models in openai-whisper's folder and in the folder for converted models, each in order of its name."""
    by_file = {address.rsplit("/", 1)[-1]: name for name, address in published_checkpoints().items()}
    for folder in (checkpoint_folder(), cache):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            kind = None if path.name.startswith(".") else kind_at(path)
            if kind is None:
                continue
            files = [path] if path.is_file() else [one for one in path.iterdir() if one.is_file()]
            named = by_file.get(path.name) if folder != cache else path.name if kind is not Kind.CHECKPOINT else None
            yield StoredModel(
                named or str(path), kind, path, sum(one.stat().st_size for one in files), _origin_text(path, kind)
            )


def _origin_text(path: Path, kind: Kind) -> str:
    if kind is not Kind.CTRANSLATE2:
        return ""
    try:
        origin = origin_of(path)
    except EngineError:
        return "its note is damaged: convert it again"
    return f"{origin['source']}, {origin['quantization']}" if {"source", "quantization"} <= set(origin) else ""


def pullable() -> tuple[str, ...]:
    """Published names that know Chinese."""
    return tuple(name for name in published_checkpoints() if not name.endswith(ENGLISH_ONLY))


def is_as_published(name: str, checkpoint: Path) -> bool:
    """Whether a checkpoint's bytes are those published under this name."""
    return sha256_of(checkpoint) == published_digest(name)


def pull(name: str, progress: Callable[[int, int | None], None] = lambda done, total: None) -> Path:
    """Fetch the published checkpoint of this name into openai-whisper's folder, unless it lies there.

    The SHA-256 that it must have is in openai-whisper itself; a file with another one is not kept.

    Args:
        name: one of ``pullable``.
        progress: told the bytes that are here and those that there will be, None where the server does not say.

    Raises:
        UsageError: there is no such name.
        ModelNotFoundError: the network cannot be reached; the text says what to copy where.
        EngineError: what came, or what lies there, is not the published file, or it cannot be written.
    """
    if name not in pullable():
        raise UsageError(f"there is no model {name!r} to pull; expected one of {', '.join(pullable())}")
    address, expected = published_checkpoints()[name], published_digest(name)
    target = checkpoint_folder() / address.rsplit("/", 1)[-1]
    if target.is_file():
        if sha256_of(target) == expected:
            return target
        raise EngineError(
            f"{str(target)!r} is not the published model {name} (its SHA-256 differs from {expected}); it may be "
            "damaged or another model: move it away and pull again"
        )
    by_hand = f"on a machine with a network fetch {address} (SHA-256 {expected}) and copy it to {str(target)!r}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file, part = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise EngineError(
            f"{str(target)!r} cannot be written ({error.strerror}); expected a folder with room"
        ) from error
    try:
        with open(file, "wb") as out:
            digest = _download(address, out.write, progress, by_hand)
        if digest != expected:
            raise EngineError(
                f"what {address} gave is not the published model {name} (SHA-256 {digest}, expected {expected}) and "
                f"was not kept; something on the way changed it: pull again, or {by_hand}"
            )
        os.chmod(part, 0o644)  # mkstemp's files are the owner's alone
        os.replace(part, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)
    return target


def _download(
    address: str, write: Callable[[bytes], object], progress: Callable[[int, int | None], None], by_hand: str
) -> str:
    """SHA-256 of what the address gives, written on the way."""
    digest, done = hashlib.sha256(), 0
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            while chunk := answer.read(_CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                try:
                    write(chunk)
                except OSError as error:
                    raise EngineError(
                        f"the model cannot be written ({error.strerror}) after {done >> 20} MiB; expected a disk with "
                        "room: make some and pull again"
                    ) from error
                progress(done, total)
    except urllib.error.HTTPError as error:
        raise ModelNotFoundError(f"{address} answers {error.code}; expected the model: {by_hand}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelNotFoundError(
            f"the network cannot be reached ({reason}); nothing was fetched. A pull needs a network, hearing does "
            f"not: {by_hand}"
        ) from error
    return digest.hexdigest()


def engine_for(path: Path, configured: str) -> str:
    """The engine that reads the model at a path; ``configured`` where it is a checkpoint or nothing is there."""
    return {Kind.SHERPA: "sherpa-onnx", Kind.CTRANSLATE2: "faster-whisper"}.get(
        kind_at(path) or Kind.CHECKPOINT, configured
    )
