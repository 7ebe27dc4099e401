"""Voice activity: where a channel holds speech, first roughly, then with exact boundaries."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import soxr

from pipeline.audio.boundaries import refine
from pipeline.audio.channels import ChannelReport
from pipeline.audio.spans import close_gaps
from pipeline.audio.tones import without_tones
from pipeline.errors import ConfigurationError
from pipeline.types import Audio, FloatArray, Span


class SpeechDetector(Protocol):
    """Finds speech in one channel."""

    name: str
    version: str
    end_overhang_s: float
    """How long after the sound its regions usually end on a noisy line."""

    def detect(self, samples: FloatArray, sample_rate_hz: int) -> tuple[Span, ...]:
        """Regions of speech in order of time, in seconds; ``samples`` of shape (frames,), float32."""
        ...


class SileroDetector:
    """The silero network, whose weights come in its wheel; hardly ever takes tones or music for speech."""

    name = "silero"
    end_overhang_s = 0.12
    _RATE_HZ = 16_000

    def __init__(self, threshold: float = 0.5) -> None:
        """Load the network; ``threshold`` is the speech probability above which a 32 ms frame is speech."""
        import torch

        threads = torch.get_num_threads()
        import silero_vad  # sets torch to one thread for the whole process

        torch.set_num_threads(threads)
        # The form that takes many frames at a time: the same probabilities, several times quicker, on one thread.
        self._model: Any = silero_vad.load_silero_vad(sequence=True)
        self._to_spans = silero_vad.utils_vad.get_speech_timestamps_from_probs
        self._threshold = threshold
        self.version = version("silero-vad")

    def detect(self, samples: FloatArray, sample_rate_hz: int) -> tuple[Span, ...]:
        """See SpeechDetector; the network hears 16 kHz."""
        if sample_rate_hz != self._RATE_HZ:
            samples = soxr.resample(samples, sample_rate_hz, self._RATE_HZ)
        if len(samples) == 0:
            return ()
        heard = np.ascontiguousarray(samples, dtype=np.float32)
        probabilities = self._model.audio_forward(heard, self._RATE_HZ).tolist()
        # No padding and short pauses kept: the boundaries are set by energy afterwards.
        spans = self._to_spans(
            probabilities,
            sampling_rate=self._RATE_HZ,
            threshold=self._threshold,
            min_speech_duration_ms=60,
            min_silence_duration_ms=64,
            speech_pad_ms=0,
            audio_length_samples=len(samples),
        )
        return tuple(Span(span["start"] / self._RATE_HZ, span["end"] / self._RATE_HZ) for span in spans)


class WebrtcDetector:
    """The detector of WebRTC: some twenty times quicker, and takes tones and music for speech."""

    name = "webrtc"
    end_overhang_s = 0.09
    _FRAME_S = 0.03
    _HANG_OVER_S = 0.09

    def __init__(self, aggressiveness: int = 2) -> None:
        """Load the detector; ``aggressiveness`` 0 to 3, higher means less is taken for speech."""
        import webrtcvad

        self._module: Any = webrtcvad
        self._aggressiveness = aggressiveness
        self.version = version("webrtcvad-wheels")

    def detect(self, samples: FloatArray, sample_rate_hz: int) -> tuple[Span, ...]:
        """See SpeechDetector; the detector hears 8 or 16 kHz."""
        if sample_rate_hz not in (8_000, 16_000):
            samples, sample_rate_hz = soxr.resample(samples, sample_rate_hz, 16_000), 16_000
        detector = self._module.Vad(self._aggressiveness)  # adapts as it goes, so each channel gets a fresh one
        pcm = (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2")
        step = round(self._FRAME_S * sample_rate_hz)
        voiced = [
            detector.is_speech(pcm[at : at + step].tobytes(), sample_rate_hz)
            for at in range(0, len(pcm) - step + 1, step)
        ]
        frames = [
            Span(index * self._FRAME_S, (index + 1) * self._FRAME_S) for index, is_on in enumerate(voiced) if is_on
        ]
        joined = close_gaps(frames, self._HANG_OVER_S + 1e-6)
        return tuple(span for span in joined if span.duration_s >= 0.09 - 1e-6)


_DETECTORS: dict[str, type[SileroDetector] | type[WebrtcDetector]] = {
    "silero": SileroDetector,
    "webrtc": WebrtcDetector,
    "webrtcvad": WebrtcDetector,
}


def detect_speech(audio: Audio, channels: ChannelReport, detector: SpeechDetector) -> dict[int, tuple[Span, ...]]:
    """Regions of speech of every channel worth analysing, by channel, as ``speech_regions`` gives them."""
    return {
        channel: speech_regions(audio.samples[channel], audio.sample_rate_hz, detector) for channel in channels.analysed
    }


def speech_regions(samples: FloatArray, sample_rate_hz: int, detector: SpeechDetector) -> tuple[Span, ...]:
    """Regions of speech of one channel with exact boundaries, pauses of 0.2 s and more left out.

    ``samples`` of shape (frames,). Steady tones (ringing, busy) are no speech whatever the detector says.
    """
    found = without_tones(detector.detect(samples, sample_rate_hz), samples, sample_rate_hz)
    return refine(found, samples, sample_rate_hz, detector.end_overhang_s)


def make_detector(name: str) -> SpeechDetector:
    """Build the detector of this name (``silero``, ``webrtc``); ConfigurationError for another name."""
    try:
        return _DETECTORS[name]()
    except KeyError:
        raise ConfigurationError(
            f"vad is {name!r}; expected silero (the default) or webrtc: change the setting vad"
        ) from None
