"""Two voices on one channel told apart: an option for mono recordings, behind a protocol.

Nothing here says who the agent is; the words do that (``roles.name_voices``), and where they do not, nobody is.
Clustering of plain spectral features is no option: it confuses 14 to 50 % of the speech of two voices of one sex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.audio.spans import close_gaps, merged, without
from pipeline.audio.view import ChannelView
from pipeline.types import Audio, FloatArray, Samples, Span

VOICES = (0, 1)

_SLIVER_S = 0.05
_LEAST_SPEECH_S = 1.0
"""Less speech than this of the second voice: nobody else is on the line, or nobody knows whose it is."""


class SpeakerSeparator(Protocol):
    """Says which of two voices speaks when."""

    name: str
    version: str

    def separate(self, samples: FloatArray, sample_rate_hz: int) -> Sequence[Sequence[Span]]:
        """Where each voice speaks, by voice, each in order of time; ``samples`` of shape (frames,).

        One voice, or none, where no second one is heard. Raises EngineError when it fails.
        """
        ...


@dataclass(frozen=True, slots=True)
class Voices:
    """Two voices as if each had a channel of its own: ``audio`` in that form, and the speech by voice."""

    audio: Audio
    speech: Mapping[int, tuple[Span, ...]]
    told_apart_by: str


def tell_apart(audio: Audio, channel: int, speech: Sequence[Span], separator: SpeakerSeparator) -> Voices | None:
    """The two voices of a channel; None where no second one is heard.

    Args:
        audio: the recording.
        channel: the channel that both are on.
        speech: where speech is heard on it; a separator divides it and adds none.
        separator: says who speaks when.

    Raises:
        EngineError: the separator failed.
    """
    view = ChannelView(audio, channel)
    found = separator.separate(view.frame_range(0, view.frames), view.sample_rate_hz)
    if len(found) < len(VOICES):
        return None
    claims = [close_gaps(sorted(found[voice]), 0.0) for voice in VOICES]
    divided = _divide(speech, claims)
    if min(sum(span.duration_s for span in own) for own in divided) < _LEAST_SPEECH_S:
        return None
    foreign = [tuple(without(divided[1 - voice], divided[voice])) for voice in VOICES]
    one_each = Audio(VoiceSamples(audio.samples, channel, audio.sample_rate_hz, foreign), audio.sample_rate_hz)
    return Voices(one_each, dict(zip(VOICES, divided, strict=True)), f"{separator.name} {separator.version}")


def _divide(speech: Sequence[Span], claims: Sequence[Sequence[Span]]) -> list[tuple[Span, ...]]:
    """Speech by voice; what neither claims goes to whoever speaks nearest."""
    divided: list[list[Span]] = [[], []]
    for region in speech:
        claimed: list[Span] = []
        for voice in VOICES:
            own = [
                Span(max(one.start_s, region.start_s), min(one.end_s, region.end_s))
                for one in claims[voice]
                if one.start_s < region.end_s and region.start_s < one.end_s
            ]
            divided[voice] += own
            claimed += own
        for rest in without([region], merged(claimed)) if claimed else [region]:
            distances = [min((_distance_s(rest, one) for one in own), default=float("inf")) for own in claims]
            divided[int(distances[1] < distances[0])].append(rest)
    return [
        tuple(span for span in close_gaps(sorted(own), _SLIVER_S) if span.duration_s > _SLIVER_S) for own in divided
    ]


def _distance_s(one: Span, other: Span) -> float:
    return max(0.0, one.start_s - other.end_s, other.start_s - one.end_s)


class VoiceSamples:
    """One channel as two, shape (2, frames): on each, the other voice's own speech is silent."""

    def __init__(self, samples: Samples, channel: int, sample_rate_hz: int, foreign: Sequence[Sequence[Span]]) -> None:
        """Keep where the samples are; they are read when they are looked at."""
        self._samples = samples
        self._channel = channel
        self._silent = [
            [(round(one.start_s * sample_rate_hz), round(one.end_s * sample_rate_hz)) for one in spans]
            for spans in foreign
        ]

    @property
    def shape(self) -> tuple[int, ...]:
        """Voices and frames."""
        return (len(self._silent), self._samples.shape[1])

    def __getitem__(self, key: tuple[int, slice]) -> FloatArray:
        """A stretch of one voice; the slice has no step."""
        voice, part = key
        first, last, _ = part.indices(self._samples.shape[1])
        samples: FloatArray = self._samples[self._channel, first:last].copy()
        for start, end in self._silent[voice]:
            if start < last and first < end:
                samples[max(0, start - first) : end - first] = 0.0
        return samples
