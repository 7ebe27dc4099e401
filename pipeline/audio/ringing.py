"""The ringing tone that a caller hears before the answer, told from speech and from other tones by its cadence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.audio.view import ChannelView
from pipeline.types import Audio, FloatArray, Span

RING_TONE_HZ = 450.0
"""Ringing tone of the Chinese network (GB/T 3380, YD/T 1123): 450 Hz, 1 s on, 4 s off."""

RING_ON_S, RING_PERIOD_S = 1.0, 5.0

LONGEST_RINGING_S = 120.0
"""Exchanges give up after a minute; what comes later belongs to the call."""

_FRAME_S = 0.05
_MIN_BURST_S = 0.15
_MIN_LEVEL_DBFS = -50.0
_MIN_TONE_SHARE = 0.75
"""Share of a frame's power within the tone's band: speech stays below it over a whole burst, line noise 10 dB below
the tone does not bring the tone down to it."""
_BAND_HZ = 30.0
_SPEECH_BAND_HZ = (250.0, 3400.0)
_ON_S = (0.75, 1.35)
_PERIOD_TOLERANCE_S = 0.5
# Noise 10 dB below the tone passes, words do not.
_QUIET_SHARE = 0.2


def tone_bursts(samples: FloatArray, sample_rate_hz: int) -> list[Span]:
    """Bursts of the 450 Hz tone in one channel, in order of time.

    Args:
        samples: shape (frames,), -1..1.
        sample_rate_hz: its rate.
    """
    length = round(_FRAME_S * sample_rate_hz)
    count = len(samples) // length
    if not count:
        return []
    frames = samples[: count * length].reshape(count, length)
    power = np.abs(np.fft.rfft(frames * np.hanning(length).astype(np.float32), axis=1)) ** 2
    frequency_hz = np.fft.rfftfreq(length, 1.0 / sample_rate_hz)
    in_band = np.abs(frequency_hz - RING_TONE_HZ) <= _BAND_HZ
    carried = (frequency_hz >= _SPEECH_BAND_HZ[0]) & (frequency_hz <= _SPEECH_BAND_HZ[1])
    tonal = power[:, in_band].sum(axis=1) >= _MIN_TONE_SHARE * np.maximum(power[:, carried].sum(axis=1), 1e-20)
    rms = np.sqrt(np.mean(np.square(frames), axis=1))
    ringing = tonal & (20 * np.log10(np.maximum(rms, 1e-9)) > _MIN_LEVEL_DBFS)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], ringing.astype(np.int8), [0]))))
    frame_s = length / sample_rate_hz
    spans = [Span(float(start) * frame_s, float(end) * frame_s) for start, end in edges.reshape(-1, 2)]
    return [_exact(span, samples, sample_rate_hz) for span in spans if span.duration_s >= _MIN_BURST_S]


def ringing_end(audio: Audio) -> float | None:
    """End of the ringing at the start of the recording, over all channels; None where none is heard."""
    ends = []
    for channel in range(audio.channels):
        view = ChannelView(audio, channel)
        samples = view.cut(Span(0.0, LONGEST_RINGING_S))
        bursts = tone_bursts(samples, view.sample_rate_hz)
        ends.append(ringing_of(_not_in_words(bursts, samples, view.sample_rate_hz)))
    return max((span.end_s for span in ends if span is not None), default=None)


def ringing_of(bursts: Sequence[Span]) -> Span | None:
    """The ringing that bursts of tone make up, from the first to the last of them; None when they make up none.

    The first burst starts within one period of the recording's start, and may have begun before it; the others follow
    at 5 s, and the answer may cut the last one short. Busy and congestion tones (0.35 s and 0.7 s on and off) are
    none, nor is a lone tone of another length. A moment of tone after a whole burst, out of its cadence, is a vowel.
    """
    ringing: list[Span] = []
    for burst in bursts:
        if ringing:
            period_s = burst.end_s - burst.duration_s - ringing[-1].start_s
            cut_off_at_first = len(ringing) == 1 and ringing[0].start_s < _FRAME_S
            # A first burst that began before the recording has its end at the right distance, not its start.
            from_end_s = burst.start_s + RING_ON_S - ringing[-1].end_s
            late = abs(from_end_s if cut_off_at_first else period_s) - RING_PERIOD_S
            if abs(late) > _PERIOD_TOLERANCE_S:
                if burst.start_s - ringing[-1].end_s > RING_PERIOD_S - RING_ON_S - _PERIOD_TOLERANCE_S:
                    break
                if burst.duration_s < _ON_S[0] <= ringing[-1].duration_s:
                    continue
                return None  # another cadence: busy, congestion, a melody
        elif burst.start_s > RING_PERIOD_S + _PERIOD_TOLERANCE_S:
            return None
        ringing.append(burst)
    if not ringing:
        return None
    for place, burst in enumerate(ringing):
        at_an_end = (place == 0 and burst.start_s < _FRAME_S) or (place > 0 and place == len(ringing) - 1)
        if burst.duration_s > _ON_S[1] or (burst.duration_s < _ON_S[0] and not at_an_end):
            return None
    return Span(ringing[0].start_s, ringing[-1].end_s)


def _not_in_words(bursts: Sequence[Span], samples: FloatArray, sample_rate_hz: int) -> list[Span]:
    """The bursts without the short ones before which the channel is not as quiet as between two rings.

    A vowel now and then stands at the tone's frequency; words are around it.
    """
    kept: list[Span] = []
    for burst in bursts:
        if kept and burst.duration_s < _ON_S[0]:
            before = Span(max(kept[-1].end_s + _FRAME_S, burst.start_s - RING_PERIOD_S + RING_ON_S), burst.start_s)
            tone, gap = (
                samples[round(one.start_s * sample_rate_hz) : round(one.end_s * sample_rate_hz)]
                for one in (burst, Span(before.start_s, before.end_s - _FRAME_S))
            )
            step = round(_FRAME_S * sample_rate_hz)
            count = len(gap) // step
            levels = np.square(gap[: count * step].reshape(count, step)).mean(axis=1)
            if count and np.quantile(levels, 0.9) > _QUIET_SHARE * np.square(tone).mean():
                continue
        kept.append(burst)
    return kept


def _exact(span: Span, samples: FloatArray, sample_rate_hz: int) -> Span:
    """Both ends of a burst to 5 ms: where its level passes half of what it is in the middle."""
    step = round(0.005 * sample_rate_hz)
    first = max(0, round((span.start_s - _FRAME_S) * sample_rate_hz))
    part = samples[first : round((span.end_s + _FRAME_S) * sample_rate_hz)]
    count = len(part) // step
    levels = np.sqrt(np.mean(np.square(part[: count * step].reshape(count, step)), axis=1))
    loud = np.flatnonzero(levels > 0.5 * np.median(levels))
    start_s, end_s = (first + loud[0] * step) / sample_rate_hz, (first + (loud[-1] + 1) * step) / sample_rate_hz
    return Span(float(start_s), float(end_s))
