"""Voice activity: where a channel holds speech, first roughly, then with exact boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import soxr

from pipeline.audio.boundaries import CHAIN_REACH_S, refine
from pipeline.audio.cross_talk import Leak, find_leak, leaking
from pipeline.audio.keys import find_keys, is_dialling, without_keys
from pipeline.audio.levels import Powers, short_time_power, sounding, steady, widened
from pipeline.audio.music import find_music
from pipeline.audio.silero import SileroDetector
from pipeline.audio.spans import close_gaps, merged, without
from pipeline.audio.tones import tones_in, without_tones
from pipeline.audio.view import ChannelView, view_of
from pipeline.errors import ConfigurationError
from pipeline.types import Audio, ChannelSpan, FloatArray, Problem, Span

_LONGEST_STRETCH_S = 240.0
_LEAD_IN_S = 0.5
_DEAFENED_S = 3.0
_STRAY_S, _TOUCHING_S, _ATTACK_S, _COVERED = 0.6, 0.35, 0.4, 0.8


class SpeechDetector(Protocol):
    """Finds speech in one channel."""

    name: str
    version: str
    end_overhang_s: float
    """How long after the sound its regions usually end on a noisy line."""
    skips_quiet: bool
    """Whether it finds the same speech when quiet stretches are left out."""
    takes_music_for_speech: bool
    """Whether what may be music must be shown to another detector."""

    def detect(self, samples: FloatArray, sample_rate_hz: int) -> tuple[Span, ...]:
        """Regions of speech in order of time, in seconds; ``samples`` of shape (frames,), float32."""
        ...


class WebrtcDetector:
    """The detector of WebRTC: some twenty times quicker, and takes tones, music and loud noise for speech."""

    name = "webrtc"
    end_overhang_s = 0.09
    skips_quiet = False  # it learns the line's noise as it goes
    takes_music_for_speech = True
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
        raw = (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
        step = round(self._FRAME_S * sample_rate_hz)
        voiced = [
            detector.is_speech(raw[at : at + 2 * step], sample_rate_hz)
            for at in range(0, len(raw) - 2 * step + 1, 2 * step)
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


@dataclass(frozen=True, slots=True)
class ChannelSpeech:
    """What a channel holds: the party's own speech, hold music, and the other party's voice leaking in."""

    speech: tuple[Span, ...]
    music: tuple[Span, ...] = ()
    leaks: tuple[Span, ...] = ()
    leak: Leak | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """A channel on the way: its powers, where a detector hears speech in it, music, and keys and tones nearby."""

    powers: Powers
    regions: tuple[Span, ...]
    music: tuple[Span, ...]
    keys: tuple[Span, ...]
    tones: tuple[Span, ...]


def detect_speech(audio: Audio, analysed: Sequence[int], detector: SpeechDetector) -> dict[int, ChannelSpeech]:
    """Speech, music and cross-talk of the channels worth analysing, by channel, read from the recording in parts.

    Regions of speech have exact boundaries, pauses of 0.2 s and more left out. Steady tones (ringing, busy), keys,
    music, and the other party's voice at a lower level are no speech whatever the detector says.
    """
    heard = {channel: _hear(ChannelView(audio, channel), detector) for channel in analysed}
    found: dict[int, ChannelSpeech] = {}
    for channel, own in heard.items():
        others = [one for other, one in heard.items() if other != channel]
        leak = find_leak(own.powers, own.regions, others[0].powers, others[0].regions) if others else None
        leaks = leaking(own.powers, others[0].powers, leak) if leak is not None else ()
        speech = _refined(own, detector, leaks)
        heard_leaks = [span for region in own.regions for span in _shared(region, leaks)] if leaks else []
        found[channel] = ChannelSpeech(speech, own.music, tuple(heard_leaks), leak)
    return found


def cross_talk_problems(found: Mapping[int, ChannelSpeech]) -> tuple[Problem, ...]:
    """A problem for every channel that carries the other party's voice."""
    return tuple(
        Problem(
            "cross_talk",
            f"声道 {channel}（从 0 起数）里混有另一声道的声音，比原声低约 {-one.leak.level_db:.0f} dB（串音）；"
            "这些声音没有算作这一方的说话。",
            one.leak.correlation,
        )
        for channel, one in sorted(found.items())
        if one.leak is not None
    )


def in_channels(spans: Mapping[int, Sequence[Span]]) -> tuple[ChannelSpan, ...]:
    """Spans by channel as one sequence in order of time."""
    flat = [ChannelSpan(channel, one.start_s, one.end_s) for channel, found in spans.items() for one in found]
    return tuple(sorted(flat, key=lambda one: (one.start_s, one.channel)))


def speech_regions(samples: FloatArray, sample_rate_hz: int, detector: SpeechDetector) -> tuple[Span, ...]:
    """Regions of speech of one channel that is in memory, as ``detect_speech`` finds them; shape (frames,)."""
    return _refined(_hear(view_of(samples, sample_rate_hz), detector), detector)


def _refined(heard: _Heard, detector: SpeechDetector, leaks: tuple[Span, ...] = ()) -> tuple[Span, ...]:
    return refine(
        heard.regions, heard.powers, detector.end_overhang_s, (*heard.music, *heard.tones), (*leaks, *heard.keys)
    )


def _hear(view: ChannelView, detector: SpeechDetector) -> _Heard:
    powers = short_time_power(view)
    sounds = sounding(powers)
    stretches = sounds if detector.skips_quiet else (Span(0.0, view.duration_s),)
    regions = _detect(view, stretches, detector)
    if detector.takes_music_for_speech:
        regions = tuple(without(regions, steady(powers)))
        suspects = find_music(view, powers, sounds)
        if suspects:
            network_says = _detect(view, merged([widened(one, _LEAD_IN_S) for one in suspects]), _network())
            confirmed = [span for region in network_says for span in _shared(region, suspects)]
            regions = tuple(merged([*without(regions, suspects), *confirmed]))
            # Without the words around it the music shows where it begins.
            suspects = find_music(view, powers, without(suspects, network_says))
    else:
        suspects = find_music(view, powers, without(sounds, regions))
        regions = tuple(merged([*regions, *_after_music(view, suspects, sounds, detector)]))
    around = merged([widened(region, CHAIN_REACH_S) for region in regions])
    keys = find_keys(view, [*around, *suspects])
    tones = tones_in(around, view)
    music = tuple(span for span in suspects if not is_dialling(span, keys, powers))
    regions = without_keys(without_tones(regions, tones), keys, powers)
    regions, music = _without_stray(regions, music, view.duration_s)
    return _Heard(powers, regions, music, keys, tones)


def _after_music(
    view: ChannelView, music: Sequence[Span], sounds: Sequence[Span], detector: SpeechDetector
) -> list[Span]:
    """Speech that follows music: a network that has just heard it comes to the words a second late."""
    found: list[Span] = []
    for one, next_s in zip(music, [*(later.start_s for later in music[1:]), view.duration_s], strict=False):
        end_s = min(one.end_s + _DEAFENED_S, next_s)
        after = [Span(max(one.end_s, sound.start_s), min(end_s, sound.end_s)) for sound in sounds]
        for part in (part for part in after if part.duration_s > 0):
            heard = detector.detect(view.cut(part), view.sample_rate_hz)
            found += [Span(span.start_s + part.start_s, span.end_s + part.start_s) for span in heard]
    return found


def _without_stray(
    regions: tuple[Span, ...], music: tuple[Span, ...], duration_s: float
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """A moment of speech in the middle of music, or alone right before it, is a note of it."""
    starts = [one.start_s for one in music] + [duration_s]
    ends = [0.0] + [one.end_s for one in music]

    def is_note(place: int) -> bool:
        region = regions[place]
        covered_s = sum(part.duration_s for part in _shared(region, music))
        if covered_s > _COVERED * region.duration_s:
            return True
        leads_in = any(abs(start_s - region.end_s) < _TOUCHING_S for start_s in starts)
        if any(abs(region.start_s - end_s) < _TOUCHING_S for end_s in ends):
            return leads_in
        alone = place == 0 or region.start_s - regions[place - 1].end_s > _TOUCHING_S
        return leads_in and alone and region.duration_s < _ATTACK_S and region.end_s < starts[-1] - _TOUCHING_S

    stray = [
        region for place, region in enumerate(regions) if music and region.duration_s < _STRAY_S and is_note(place)
    ]
    if not stray:
        return regions, music
    joined = close_gaps(merged([*music, *stray]), _TOUCHING_S)
    return tuple(region for region in regions if region not in stray), joined


def _detect(view: ChannelView, stretches: Sequence[Span], detector: SpeechDetector) -> tuple[Span, ...]:
    """What a detector finds in stretches, minutes at a time."""
    found: list[Span] = []
    for part in _parts(stretches):
        from_s = max(0.0, part.start_s - _LEAD_IN_S)
        for span in detector.detect(view.cut(Span(from_s, part.end_s)), view.sample_rate_hz):
            start_s, end_s = max(part.start_s, span.start_s + from_s), span.end_s + from_s
            if end_s > start_s:
                found.append(Span(start_s, end_s))
    return close_gaps(found, 1e-6)


def _parts(stretches: Sequence[Span]) -> Iterator[Span]:
    for stretch in stretches:
        at_s = stretch.start_s
        while at_s < stretch.end_s:
            end_s = stretch.end_s if stretch.end_s - at_s < 1.5 * _LONGEST_STRETCH_S else at_s + _LONGEST_STRETCH_S
            yield Span(at_s, end_s)
            at_s = end_s


def _shared(span: Span, others: Sequence[Span]) -> list[Span]:
    """The parts of a span that lie in one of the others, slivers left out."""
    parts = [Span(max(span.start_s, other.start_s), min(span.end_s, other.end_s)) for other in others]
    return [part for part in parts if part.duration_s >= 0.05]


@cache
def _network() -> SileroDetector:
    return SileroDetector()


def make_detector(name: str) -> SpeechDetector:
    """Build the detector of this name (``silero``, ``webrtc``); ConfigurationError for another name."""
    try:
        return _DETECTORS[name]()
    except KeyError:
        raise ConfigurationError(
            f"vad is {name!r}; expected silero (the default) or webrtc: change the setting vad"
        ) from None
