"""What the sound says beside the speech turns: line noise, clipping, pitch of the agent, from a bounded part of it.

Every observation is made on excerpts, so that the cost does not grow with the call and no whole recording need be in
memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.audio.pitch import HOP_S, pitch_track
from pipeline.types import Audio, ChannelSound, FloatArray, Role, Span, Turn, VoicePitch

Excerpts = Callable[[int, Span], FloatArray]
"""The samples of a channel in a stretch of time, shape (frames,)."""

NOISE_LOOKED_AT_S = 30.0
CLIPPING_LOOKED_AT_S = 120.0
PITCH_LOOKED_AT_S = 20.0

CLIPPED_FROM = 0.975
"""Full scale is 0.980 in mu-law and 0.984 in A-law."""
_CLIPPED_RUN = 3
_NOISE_FRAME_S = 0.1
# Tones, coughs and the other party's echo between the turns are louder than the line's noise, never quieter.
_NOISE_QUANTILE = 0.2
_AWAY_FROM_SPEECH_S = 0.15
_MIN_NOISE_S = 0.5
_FAINTEST_DBFS = -90.0
_LONGEST_PITCH_PIECE_S = 4.0
_MIN_PITCH_PIECE_S = 0.3
_MIN_VOICED_S = 1.0
_MAX_CLIPPED_SPANS = 12


def excerpts_of(audio: Audio) -> Excerpts:
    """The excerpts of a recording that is in memory."""

    def excerpt(channel: int, span: Span) -> FloatArray:
        first, last = (round(time_s * audio.sample_rate_hz) for time_s in (span.start_s, span.end_s))
        samples: FloatArray = audio.samples[channel, first:last]
        return samples

    return excerpt


def observe_channels(audio: Audio, turns: Sequence[Turn]) -> tuple[ChannelSound, ...]:
    """Observe every channel on which somebody speaks."""
    return observe_excerpts(excerpts_of(audio), audio.sample_rate_hz, audio.duration_s, turns)


def observe_excerpts(
    excerpt: Excerpts, sample_rate_hz: int, duration_s: float, turns: Sequence[Turn]
) -> tuple[ChannelSound, ...]:
    """As ``observe_channels``, of a recording that is read in parts."""
    channels = []
    for channel in sorted({turn.channel for turn in turns}):
        own = [turn for turn in turns if turn.channel == channel]

        def read(span: Span, channel: int = channel) -> FloatArray:
            return excerpt(channel, span)

        noise_dbfs = _noise_dbfs(read, sample_rate_hz, duration_s, own)
        clipped_ratio, checked_s, clipped = _clipping(read, sample_rate_hz, own)
        channels.append(
            ChannelSound(
                channel=channel,
                noise_dbfs=noise_dbfs,
                snr_db=_snr_db(own, noise_dbfs),
                clipped_ratio=clipped_ratio,
                clipping_checked_s=checked_s,
                clipped=clipped,
                pitch=_pitch(read, sample_rate_hz, own) if own[0].role is Role.AGENT else None,
            )
        )
    return tuple(channels)


def _noise_dbfs(
    read: Callable[[Span], FloatArray], sample_rate_hz: int, duration_s: float, turns: Sequence[Turn]
) -> float | None:
    """Level of the line away from its party's turns; of its quietest moments where other sounds fill the rest."""
    edges = [0.0, *(edge for turn in turns for edge in (turn.start_s, turn.end_s)), duration_s]
    gaps = [
        Span(start + _AWAY_FROM_SPEECH_S, end - _AWAY_FROM_SPEECH_S)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start > 2 * _AWAY_FROM_SPEECH_S + _NOISE_FRAME_S
    ]
    width = round(_NOISE_FRAME_S * sample_rate_hz)
    powers: list[npt.NDArray[np.float64]] = []
    for span in _evenly(gaps, NOISE_LOOKED_AT_S, 2.0):
        samples = read(span)
        frames = samples[: len(samples) // width * width].reshape(-1, width)
        powers.append(np.square(frames, dtype=np.float64).mean(axis=1))
    if sum(map(len, powers)) * _NOISE_FRAME_S < _MIN_NOISE_S:
        return None
    quiet = float(np.quantile(np.concatenate(powers), _NOISE_QUANTILE))
    return max(10 * float(np.log10(quiet)), _FAINTEST_DBFS) if quiet > 0 else _FAINTEST_DBFS


def _snr_db(turns: Sequence[Turn], noise_dbfs: float | None) -> float | None:
    """Level of the speech, the noise under it taken off, over the noise."""
    speech_s = sum(turn.speech_s for turn in turns if turn.level_dbfs is not None)
    if noise_dbfs is None or speech_s <= 0:
        return None
    power = (
        sum(turn.speech_s * 10 ** (turn.level_dbfs / 10) for turn in turns if turn.level_dbfs is not None) / speech_s
    )
    noise = 10 ** (noise_dbfs / 10)
    return 10 * float(np.log10(max(power - noise, noise * 1e-3) / noise))


def _clipping(
    read: Callable[[Span], FloatArray], sample_rate_hz: int, turns: Sequence[Turn]
) -> tuple[float | None, float, tuple[Span, ...]]:
    """Share of the loudest turns' speech at full scale, the seconds looked at, and where it stands there."""
    loudest_first = sorted(turns, key=lambda turn: (-(turn.level_dbfs or _FAINTEST_DBFS), turn.start_s))
    looked_at_s, clipped_frames, frames, spans = 0.0, 0, 0, []
    for piece in (piece for turn in loudest_first for piece in turn.pieces):
        if looked_at_s >= CLIPPING_LOOKED_AT_S:
            break
        part = Span(piece.start_s, min(piece.end_s, piece.start_s + CLIPPING_LOOKED_AT_S - looked_at_s))
        looked_at_s += part.duration_s
        full = np.abs(read(part)) >= CLIPPED_FROM
        # A lone sample at full scale is a peak; clipping flattens several in a row.
        edges = np.flatnonzero(np.diff(np.concatenate([[0], full.astype(np.int8), [0]]))).reshape(-1, 2)
        runs = edges[edges[:, 1] - edges[:, 0] >= _CLIPPED_RUN]
        frames += len(full)
        clipped_frames += int((runs[:, 1] - runs[:, 0]).sum())
        if len(runs):
            first, last = part.start_s + runs[0, 0] / sample_rate_hz, part.start_s + runs[-1, 1] / sample_rate_hz
            spans.append(Span(float(first), float(last)))
    if not frames:
        return None, 0.0, ()
    return clipped_frames / frames, looked_at_s, tuple(sorted(spans[:_MAX_CLIPPED_SPANS]))


def _pitch(read: Callable[[Span], FloatArray], sample_rate_hz: int, turns: Sequence[Turn]) -> VoicePitch | None:
    pieces = [piece for turn in turns for piece in turn.pieces if piece.duration_s >= _MIN_PITCH_PIECE_S]
    spans = _evenly(pieces, PITCH_LOOKED_AT_S, _LONGEST_PITCH_PIECE_S)
    tracks = [pitch_track(read(span), sample_rate_hz) for span in spans]
    voiced = np.concatenate([track[track > 0] for track in tracks]) if tracks else np.zeros(0)
    if len(voiced) * HOP_S < _MIN_VOICED_S:
        return None
    low, middle, high = (float(value) for value in np.percentile(voiced, [10, 50, 90]))
    return VoicePitch(middle, low, high, len(voiced) * HOP_S, tuple(spans))


def _evenly(spans: Iterable[Span], total_s: float, longest_s: float) -> list[Span]:
    """A choice of the spans, spread over all of them, each cut to ``longest_s``, with about so many seconds in all."""
    cut = [Span(span.start_s, min(span.end_s, span.start_s + longest_s)) for span in spans]
    seconds = sum(span.duration_s for span in cut)
    if seconds <= total_s:
        return cut
    chosen, passed_s, taken_s = [], 0.0, 0.0
    for span in cut:
        passed_s += span.duration_s
        if taken_s < passed_s * total_s / seconds:
            chosen.append(span)
            taken_s += span.duration_s
    return chosen
