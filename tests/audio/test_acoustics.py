import numpy as np
import pytest

from pipeline.audio.acoustics import observe_channels
from pipeline.audio.pitch import pitch_track
from pipeline.types import Audio, Role, Span, Turn

RATE_HZ = 8000


def voice(seconds: float, hertz, overtones=range(3, 12)) -> np.ndarray:
    """A voice on a telephone line: overtones above 300 Hz alone; ``hertz`` a number or a function of the time."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch = hertz(at_s) if callable(hertz) else np.full_like(at_s, hertz)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    return sum(np.sin(phase * number) / number for number in overtones).astype(np.float32) * 0.2


def noise(seconds: float, dbfs: float, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return (drawn * 10 ** (dbfs / 20)).astype(np.float32)


def level_dbfs(samples: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64))))


def turn(samples: np.ndarray, start_s: float, end_s: float, role: Role = Role.AGENT, channel: int = 0) -> Turn:
    part = samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    return Turn(role, channel, start_s, end_s, (Span(start_s, end_s),), level_dbfs(part))


@pytest.mark.parametrize("hertz", [90.0, 130.0, 220.0, 330.0])
def test_pitch_of_a_voice_whose_fundamental_the_line_leaves_out(hertz):
    track = pitch_track(voice(1.0, hertz) + noise(1.0, -50.0), RATE_HZ)
    assert np.mean(track > 0) > 0.9
    assert np.median(track[track > 0]) == pytest.approx(hertz, rel=0.01)


def test_noise_and_silence_have_no_pitch():
    assert np.mean(pitch_track(noise(2.0, -20.0), RATE_HZ) > 0) < 0.02
    assert not pitch_track(np.zeros(8000, np.float32), RATE_HZ).any()
    assert len(pitch_track(np.zeros(100, np.float32), RATE_HZ)) == 0


def test_pitch_range_of_a_voice_that_swings_and_of_one_that_does_not():
    def range_st(hertz):
        samples = np.concatenate([np.zeros(8000, np.float32), voice(5.0, hertz)])
        pitch = observe_channels(Audio(samples[None, :], RATE_HZ), [turn(samples, 1.0, 6.0)])[0].pitch
        assert pitch is not None
        return 12 * np.log2(pitch.high_hz / pitch.low_hz)

    assert range_st(150.0) < 0.2
    # A sine of 4 semitones up and down has its 10th and 90th percentile at 0.951 of that.
    assert range_st(lambda at_s: 150.0 * 2 ** (4 * np.sin(2 * np.pi * at_s) / 12)) == pytest.approx(7.6, abs=0.3)


def test_snr_is_speech_without_noise_over_the_noise_between_turns():
    samples = noise(20.0, -40.0)
    spoken = voice(6.0, 150.0)
    spoken *= 10 ** ((-20.0 - level_dbfs(spoken)) / 20)
    samples[4 * RATE_HZ : 10 * RATE_HZ] += spoken
    # A ringing tone and somebody's cough are no line noise.
    samples[: 1 * RATE_HZ] += voice(1.0, 450.0, [1])
    sound = observe_channels(Audio(samples[None, :], RATE_HZ), [turn(samples, 4.0, 10.0)])[0]
    assert sound.noise_dbfs == pytest.approx(-40.0, abs=0.5)
    assert sound.snr_db == pytest.approx(20.0, abs=0.5)


def test_snr_of_a_channel_that_is_never_quiet_is_not_known():
    samples = voice(4.0, 150.0)
    assert observe_channels(Audio(samples[None, :], RATE_HZ), [turn(samples, 0.0, 4.0)])[0].snr_db is None


def test_clipping_is_found_where_it_is_and_a_lone_peak_is_none():
    samples = np.concatenate([voice(2.0, 150.0), np.zeros(8000, np.float32), np.clip(20 * voice(2.0, 150.0), -1, 1)])
    samples[100] = 1.0
    sound = observe_channels(Audio(samples[None, :], RATE_HZ), [turn(samples, 0.0, 2.0), turn(samples, 3.0, 5.0)])[0]
    assert sound.clipped_ratio is not None
    assert sound.clipped_ratio > 0.05
    assert all(span.start_s >= 3.0 for span in sound.clipped)
    quiet = observe_channels(Audio(samples[None, :], RATE_HZ), [turn(samples, 0.0, 2.0)])[0]
    assert quiet.clipped_ratio == 0.0


def test_pitch_is_taken_from_a_bounded_part_spread_over_the_call_and_of_the_agent_alone():
    samples = np.tile(voice(5.0, 150.0), 30)
    turns = [turn(samples, 5.0 * index, 5.0 * index + 3.5) for index in range(30)]
    both = np.stack([samples, samples])
    others = [turn(samples, 5.0 * index, 5.0 * index + 3.5, Role.CUSTOMER, 1) for index in range(30)]
    agent, customer = observe_channels(Audio(both, RATE_HZ), [*turns, *others])
    assert customer.pitch is None
    assert agent.pitch is not None
    spans = agent.pitch.spans
    assert sum(span.duration_s for span in spans) <= 24.0
    assert spans[-1].end_s - spans[0].start_s > 100.0


def test_nobody_speaking_leaves_nothing_to_observe():
    assert observe_channels(Audio(np.zeros((2, 8000), np.float32), RATE_HZ), []) == ()
