from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.channels import examine_channels
from pipeline.types import Audio, ChannelLayout, Role

AGENT_FIRST = (Role.AGENT, Role.CUSTOMER)
CUSTOMER_FIRST = (Role.CUSTOMER, Role.AGENT)
NOBODY_KNOWN = (Role.UNKNOWN, Role.UNKNOWN)


def audio_of(*channels) -> Audio:
    return Audio(np.stack(channels).astype(np.float32), 8000)


def hiss(seed: int, rms_dbfs: float = -72.0):
    return np.random.default_rng(seed).standard_normal(16000) * 10 ** (rms_dbfs / 20)


def test_examine_one_channel_gives_mono_with_unknown_role(voice_like) -> None:
    report = examine_channels(audio_of(voice_like(2.0)), 0)
    assert (report.layout, report.agent_channel, report.roles) == (ChannelLayout.MONO, None, (Role.UNKNOWN,))
    assert report.problems == ()


@pytest.mark.parametrize(
    ("manifest", "default", "agent", "roles"),
    [
        pytest.param(None, 0, 0, AGENT_FIRST, id="default_first"),
        pytest.param(None, 1, 1, CUSTOMER_FIRST, id="default_second"),
        pytest.param(1, 0, 1, CUSTOMER_FIRST, id="manifest_wins"),
    ],
)
def test_examine_two_voices_gives_stereo_with_roles(voice_like, manifest, default, agent, roles) -> None:
    report = examine_channels(audio_of(voice_like(2.0, 1), voice_like(2.0, 2)), manifest, default)
    assert (report.layout, report.agent_channel, report.roles) == (ChannelLayout.STEREO, agent, roles)
    assert report.analysed == (0, 1)


@pytest.mark.parametrize("gain", [1.0, 0.3, -1.0], ids=["same", "quieter", "inverted"])
def test_examine_the_same_signal_twice_gives_dual_mono(voice_like, gain) -> None:
    voice = voice_like(2.0)
    report = examine_channels(audio_of(voice + hiss(1), gain * voice + hiss(2)), 0)
    assert (report.layout, report.agent_channel, report.roles) == (ChannelLayout.DUAL_MONO, None, NOBODY_KNOWN)
    assert report.analysed == (0,)


def test_examine_a_leak_into_the_other_channel_stays_stereo(voice_like) -> None:
    one, other = voice_like(2.0, 1), voice_like(2.0, 2)
    one[8000:], other[:8000] = 0, 0
    report = examine_channels(audio_of(one + 0.1 * other, other + 0.1 * one), None)
    assert report.layout is ChannelLayout.STEREO


def test_examine_parties_who_never_overlap_stays_stereo(voice_like) -> None:
    one, other = voice_like(2.0, 1), voice_like(2.0, 1)
    one[8000:], other[:8000] = 0, 0
    assert examine_channels(audio_of(one, other), None).layout is ChannelLayout.STEREO


def test_examine_a_dead_customer_channel_keeps_the_agent(voice_like) -> None:
    report = examine_channels(audio_of(voice_like(2.0), hiss(1)), None)
    assert (report.layout, report.agent_channel, report.roles) == (ChannelLayout.DEAD_CHANNEL, 0, AGENT_FIRST)
    assert (report.analysed, report.problems) == ((0,), ())


def test_examine_a_dead_agent_channel_reports_it_missing(voice_like) -> None:
    report = examine_channels(audio_of(np.zeros(16000), voice_like(2.0)), None)
    assert (report.layout, report.agent_channel, report.roles) == (ChannelLayout.DEAD_CHANNEL, None, AGENT_FIRST)
    assert report.analysed == (1,)
    assert [problem.code for problem in report.problems] == ["missing_channel"]


def test_examine_two_faint_channels_calls_neither_dead() -> None:
    assert examine_channels(audio_of(hiss(1), hiss(2)), None).layout is ChannelLayout.STEREO


@pytest.mark.parametrize("channels", [1, 2])
def test_examine_when_the_manifest_names_an_absent_channel_reports_it_and_knows_no_role(voice_like, channels) -> None:
    report = examine_channels(audio_of(*(voice_like(2.0, seed) for seed in range(channels))), channels)
    assert set(report.roles) == {Role.UNKNOWN}
    assert report.agent_channel is None
    assert [problem.code for problem in report.problems] == ["missing_channel"]
