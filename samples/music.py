"""Hold music as exchanges play it, made from a seed: no melody of anybody's, and never twice the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samples.telephone import SAMPLE_RATE_HZ, telephone_band

STYLES = ("piano", "strings", "band", "flute")
"""Struck notes that die away; held chords with vibrato; chords over drums; one voice without any chord."""

_SCALE = (0, 2, 4, 7, 9)  # pentatonic
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))

Samples = NDArray[np.float32]


def hold_music(duration_s: float, style: str, rng: np.random.Generator) -> Samples:
    """Music of unit power within the telephone band.

    Raises:
        ValueError: there is no such style.
    """
    if style not in STYLES:
        raise ValueError(f"there is no hold music {style!r}; expected one of {', '.join(STYLES)}")
    count = round(duration_s * SAMPLE_RATE_HZ)
    sound = np.zeros(count + SAMPLE_RATE_HZ)
    beat_s = float(rng.uniform(0.32, 0.62))
    root_hz = float(rng.uniform(190.0, 300.0))
    at_s, beat = 0.0, 0
    while at_s < duration_s:
        chord = _CHORDS[beat // 4 % len(_CHORDS)]
        if style == "strings":
            if beat % 4 == 0:
                for step in chord:
                    _add(sound, at_s, _note(root_hz, step, 4 * beat_s, rng, attack_s=0.15, vibrato=0.004, dies=0.2))
        elif style == "flute":
            step = int(rng.choice(_SCALE)) + 12
            _add(sound, at_s, _note(root_hz, step, beat_s, rng, attack_s=0.04, vibrato=0.008, dies=0.3, harmonics=3))
        else:
            step = chord[beat % 3] + (12 if style == "piano" else 0)
            _add(sound, at_s, _note(root_hz, step, 2 * beat_s, rng, attack_s=0.005, vibrato=0.0, dies=3.0))
            if beat % 2 == 0:
                for low in chord:
                    _add(sound, at_s, 0.6 * _note(root_hz, low, 2 * beat_s, rng, 0.01, 0.0, 1.5))
            if style == "band":
                drum = rng.standard_normal(round(0.08 * SAMPLE_RATE_HZ)) * np.exp(-np.linspace(0, 6, 640))
                _add(sound, at_s, 0.5 * drum)
        at_s += beat_s
        beat += 1
    banded = telephone_band(sound[:count].astype(np.float32))
    power = float(np.mean(np.square(banded))) if count else 0.0
    return (banded / max(power, 1e-12) ** 0.5).astype(np.float32)


def _add(sound: NDArray[np.float64], at_s: float, note: NDArray[np.float64]) -> None:
    first = round(at_s * SAMPLE_RATE_HZ)
    part = sound[first : first + len(note)]
    part += note[: len(part)]


def _note(
    root_hz: float,
    step: int,
    length_s: float,
    rng: np.random.Generator,
    attack_s: float = 0.01,
    vibrato: float = 0.0,
    dies: float = 1.0,
    harmonics: int = 6,
) -> NDArray[np.float64]:
    """One note so many semitones above the root, which dies away so many nepers a second."""
    at_s = np.arange(round(length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    hertz = root_hz * 2 ** (step / 12)
    phase = 2 * np.pi * hertz * (at_s + vibrato * np.sin(2 * np.pi * 5.5 * at_s) / (2 * np.pi * 5.5))
    tone = np.zeros(len(at_s))
    for harmonic in range(1, harmonics + 1):
        if harmonic * hertz < 0.45 * SAMPLE_RATE_HZ:
            tone += np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi)) / harmonic**1.3
    envelope = np.minimum(1.0, at_s / attack_s) * np.exp(-dies * at_s) * np.minimum(1.0, (length_s - at_s) / 0.03)
    faded: NDArray[np.float64] = tone * envelope
    return faded
