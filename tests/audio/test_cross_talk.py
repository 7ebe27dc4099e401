"""One party's voice on the other's channel, fainter and later."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.vad import cross_talk_problems, detect_speech, make_detector
from pipeline.types import Audio
from samples.voice import Voice, speak

RATE_HZ = 8000
AGENT_LINES = ("您好，很高兴为您服务。", "好的，我帮您登记一下，请您说一下联系电话。", "感谢您的支持，再见。")
CUSTOMER_LINES = (
    "我想问一下，如果换成便宜一点的套餐，原来的积分还在不在？",
    "这个月的账单我看不懂。",
    "好吧，那就这样办。",
)


@pytest.fixture(scope="module", params=["silero", "webrtcvad"])
def detector(request):
    return make_detector(request.param)


@pytest.fixture(scope="module")
def call() -> tuple[np.ndarray, np.ndarray]:
    """Two parties in turns; in the middle the agent cuts into the customer's words."""
    voices = (Voice("f2", 180, 55, 90), Voice("m3", 180, 45, 90))
    channels = np.zeros((2, 40 * RATE_HZ))
    at = RATE_HZ
    for pair in zip(AGENT_LINES, CUSTOMER_LINES, strict=True):
        for who, text in enumerate(pair):
            samples = 0.3 * speak(text, voices[who], RATE_HZ, pause_s=0.2).samples
            channels[who, at : at + len(samples)] = samples
            # The second answer of the agent starts while the customer still speaks.
            at += len(samples) + (-RATE_HZ if text == CUSTOMER_LINES[0] else RATE_HZ // 2)
    return channels[0, : at + RATE_HZ], channels[1, : at + RATE_HZ]


def with_leaks(call, level_db: float, delay_s: float, noise_dbfs: float = -65.0) -> Audio:
    rng = np.random.default_rng(1)
    delay = round(delay_s * RATE_HZ)
    gain = 10 ** (level_db / 20)
    channels = []
    for own, other in (call, call[::-1]):
        heard = np.concatenate([np.zeros(delay), other])[: len(own)]
        channels.append(own + gain * heard + 10 ** (noise_dbfs / 20) * rng.standard_normal(len(own)))
    return Audio(np.stack(channels).astype(np.float32), RATE_HZ)


@pytest.mark.parametrize("level_db", [-40.0, -25.0, -12.0])
@pytest.mark.parametrize("delay_s", [0.0, 0.1])
def test_speech_with_cross_talk_is_the_speech_without_it(detector, call, level_db, delay_s) -> None:
    alone = detect_speech(with_leaks(call, -200.0, 0.0), (0, 1), detector)
    found = detect_speech(with_leaks(call, level_db, delay_s), (0, 1), detector)
    for channel in (0, 1):
        assert alone[channel].leak is None
        expected = sum(span.duration_s for span in alone[channel].speech)
        assert sum(span.duration_s for span in found[channel].speech) == pytest.approx(expected, rel=0.05)
        assert found[channel].speech[0].start_s == pytest.approx(alone[channel].speech[0].start_s, abs=0.05)


def test_cross_talk_is_measured_and_reported_for_either_channel(call) -> None:
    found = detect_speech(with_leaks(call, -25.0, 0.08), (0, 1), make_detector("silero"))
    for one in found.values():
        assert one.leak is not None
        assert one.leak.level_db == pytest.approx(-25.0, abs=1.5)
        assert one.leak.delay_s == pytest.approx(0.08, abs=0.015)
        assert one.leaks
    problems = cross_talk_problems(found)
    assert [problem.code for problem in problems] == ["cross_talk", "cross_talk"]
    assert "25 dB" in problems[0].message
    assert all(problem.confidence is not None and problem.confidence > 0.8 for problem in problems)


def test_line_without_cross_talk_reports_none(call) -> None:
    for noise_dbfs in (-65.0, -45.0):
        found = detect_speech(with_leaks(call, -200.0, 0.0, noise_dbfs), (0, 1), make_detector("silero"))
        assert cross_talk_problems(found) == ()
        assert not any(one.leaks for one in found.values())
