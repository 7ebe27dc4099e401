"""One channel as two voices, whoever tells them apart."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.voices import tell_apart
from pipeline.types import Audio, Span

RATE_HZ = 8000


class Fixed:
    """Says what it is told to say."""

    name, version = "fixed", "1"

    def __init__(self, *voices: list[Span]) -> None:
        self._voices = voices

    def separate(self, samples, sample_rate_hz):
        assert samples.shape == (12 * RATE_HZ,)
        return self._voices


@pytest.fixture
def audio() -> Audio:
    return Audio(np.full((1, 12 * RATE_HZ), 0.1, np.float32), RATE_HZ)


def test_speech_goes_to_its_voice_and_the_rest_to_whoever_is_nearest(audio) -> None:
    speech = (Span(1.0, 4.0), Span(5.0, 8.0), Span(10.0, 11.0))
    voices = tell_apart(audio, 0, speech, Fixed([Span(0.5, 3.0)], [Span(4.8, 7.0), Span(9.0, 9.5)]))
    assert voices is not None
    assert voices.speech == {0: (Span(1.0, 4.0),), 1: (Span(5.0, 8.0), Span(10.0, 11.0))}
    assert voices.told_apart_by == "fixed 1"


def test_each_voice_is_silent_where_the_other_speaks_alone(audio) -> None:
    voices = tell_apart(audio, 0, (Span(1.0, 8.0),), Fixed([Span(1.0, 5.0)], [Span(4.0, 8.0)]))
    assert voices is not None
    assert voices.audio.channels == 2
    first, second = (voices.audio.samples[voice, 0 : 12 * RATE_HZ] for voice in (0, 1))
    heard = [[bool(one[round(at_s * RATE_HZ)]) for at_s in (0.5, 2.0, 4.5, 6.0, 9.0)] for one in (first, second)]
    assert heard == [[True, True, True, False, True], [True, False, True, True, True]]
    assert not voices.audio.samples[0, 6 * RATE_HZ : 7 * RATE_HZ].any()


@pytest.mark.parametrize("voices", [(), ([Span(1.0, 8.0)],), ([Span(1.0, 7.5)], [Span(7.5, 8.0)])])
def test_without_a_second_voice_nothing_is_divided(audio, voices) -> None:
    assert tell_apart(audio, 0, (Span(1.0, 8.0),), Fixed(*voices)) is None
