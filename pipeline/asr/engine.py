"""The one protocol that every speech engine fulfils, and the way to one by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from pipeline.errors import ConfigurationError
from pipeline.types import Audio, Transcript, Turn

OptionValue = str | int | float | bool | None


class SpeechEngine(Protocol):
    """Turns speech into text.

    ``name`` is the engine, ``model`` a readable name of its model, ``digest`` the SHA-256 of the model file (empty
    where there is none), ``options`` what decides about the text besides the sound and the model.
    """

    name: str
    model: str
    digest: str
    options: Mapping[str, OptionValue]

    def transcribe(self, audio: Audio, turns: tuple[Turn, ...], source: Path) -> Transcript:
        """Give the words of the turns; ``source`` is the file that ``audio`` came from."""
        ...


class LateEngine:
    """An engine that is loaded when it is first asked for anything; see SpeechEngine.

    Raises:
        ModelNotFoundError, EngineError: at that moment, as ``make_engine`` would.
    """

    def __init__(self, load: Callable[[], SpeechEngine]) -> None:
        """Keep the way to load it."""
        self._load = load

    @cached_property
    def _engine(self) -> SpeechEngine:
        return self._load()

    def __getattr__(self, name: str) -> Any:
        """Whatever the engine says of itself."""
        return getattr(self._engine, name)

    def transcribe(self, audio: Audio, turns: tuple[Turn, ...], source: Path, *hot_words: Any) -> Transcript:
        """As the engine does."""
        return self._engine.transcribe(audio, turns, source, *hot_words)


ENGINES = ("whisper", "sidecar")


def make_engine(
    spec: str, *, model: str | None = None, threads: int | None = None, transcript: Path | None = None
) -> SpeechEngine:
    """Build an engine; nothing is ever downloaded.

    Args:
        spec: ``whisper`` or ``sidecar``; ``whisper:MODEL`` names the model at once.
        model: name or path of the model, for engines that have one.
        threads: processor threads an engine may use; None for one a core.
        transcript: a transcript that goes with the recording; given, the engine is ``sidecar``.

    Raises:
        ConfigurationError: there is no such engine.
        ModelNotFoundError: the model is not on this machine.
        EngineError: the model cannot be loaded.
    """
    name, _, model_in_spec = spec.partition(":")
    if transcript is not None or name == "sidecar":
        from pipeline.asr.sidecar import SidecarEngine

        return SidecarEngine(transcript)
    if name == "whisper":
        from pipeline.asr.whisper_engine import WhisperEngine

        return WhisperEngine(model_in_spec or model, threads=threads)
    raise ConfigurationError(f"engine is {spec!r}; expected one of {', '.join(ENGINES)}: change the setting engine")
