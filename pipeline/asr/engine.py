"""The one protocol that every speech engine fulfils, and the way to one by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from pipeline.errors import ConfigurationError
from pipeline.types import Audio, Transcript, Turn

OptionValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can give beside text.

    Attributes:
        character_times: utterances carry the time of every character.
        confidence: utterances carry a confidence.
        hot_words: the list of hot words has an effect.
        verbatim: fillers and repetitions are written as spoken; Whisper leaves many out.
    """

    character_times: bool = False
    confidence: bool = False
    hot_words: bool = False
    verbatim: bool = False


DEVICES = ("cpu", "cuda", "auto")
PRECISIONS = ("auto", "int8", "int8_float16", "float16", "float32")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Where and how an engine computes; the text hardly depends on it.

    Attributes:
        device: one of ``DEVICES``; ``auto`` takes a graphics card where there is one.
        precision: one of ``PRECISIONS``; ``auto`` is int8 on a processor, half precision on a graphics card.
        windows_at_once: windows decoded together.
        model_cache: folder for converted models; None for the user's cache folder.
    """

    device: str = "cpu"
    precision: str = "auto"
    windows_at_once: int = 8
    model_cache: Path | None = None

    @classmethod
    def from_values(cls, values: Mapping[str, str | int]) -> EngineSettings:
        """The settings of plain values, as they reach another process; ``model_cache`` is a path's text.

        Raises:
            ConfigurationError: a value is not what it should be.
        """
        cache = values.get("model_cache")
        return cls(
            device=str(values.get("device", "cpu")),
            precision=str(values.get("precision", "auto")),
            windows_at_once=int(values.get("windows_at_once", 8)),
            model_cache=Path(str(cache)) if cache else None,
        )

    def __post_init__(self) -> None:
        """Refuse what no engine knows."""
        for name, value, known in (("device", self.device, DEVICES), ("precision", self.precision, PRECISIONS)):
            if value not in known:
                raise ConfigurationError(f"{name} is {value!r}; expected one of {', '.join(known)}: change the setting")
        if self.windows_at_once < 1:
            raise ConfigurationError(f"windows_at_once is {self.windows_at_once}; expected 1 or more")


class SpeechEngine(Protocol):
    """Turns speech into text.

    ``name`` is the engine, ``version`` that of the library behind it, ``model`` a readable name of its model,
    ``digest`` the SHA-256 of the model file or folder (empty where there is none), ``options`` what decides about the
    text besides the sound and the model, ``capabilities`` what it can give beside text.
    """

    name: str
    version: str
    capabilities: Capabilities
    model: str
    digest: str
    options: Mapping[str, OptionValue]

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """Give the words of the turns.

        Args:
            audio: the sound.
            turns: where speech was found.
            source: the file that ``audio`` came from.
            hot_words: words that are likely; an engine without that capability ignores them.
        """
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

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """As the engine does."""
        return self._engine.transcribe(audio, turns, source, hot_words)


ENGINES = ("faster-whisper", "whisper", "sherpa-onnx", "sidecar")


def make_engine(
    spec: str,
    *,
    model: str | None = None,
    threads: int | None = None,
    transcript: Path | None = None,
    settings: EngineSettings | None = None,
) -> SpeechEngine:
    """Build an engine; nothing is ever downloaded.

    Args:
        spec: one of ``ENGINES``; ``whisper:MODEL`` names the model at once.
        model: name or path of the model, for engines that have one.
        threads: processor threads an engine may use; None for one a core.
        transcript: a transcript that goes with the recording; given, the engine is ``sidecar``.
        settings: where and how it computes.

    Raises:
        ConfigurationError: there is no such engine.
        ModelNotFoundError: the model is not on this machine.
        EngineError: the model cannot be loaded.
    """
    name, _, model_in_spec = spec.partition(":")
    model = model_in_spec or model
    if transcript is not None or name == "sidecar":
        from pipeline.asr.sidecar import SidecarEngine

        return SidecarEngine(transcript)
    if name == "whisper":
        from pipeline.asr.whisper_engine import WhisperEngine

        return WhisperEngine(model, threads=threads, settings=settings)
    if name == "faster-whisper":
        from pipeline.asr.faster_whisper_engine import FasterWhisperEngine

        return FasterWhisperEngine(model, threads=threads, settings=settings)
    if name == "sherpa-onnx":
        from pipeline.asr.sherpa_engine import SherpaEngine

        return SherpaEngine(model, threads=threads, settings=settings)
    raise ConfigurationError(f"engine is {spec!r}; expected one of {', '.join(ENGINES)}: change the setting engine")
