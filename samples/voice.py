"""Mandarin speech whose every character has a known time, made with the espeak-ng library.

espeak-ng is a tool of development: the bundled calls and the demo speech model are made with it, and nothing that
runs on a customer's machine imports this module.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray
from pypinyin import Style, lazy_pinyin

VARIANTS = ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4", "m5")

# Seconds of exact silence that each mark stands for.
PAUSES_S: Mapping[str, float] = {
    "、": 0.15, "，": 0.25, "：": 0.3, "；": 0.35, "…": 0.4, "。": 0.5, "？": 0.5, "！": 0.5,
}  # fmt: skip

# What espeak-ng must read at the end of a clause so that its melody fits the mark.
_ESPEAK_MARKS = {"。": ".", "？": "?", "！": "!", "…": "."}

# Interjections for which pypinyin gives a syllable that espeak-ng spells letter by letter.
_INTERJECTIONS = {"嗯": "en1", "呣": "mu2", "哼": "heng1", "欸": "ei1", "诶": "ei1", "哟": "you1", "唷": "you1"}

_SYNCHRONOUS = 2
_PHONEME_EVENTS = 1
_CHARS_UTF8 = 1
_EVENT_WORD, _EVENT_PHONEME = 1, 7
_RATE, _VOLUME, _PITCH, _RANGE, _WORDGAP = 1, 2, 3, 4, 7


class VoiceError(RuntimeError):
    """Speech could not be made as asked."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One synthetic speaker: espeak-ng variant, speed in its words a minute (80 to 450), pitch 0 to 99.

    ``pitch_range`` (0 to 99) is how far the melody swings. The library's usual 50 moves Mandarin's tones by under five
    semitones; 90 gives them most of the octave that they span in human speech.
    """

    variant: str
    speed_wpm: int = 150
    pitch: int = 50
    pitch_range: int = 50


@dataclass(frozen=True, slots=True)
class SpokenCharacter:
    """One spoken character and when it sounds, in seconds from the start of the speech."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono float32 samples in -1 to 1 with the time of every character; the first one starts at 0."""

    samples: NDArray[np.float32]
    sample_rate_hz: int
    characters: tuple[SpokenCharacter, ...]

    @property
    def duration_s(self) -> float:
        """Seconds from the first sample to the last."""
        return len(self.samples) / self.sample_rate_hz


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Espeak:
    """The one espeak-ng instance of this process (the library keeps global state)."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError as error:
            raise VoiceError(
                "the speech synthesiser libespeak-ng.so.1 is not installed; it is needed to make sample recordings "
                "and to train the demo model: apt-get install libespeak-ng1"
            ) from error
        self.sample_rate_hz: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
        if self.sample_rate_hz <= 0:
            raise VoiceError(
                "libespeak-ng.so.1 was found but not its voice data; reinstall it: "
                "apt-get install --reinstall espeak-ng-data"
            )
        self._lock = threading.Lock()
        self._blocks: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, int, bytes]] = []
        self._callback = _Callback(self._receive)  # kept: the library holds only a pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if samples and count > 0:
            self._blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != 0:
            event = events[index]
            # A phoneme's name fills up to eight bytes and need not end with a zero.
            name = bytes(event.id.string) if event.type == _EVENT_PHONEME else b""
            self._events.append((event.type, event.sample, name))
            index += 1
        return 0

    def synthesise(self, text: str, voice: Voice) -> tuple[NDArray[np.int16], list[tuple[int, int, bytes]]]:
        """Samples at the library's own rate and events (type, sample, phoneme name)."""
        with self._lock:
            self._blocks, self._events = [], []
            if self._library.espeak_SetVoiceByName(f"cmn-latn-pinyin+{voice.variant}".encode()) != 0:
                raise VoiceError("espeak-ng has no voice cmn-latn-pinyin; reinstall it: apt-get install espeak-ng-data")
            self._library.espeak_SetParameter(_RATE, voice.speed_wpm, 0)
            self._library.espeak_SetParameter(_PITCH, voice.pitch, 0)
            self._library.espeak_SetParameter(_RANGE, voice.pitch_range, 0)
            data = text.encode()
            self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _CHARS_UTF8, None, None)
            self._library.espeak_Synchronize()
            samples = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.int16)
            return samples, self._events


@cache
def _espeak() -> _Espeak:
    return _Espeak()


def is_spoken(character: str) -> bool:
    """Whether this is a Chinese character, which is spoken, and not a mark, which is a pause."""
    return "\u4e00" <= character <= "\u9fff" or character == "〇"


def syllables(text: str) -> list[str]:
    """Pinyin with tone numbers (neutral tone 5), one syllable per Chinese character of the text.

    Readings come from the phrase dictionary, so 重 in 重新 and 重要 differ. Raises VoiceError for a character that has
    no reading.
    """
    spoken: list[str] = []
    # The marks stay in, as they separate phrases.
    readings = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, errors=lambda run: list(run))
    if len(readings) != len(text):
        raise VoiceError(f"pypinyin gave {len(readings)} readings for {len(text)} characters; expected one each")
    for character, reading in zip(text, readings, strict=True):
        if not is_spoken(character):
            continue
        syllable = _INTERJECTIONS.get(character, reading)
        if not (syllable.isascii() and syllable[-1:].isdigit()):
            raise VoiceError(f"no reading is known for the character U+{ord(character):04X}; give one with pinyin=")
        spoken.append(syllable)
    return spoken


def _clauses(text: str) -> list[tuple[str, str]]:
    """(spoken characters, the marks after them) in order."""
    clauses: list[tuple[str, str]] = []
    for character in text:
        if is_spoken(character):
            if not clauses or clauses[-1][1]:
                clauses.append(("", ""))
            clauses[-1] = (clauses[-1][0] + character, "")
        elif character in PAUSES_S:
            if clauses:
                clauses[-1] = (clauses[-1][0], clauses[-1][1] + character)
        else:
            raise VoiceError(
                f"U+{ord(character):04X} cannot be spoken; expected Chinese characters and the marks "
                f"{''.join(PAUSES_S)} (write digits and letters the way they are read)"
            )
    return clauses


def _sounding(samples: NDArray[np.float32], rate_hz: int) -> tuple[int, int]:
    """First and one past the last sample of what is loud enough to count as speech (-40 dB of the loudest 5 ms)."""
    step = max(1, rate_hz // 200)
    count = len(samples) // step
    if count == 0:
        return 0, len(samples)
    level = np.sqrt(np.mean(np.square(samples[: count * step].reshape(count, step)), axis=1))
    loud = np.flatnonzero(level > 0.01 * level.max())
    if loud.size == 0:
        return 0, len(samples)
    return int(loud[0]) * step, min(len(samples), int(loud[-1] + 1) * step)


def _speak_clause(
    characters: str, pinyin: Sequence[str], mark: str, voice: Voice
) -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
    """Samples trimmed to what sounds, and (start, end) in samples of every character, at the library's rate."""
    espeak = _espeak()
    raw, events = espeak.synthesise(" ".join(pinyin) + _ESPEAK_MARKS.get(mark[:1], ","), voice)
    spans: list[list[int]] = []
    inside = False
    for kind, sample, name in events:
        if kind == _EVENT_WORD:
            spans.append([-1, sample])
            inside = True
        elif kind == _EVENT_PHONEME and spans and inside:
            if name.startswith(b"_"):
                spans[-1][1] = sample
                inside = False
            elif spans[-1][0] < 0:
                spans[-1][0] = sample
    # Now and then the library announces one more word after the last pause, with no sound to it.
    spans = [span for span in spans if span[0] >= 0]
    if len(spans) != len(characters) or any(not 0 <= start < end for start, end in spans):
        raise VoiceError(
            f"espeak-ng spoke {len(spans)} syllables for {len(characters)} characters ({' '.join(pinyin)}); "
            "one of them is no syllable it knows: give another reading with pinyin="
        )
    samples = raw.astype(np.float32) / 32768.0
    first, last = _sounding(samples[: spans[-1][1]], espeak.sample_rate_hz)
    first, last = min(first, spans[0][1] - 1), max(last, spans[-1][0] + 1)
    samples = samples[first:last].copy()
    fade = min(len(samples) // 2, espeak.sample_rate_hz // 500)  # 2 ms, so that the splice does not click
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    samples[:fade] *= ramp
    samples[len(samples) - fade :] *= ramp[::-1]
    length = len(samples)
    times = [(max(0, start - first), min(length, end - first)) for start, end in spans]
    times[0] = (0, times[0][1])
    times[-1] = (times[-1][0], length)
    return samples, times


def speak(
    text: str,
    voice: Voice,
    sample_rate_hz: int = 8000,
    *,
    pinyin: Sequence[str] | None = None,
    pause_s: float | Mapping[str, float] | None = None,
) -> Speech:
    """Speak Chinese text; the speech starts with the first character and ends with the last.

    Args:
        text: Chinese characters and the marks of PAUSES_S; digits and letters must be written as they are read.
        voice: the speaker.
        sample_rate_hz: rate of the samples returned.
        pinyin: a reading per spoken character, in place of the dictionary's.
        pause_s: seconds of exact silence at a mark: one number for all, or a table that overrides PAUSES_S.

    Raises:
        VoiceError: the library is absent, or the text cannot be read one syllable per character.
    """
    if voice.variant not in VARIANTS:
        raise VoiceError(f"there is no voice {voice.variant!r}; expected one of {', '.join(VARIANTS)}")
    clauses = _clauses(text)
    if not clauses:
        raise VoiceError("there is nothing to speak: the text holds no Chinese character")
    readings = list(pinyin) if pinyin is not None else syllables(text)
    spoken_count = sum(len(characters) for characters, _ in clauses)
    if len(readings) != spoken_count:
        raise VoiceError(f"{len(readings)} pinyin syllables for {spoken_count} characters; expected one each")
    pauses = dict(PAUSES_S)
    if isinstance(pause_s, Mapping):
        pauses.update(pause_s)
    elif pause_s is not None:
        pauses = dict.fromkeys(pauses, float(pause_s))

    rate_hz = _espeak().sample_rate_hz
    pieces: list[NDArray[np.float32]] = []
    spoken: list[SpokenCharacter] = []
    at = used = 0
    for index, (characters, marks) in enumerate(clauses):
        samples, times = _speak_clause(characters, readings[used : used + len(characters)], marks, voice)
        used += len(characters)
        spoken += [
            SpokenCharacter(character, (at + start) / rate_hz, (at + end) / rate_hz)
            for character, (start, end) in zip(characters, times, strict=True)
        ]
        pieces.append(samples)
        at += len(samples)
        if index + 1 < len(clauses):
            silence = round(sum(pauses[mark] for mark in marks) * rate_hz)
            pieces.append(np.zeros(silence, np.float32))
            at += silence
    joined = np.concatenate(pieces)
    if sample_rate_hz != rate_hz:
        joined = soxr.resample(joined, rate_hz, sample_rate_hz)
    return Speech(np.clip(joined, -1.0, 1.0).astype(np.float32), sample_rate_hz, tuple(spoken))
