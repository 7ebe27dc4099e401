"""What recordings are assessed with, known without loading any of it: the key by which a night sees what is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.settings import Settings
from flows import job
from pipeline.errors import ModelNotFoundError
from pipeline.version import CODE_VERSION

if TYPE_CHECKING:
    from pipeline.rules import Rulebook


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that changes an assessment, apart from the recording and its metadata.

    ``initialiser`` and ``settings`` tell a worker how to load it.
    """

    engine: str
    model_digest: str
    detector: str
    rulebook: str
    rulebook_version: str
    rulebook_sha256: str
    default_agent_channel: int
    code_version: str
    initialiser: str
    settings: dict[str, Any]
    hot_words: tuple[str, ...] = ()
    precision: str = ""
    """Device and precision of the engine; rounding may change a character."""
    voices: str = ""
    """Digest of the models that tell two voices on one channel apart."""

    @property
    def stage_version(self) -> str:
        """A short name of all of that; where model and rulebook lie does not matter."""
        return stage_version_of(self.contents())

    @property
    def hearing(self) -> str:
        """A short name of what decides about turns and words alone: calls heard with it need not be heard again.

        The engine's options follow from engine, model, settings and code, so that it can be told without loading it.
        """
        rulebook = ("rulebook", "rulebook_version", "rulebook_sha256")
        values = {name: value for name, value in self.contents().items() if name not in rulebook}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def hears_sidecars(self) -> bool:
        """Whether transcripts beside the recordings are a part of what is assessed."""
        return self.engine.partition(":")[0] == "sidecar"

    def contents(self) -> dict[str, Any]:
        """The recipe as plain values, without the way to load it."""
        values = asdict(self)
        del values["settings"], values["initialiser"]
        for name in ("hot_words", "precision", "voices"):
            if not values[name]:
                del values[name]
        return values


def stage_version_of(contents: Mapping[str, Any]) -> str:
    """The short name of a recipe's contents."""
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:16]


def make_recipe(settings: Settings) -> Recipe:
    """The recipe of an installation's settings.

    Raises:
        UsageError: model or rulebook is not to be had; the text says what to do.
    """
    from pipeline.asr.engine import EngineSettings
    from pipeline.audio.sherpa_speakers import digest_of
    from pipeline.rules import load_rulebook

    EngineSettings.from_values(settings.engine_settings())  # wrong ones are told before any worker starts
    model = settings.model_for_engine()
    rulebook = load_rulebook(settings.rulebook)
    hot_words = hot_words_of(settings, rulebook)
    return Recipe(
        engine=settings.engine,
        model_digest=_digest_of_model(settings, model),
        detector=settings.vad,
        rulebook=rulebook.name,
        rulebook_version=rulebook.version,
        rulebook_sha256=rulebook.sha256,
        default_agent_channel=settings.default_agent_channel,
        code_version=CODE_VERSION,
        initialiser=job.INITIALISER,
        settings={
            "engine": settings.engine,
            "model": _place(model) if model else None,
            "detector": settings.vad,
            "rulebook": _place(settings.rulebook),
            "threads": settings.threads_per_worker,
            "default_agent_channel": settings.default_agent_channel,
            "engine_settings": settings.engine_settings(),
            **({"hot_words": list(hot_words)} if hot_words else {}),
            **({"voices_model": _place(settings.voices_model)} if settings.voices_model else {}),
        },
        voices=digest_of(settings.voices_model) if settings.voices_model else "",
        hot_words=hot_words,
        precision=f"{settings.device} {settings.precision}" if model else "",
    )


def hot_words_of(settings: Settings, rulebook: Rulebook) -> tuple[str, ...]:
    """The hot words of an installation: its list, and the rulebook's phrases where it asks for them.

    Raises:
        ConfigurationError: the list cannot be used.
    """
    from pipeline.asr.hot_words import choose_hot_words, read_hot_words
    from pipeline.rules.phrases import spoken_phrases

    listed = read_hot_words(Path(settings.hot_words).expanduser()) if settings.hot_words else ()
    return choose_hot_words(listed, spoken_phrases(rulebook) if settings.hot_words_from_rulebook else ())


def _digest_of_model(settings: Settings, model: str | None) -> str:
    """SHA-256 over a model's file and the profile beside it, or over its folder; empty for an engine without a model.

    A checkpoint counts as itself, also where an engine converts it first. Only a model given by its published name
    needs the engine's library to be found.
    """
    model = settings.engine.partition(":")[2] or model
    if not model:
        return ""
    path = Path(model).expanduser()
    if not path.is_file():
        from pipeline.asr.model_folders import digest_of_folder
        from pipeline.asr.whisper_model import find_checkpoint

        folder = next((one for one in (path, settings.model_cache_dir / model) if one.is_dir()), None)
        if folder is not None:
            return digest_of_folder(folder)
        path = find_checkpoint(model)
    profile = path.with_suffix(".json")
    digest = hashlib.sha256()
    for part in (path, profile):
        if part.is_file():
            digest.update(_digest_of_file(part))
    return digest.hexdigest()


def _digest_of_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise ModelNotFoundError(
            f"speech model file {path} cannot be read ({error.strerror}); expected read permission."
        ) from error


def _place(name_or_path: str) -> str:
    path = Path(name_or_path).expanduser()
    return str(path.absolute()) if path.exists() else name_or_path
