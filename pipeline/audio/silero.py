"""The silero network without its own package, which would load torch, half a gigabyte, to do the same.

The probabilities are those of ``load_silero_vad(sequence=True)``, to the last digit but one; the way from them to spans
is that of ``get_speech_timestamps`` without padding (hysteresis of 0.15, pauses under 64 ms bridged).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soxr

from pipeline.audio.one_thread import one_thread
from pipeline.audio.onnx_weights import weights_of
from pipeline.audio.silero_network import STATE, SileroNetwork
from pipeline.errors import ConfigurationError
from pipeline.types import FloatArray, Span

RATE_HZ = 16_000
FRAME = 512
_CONTEXT = 64
_FRAMES_AT_ONCE = 512
_HYSTERESIS = 0.15
_MIN_SILENCE_FRAMES = 2
_MIN_SPEECH_S = 0.06
_MODEL = Path("data") / "silero_vad_16k_sequence.onnx"


class SileroDetector:
    """The silero network, whose weights come in its wheel; hardly ever takes tones or music for speech."""

    name = "silero"
    end_overhang_s = 0.12
    skips_quiet = True
    takes_music_for_speech = False

    def __init__(self, threshold: float = 0.5) -> None:
        """Load the network; ``threshold`` is the speech probability above which a 32 ms frame is speech.

        Raises:
            ConfigurationError: the package silero-vad is not installed, or lacks its network.
        """
        self._network = _network()
        self._threshold = threshold
        self.version = version("silero-vad")

    def detect(self, samples: FloatArray, sample_rate_hz: int) -> tuple[Span, ...]:
        """See SpeechDetector; the network hears 16 kHz."""
        if sample_rate_hz != RATE_HZ:
            samples = soxr.resample(samples, sample_rate_hz, RATE_HZ)
        if len(samples) == 0:
            return ()
        heard = np.ascontiguousarray(samples, dtype=np.float32)
        return tuple(_spans(self.probabilities(heard), len(heard) / RATE_HZ, self._threshold))

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """Probability of speech of every 32 ms frame of 16 kHz samples; the last frame is filled with silence."""
        hidden, cell = np.zeros(STATE, np.float32), np.zeros(STATE, np.float32)
        with one_thread():
            found = [self._network.probabilities(block, hidden, cell) for block in _blocks(samples)]
        return np.concatenate(found) if found else np.zeros(0, np.float32)


def _network() -> SileroNetwork:
    spec = find_spec("silero_vad")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        with suppress(OSError, KeyError, ValueError):
            return SileroNetwork(weights_of(Path(folder) / _MODEL))
    raise ConfigurationError(
        "the speech detector silero needs the package silero-vad 6.2.3 with its network; run make setup, "
        "or change the setting vad to webrtc"
    )


def _blocks(samples: FloatArray) -> Iterator[FloatArray]:
    """Frames with the last samples of the frame before them, so many at once."""
    context = np.zeros(_CONTEXT, np.float32)
    for at in range(0, len(samples), FRAME * _FRAMES_AT_ONCE):
        part = samples[at : at + FRAME * _FRAMES_AT_ONCE]
        frames = np.zeros((-(-len(part) // FRAME), FRAME), np.float32)
        frames.reshape(-1)[: len(part)] = part
        contexts = np.concatenate([context[None], frames[:-1, -_CONTEXT:]])
        context = frames[-1, -_CONTEXT:].copy()
        yield np.concatenate([contexts, frames], axis=1)


def _spans(probabilities: FloatArray, duration_s: float, threshold: float) -> Iterator[Span]:
    start: int | None = None
    silent_from: int | None = None
    frame_s = FRAME / RATE_HZ
    for index, probability in enumerate(probabilities.tolist()):
        if probability >= threshold:
            silent_from = None
            start = index if start is None else start
        elif start is not None and probability < threshold - _HYSTERESIS:
            silent_from = index if silent_from is None else silent_from
            if index - silent_from >= _MIN_SILENCE_FRAMES:
                if (silent_from - start) * frame_s > _MIN_SPEECH_S:
                    yield Span(start * frame_s, silent_from * frame_s)
                start = silent_from = None
    if start is not None and duration_s - start * frame_s > _MIN_SPEECH_S:
        yield Span(start * frame_s, duration_s)
