"""Steady tones of the telephone network (ringing and busy tone, 450 Hz in China), which are nobody's speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.audio.levels import power_spectra
from pipeline.audio.spans import MIN_SPEECH_S, without
from pipeline.audio.view import BLOCK_S, ChannelView
from pipeline.types import FloatArray, Span

# Above the fundamental of any voice, so that a hummed 嗯 is not taken for a tone.
_LOWEST_HZ, _HIGHEST_HZ = 350.0, 2500.0
_FRAME_S, _HOP_S = 0.064, 0.016
_SHARE = 0.8
_MIN_TONE_S = 0.25
_BLOCK_FRAMES = 2048
_FAINTEST_POWER = 1e-6  # -60 dBFS


@dataclass(frozen=True, slots=True)
class Tone:
    """A steady single tone: when, and at which frequency."""

    span: Span
    frequency_hz: float


def find_tones(samples: FloatArray, sample_rate_hz: int, offset_s: float = 0.0) -> tuple[Tone, ...]:
    """Stretches of 0.25 s and more with four fifths of their energy at one frequency that does not move.

    ``samples`` of shape (frames,); ``offset_s`` is where they start in the recording.
    """
    if len(samples) < _MIN_TONE_S * sample_rate_hz:
        return ()
    hertz = _steady_frequency(samples, sample_rate_hz)
    # A steady tone may fall now into one bin of the spectrum, now into its neighbour.
    bin_hz = sample_rate_hz / round(_FRAME_S * sample_rate_hz) + 1e-6
    hop_s = round(_HOP_S * sample_rate_hz) / sample_rate_hz
    found: list[Tone] = []
    first: int | None = None
    for index, here in enumerate([*hertz.tolist(), 0.0]):
        if first is not None and abs(here - hertz[first]) > bin_hz:
            tone = Span(offset_s + first * hop_s, offset_s + (index - 1) * hop_s + _FRAME_S)
            if tone.duration_s >= _MIN_TONE_S:
                found.append(Tone(tone, float(np.median(hertz[first:index]))))
            first = None
        if first is None and here > 0:
            first = index
    return tuple(found)


def tones_in(where: Sequence[Span], view: ChannelView) -> tuple[Span, ...]:
    """The steady single tones within stretches, a minute at a time; one that goes on over the minute is two."""
    found: list[Span] = []
    for stretch in where:
        at_s = stretch.start_s
        while at_s < stretch.end_s:
            part = Span(at_s, min(stretch.end_s, at_s + BLOCK_S))
            found += [tone.span for tone in find_tones(view.cut(part), view.sample_rate_hz, part.start_s)]
            at_s = part.end_s
    return tuple(found)


def without_tones(regions: Sequence[Span], tones: Sequence[Span]) -> tuple[Span, ...]:
    """Take the tones out of the regions; what is left of a region and lasts 0.1 s stays."""
    kept: list[Span] = []
    for region in regions:
        left = without([region], tones)
        kept += left if left == [region] else [span for span in left if span.duration_s >= MIN_SPEECH_S]
    return tuple(kept)


def _steady_frequency(samples: FloatArray, sample_rate_hz: int) -> npt.NDArray[np.float64]:
    """Frequency in Hz of the tone that a frame consists of, 0 where it is no tone; one frame every 16 ms."""
    width, hop = round(_FRAME_S * sample_rate_hz), round(_HOP_S * sample_rate_hz)
    views = np.lib.stride_tricks.sliding_window_view(samples, width)[::hop]
    taper = np.hanning(width).astype(np.float32)
    hertz = np.zeros(len(views))
    for at in range(0, len(views), _BLOCK_FRAMES):
        frames = views[at : at + _BLOCK_FRAMES]
        spectra = power_spectra(frames, taper)
        peaks = spectra.argmax(axis=1)
        columns = peaks[:, None] + np.arange(-2, 3)
        inside = (columns >= 0) & (columns < spectra.shape[1])
        at_peak = np.where(inside, np.take_along_axis(spectra, columns.clip(0, spectra.shape[1] - 1), axis=1), 0)
        peak_hz = peaks * sample_rate_hz / width
        tonal = (
            (at_peak.sum(axis=1) > _SHARE * spectra.sum(axis=1))
            & (np.square(frames).mean(axis=1) > _FAINTEST_POWER)
            & (peak_hz > _LOWEST_HZ)
            & (peak_hz < _HIGHEST_HZ)
        )
        hertz[at : at + _BLOCK_FRAMES] = np.where(tonal, peak_hz, 0.0)
    return hertz
