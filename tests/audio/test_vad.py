from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.boundaries import refine
from pipeline.audio.levels import short_time_power
from pipeline.audio.silero import SileroDetector
from pipeline.audio.spans import close_gaps
from pipeline.audio.tones import find_tones, tones_in, without_tones
from pipeline.audio.turns import build_turns
from pipeline.audio.vad import detect_speech, make_detector, speech_regions
from pipeline.audio.view import view_of
from pipeline.errors import ConfigurationError
from pipeline.types import Audio, Role, Span
from samples.voice import Voice, speak

RATE_HZ = 8000
LINES = ("您好，很高兴为您服务。", "我想查一下这个月的话费。", "好的，请您稍等。", "谢谢您的来电，再见。")


@pytest.fixture(scope="module", params=["silero", "webrtc"])
def detector(request):
    return make_detector(request.param)


@pytest.fixture(scope="module")
def silero():
    return make_detector("silero")


def place(*sounds, gap_s: float = 1.5):
    """Sounds on a line with silence before, between and behind, and the second at which each starts."""
    parts, starts, at = [], [], 0
    for sound in sounds:
        parts += [np.zeros(round(gap_s * RATE_HZ), np.float32), sound]
        at += round(gap_s * RATE_HZ)
        starts.append(at / RATE_HZ)
        at += len(sound)
    parts.append(np.zeros(round(gap_s * RATE_HZ), np.float32))
    return np.concatenate(parts), starts


def with_noise(samples, snr_db: float):
    power = float(np.mean(np.square(samples[samples != 0])))
    noise = np.random.default_rng(5).standard_normal(len(samples)) * np.sqrt(power / 10 ** (snr_db / 10))
    return (samples + noise).astype(np.float32)


def tone(duration_s: float, frequency_hz: float = 450.0):
    return (0.2 * np.sin(2 * np.pi * frequency_hz * np.arange(round(duration_s * RATE_HZ)) / RATE_HZ)).astype(
        np.float32
    )


@pytest.mark.parametrize(
    ("snr_db", "median_s", "worst_s"), [(None, 0.015, 0.05), (20, 0.03, 0.16)], ids=["clean", "20_db"]
)
def test_speech_regions_of_known_speech_have_exact_boundaries(detector, snr_db, median_s, worst_s) -> None:
    speeches = [
        speak(line, Voice(variant, 170, 50), RATE_HZ, pause_s=0.1)
        for line, variant in zip(LINES, ("f1", "m2", "f3", "m4"), strict=True)
    ]
    samples, starts = place(*(0.4 * speech.samples for speech in speeches))
    regions = speech_regions(with_noise(samples, snr_db) if snr_db else samples, RATE_HZ, detector)
    assert len(regions) == len(LINES)
    truth = [
        time_s for start, speech in zip(starts, speeches, strict=True) for time_s in (start, start + speech.duration_s)
    ]
    errors = np.abs([time_s for region in regions for time_s in (region.start_s, region.end_s)] - np.array(truth))
    assert np.median(errors) < median_s
    assert errors.max() < worst_s


def test_speech_regions_keep_a_pause_of_0_3_s_visible(silero) -> None:
    samples, _ = place(0.4 * speak("好的，请稍等。", Voice("f1", 170, 50), RATE_HZ, pause_s=0.3).samples)
    first, second = speech_regions(samples, RATE_HZ, silero)
    assert second.start_s - first.end_s == pytest.approx(0.3, abs=0.03)


def test_speech_regions_keep_a_lone_filler(silero) -> None:
    filler = speak("嗯。", Voice("m1", 150, 50), RATE_HZ)
    assert filler.duration_s < 0.45
    samples, starts = place(0.4 * filler.samples)
    (region,) = speech_regions(samples, RATE_HZ, silero)
    assert region.start_s == pytest.approx(starts[0], abs=0.05)
    assert region.duration_s == pytest.approx(filler.duration_s, abs=0.08)


def test_speech_regions_of_ringing_before_the_answer_hold_the_speech_alone(detector) -> None:
    greeting = 0.4 * speak("您好，很高兴为您服务。", Voice("f2", 170, 50), RATE_HZ, pause_s=0.1).samples
    samples, starts = place(tone(1.0), tone(1.0), greeting)
    (region,) = speech_regions(samples, RATE_HZ, detector)
    assert region.start_s == pytest.approx(starts[2], abs=0.05)


def test_speech_regions_of_silence_and_of_nothing_are_none(detector) -> None:
    hiss = 0.0005 * np.random.default_rng(0).standard_normal(3 * RATE_HZ).astype(np.float32)
    assert speech_regions(np.zeros(3 * RATE_HZ, np.float32), RATE_HZ, detector) == ()
    assert speech_regions(np.zeros(0, np.float32), RATE_HZ, detector) == ()
    if detector.name == "silero":
        assert speech_regions(hiss, RATE_HZ, detector) == ()


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000])
def test_detect_at_any_rate_finds_the_same_speech(detector, rate_hz) -> None:
    speech = 0.4 * speak(LINES[0], Voice("f1", 170, 50), rate_hz, pause_s=0.1).samples
    samples = np.concatenate([np.zeros(rate_hz, np.float32), speech, np.zeros(rate_hz, np.float32)])
    regions = detector.detect(samples, rate_hz)
    assert regions[0].start_s == pytest.approx(1.0, abs=0.1)
    assert regions[-1].end_s == pytest.approx(1.0 + len(speech) / rate_hz, abs=0.2)


def test_detect_twice_gives_the_same(detector) -> None:
    samples, _ = place(0.4 * speak(LINES[1], Voice("m3", 170, 50), RATE_HZ).samples)
    assert detector.detect(samples, RATE_HZ) == detector.detect(samples, RATE_HZ)


def test_silero_gives_the_probabilities_of_its_own_package(silero) -> None:
    samples = 0.4 * speak(LINES[1], Voice("m3", 170, 50), 16_000).samples
    import silero_vad
    import torch

    threads = torch.get_num_threads()
    theirs = silero_vad.load_silero_vad(sequence=True).audio_forward(samples, 16_000)
    torch.set_num_threads(threads)
    assert silero.probabilities(samples) == pytest.approx(np.asarray(theirs).reshape(-1), abs=1e-5)
    assert max(silero.probabilities(samples)) > 0.9


@pytest.mark.parametrize("content", [None, b"", b"no network", b"\x3a\x02\x2a\xff"])
def test_silero_without_its_network_names_the_package(monkeypatch, tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "network.onnx").write_bytes(content)
    monkeypatch.setattr("pipeline.audio.silero._MODEL", tmp_path / "network.onnx")
    with pytest.raises(ConfigurationError, match="silero-vad"):
        SileroDetector()


def test_make_detector_of_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"silero.*webrtc"):
        make_detector("best")


def test_detect_speech_looks_only_at_channels_worth_it(silero) -> None:
    samples, _ = place(0.4 * speak(LINES[0], Voice("f1", 170, 50), RATE_HZ).samples)
    found = detect_speech(Audio(np.stack([samples, samples]), RATE_HZ), (0,), silero)
    assert list(found) == [0]
    assert found[0].speech


def test_refine_on_a_noisy_line_only_brings_the_ends_forward() -> None:
    noise = view_of(0.1 * np.random.default_rng(1).standard_normal(3 * RATE_HZ).astype(np.float32), RATE_HZ)
    assert refine((Span(1.0, 2.0),), short_time_power(noise), 0.12) == (Span(1.0, 1.88),)


@pytest.mark.parametrize(("frequency_hz", "found"), [(450.0, True), (453.0, True), (1400.0, True), (200.0, False)])
def test_find_tones_of_a_steady_tone_above_the_voice_finds_it(frequency_hz, found) -> None:
    assert bool(find_tones(tone(1.0, frequency_hz), RATE_HZ)) is found


def test_without_tones_of_tone_then_voice_keeps_the_voice(voice_like) -> None:
    samples = np.concatenate([tone(1.0), voice_like(1.0)])
    (rest,) = without_tones((Span(0.0, 2.0),), tones_in([Span(0.0, 2.0)], view_of(samples, RATE_HZ)))
    assert rest.start_s == pytest.approx(1.0, abs=0.07)
    assert rest.end_s == 2.0


def test_speech_holds_no_tones(silero) -> None:
    for variant in ("f1", "f4", "m1", "m5"):
        samples, _ = place(*(speak(line, Voice(variant, 130, 60), RATE_HZ).samples for line in ("嗯。", *LINES)))
        regions = silero.detect(samples, RATE_HZ)
        assert tones_in(regions, view_of(samples, RATE_HZ)) == ()


def test_close_gaps_joins_what_is_near_and_nested() -> None:
    spans = [Span(0, 1), Span(1.1, 2), Span(1.2, 1.5), Span(2.3, 3)]
    assert close_gaps(spans, 0.2) == (Span(0, 2), Span(2.3, 3))


def test_build_turns_joins_regions_across_short_pauses_in_order_of_time() -> None:
    audio = Audio(np.full((2, 10 * RATE_HZ), 0.1, np.float32), RATE_HZ)
    regions = {1: (Span(3.0, 4.0), Span(5.0, 6.0)), 0: (Span(0.5, 1.0), Span(1.9, 2.5), Span(7, 8))}
    turns = build_turns(regions, (Role.AGENT, Role.CUSTOMER), audio, merge_gap_s=1.0)
    assert [(turn.role, turn.start_s, turn.end_s) for turn in turns] == [
        (Role.AGENT, 0.5, 2.5),
        (Role.CUSTOMER, 3.0, 4.0),
        (Role.CUSTOMER, 5.0, 6.0),
        (Role.AGENT, 7.0, 8.0),
    ]
    assert turns[0].pieces == (Span(0.5, 1.0), Span(1.9, 2.5))
    assert turns[0].speech_s == pytest.approx(1.1)


def test_build_turns_measures_the_level_of_the_speech_without_its_pauses() -> None:
    samples = np.zeros((1, 4 * RATE_HZ), np.float32)
    samples[0, RATE_HZ : 2 * RATE_HZ] = samples[0, 2 * RATE_HZ + 4000 : 3 * RATE_HZ] = 0.1
    regions = {0: (Span(1.0, 2.0), Span(2.5, 3.0))}
    (turn,) = build_turns(regions, (Role.UNKNOWN,), Audio(samples, RATE_HZ))
    assert turn.level_dbfs == pytest.approx(-20.0, abs=0.01)


def test_build_turns_of_pieces_without_sound_have_no_level() -> None:
    (turn,) = build_turns({0: (Span(0, 1),)}, (Role.UNKNOWN,), Audio(np.zeros((1, RATE_HZ), np.float32), RATE_HZ))
    assert turn.level_dbfs is None
