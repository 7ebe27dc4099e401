"""Which channel holds whom: nothing may be said about the agent before this is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.types import Audio, ChannelLayout, FloatArray, Problem, Role

DEAD_RMS_DBFS = -65.0
DEAD_PEAK_DBFS = -50.0
DUAL_MONO_CORRELATION = 0.98
_LOUD_WITHIN_DB = 25.0
_FRAME_S = 0.02


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What the channels of one recording hold.

    ``roles`` has one role a channel; ``analysed`` are the channels worth looking for speech in (a dead one and the
    copy of a dual-mono pair are not); ``agent_channel`` is None where the agent cannot be told.
    """

    layout: ChannelLayout
    agent_channel: int | None
    roles: tuple[Role, ...]
    analysed: tuple[int, ...]
    problems: tuple[Problem, ...] = ()


def examine_channels(audio: Audio, agent_channel: int | None, default_agent_channel: int = 0) -> ChannelReport:
    """Find the layout of the channels and the role of each.

    Args:
        audio: one or two channels.
        agent_channel: the agent's channel by the manifest, None where it is silent.
        default_agent_channel: the agent's channel where the manifest is silent.
    """
    everywhere = tuple(range(audio.channels))
    unknown = (Role.UNKNOWN,) * audio.channels
    problems: tuple[Problem, ...] = ()
    if agent_channel is not None and agent_channel not in everywhere:
        count = "1 个声道" if audio.channels == 1 else f"{audio.channels} 个声道"
        problems = (
            Problem(
                "missing_channel",
                f"清单写明坐席在声道 {agent_channel}（从 0 起数），而录音只有 {count}；坐席的声音无法确定。",
            ),
        )
    if audio.channels == 1:
        return ChannelReport(ChannelLayout.MONO, None, unknown, everywhere, problems)
    first, second = (channel - channel.mean() for channel in audio.samples)
    dead = [_is_dead(first), _is_dead(second)]
    if dead[0] != dead[1]:
        return _one_live(dead.index(False), agent_channel, default_agent_channel, problems)
    if _is_copy(first, second, audio.sample_rate_hz):
        return ChannelReport(ChannelLayout.DUAL_MONO, None, unknown, (0,), problems)
    if problems:
        return ChannelReport(ChannelLayout.STEREO, None, unknown, everywhere, problems)
    agent = default_agent_channel if agent_channel is None else agent_channel
    return ChannelReport(ChannelLayout.STEREO, agent, _roles(agent), everywhere)


def _one_live(
    live: int, agent_channel: int | None, default_agent_channel: int, problems: tuple[Problem, ...]
) -> ChannelReport:
    """Report for two channels of which only ``live`` has sound."""
    if problems:
        unknown = (Role.UNKNOWN, Role.UNKNOWN)
        return ChannelReport(ChannelLayout.DEAD_CHANNEL, None, unknown, (live,), problems)
    agent = default_agent_channel if agent_channel is None else agent_channel
    if live == agent:
        return ChannelReport(ChannelLayout.DEAD_CHANNEL, agent, _roles(agent), (live,))
    problem = Problem("missing_channel", f"坐席所在的声道 {agent}（从 0 起数）没有声音，只录到了客户。")
    return ChannelReport(ChannelLayout.DEAD_CHANNEL, None, _roles(agent), (live,), (problem,))


def _roles(agent: int) -> tuple[Role, Role]:
    return (Role.AGENT, Role.CUSTOMER) if agent == 0 else (Role.CUSTOMER, Role.AGENT)


def _is_dead(samples: FloatArray) -> bool:
    """Whether a channel carries nothing: an unused line still hums a little, so digital zero is not asked for."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    peak = float(np.abs(samples).max())
    return rms < 10 ** (DEAD_RMS_DBFS / 20) and peak < 10 ** (DEAD_PEAK_DBFS / 20)


def _is_copy(first: FloatArray, second: FloatArray, sample_rate_hz: int) -> bool:
    """Whether both channels carry one signal, at whatever gain and polarity (correlation over the loud frames)."""
    step = int(_FRAME_S * sample_rate_hz)
    count = len(first) // step
    frames = np.stack([first[: count * step], second[: count * step]]).reshape(2, count, step).astype(np.float64)
    energy = np.square(frames).mean(axis=2)
    # Loud on either channel: where only one party speaks, two real channels differ most.
    loud = (energy > energy.max(axis=1, keepdims=True) * 10 ** (-_LOUD_WITHIN_DB / 10)).any(axis=0)
    left, right = frames[0, loud].ravel(), frames[1, loud].ravel()
    scale = float(np.sqrt(np.dot(left, left) * np.dot(right, right)))
    return scale > 0 and abs(float(np.dot(left, right))) / scale > DUAL_MONO_CORRELATION
