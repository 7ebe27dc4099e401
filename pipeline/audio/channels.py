"""Which channel holds whom: nothing may be said about the agent before this is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipeline.audio.view import ChannelView
from pipeline.types import Audio, ChannelLayout, Problem, Role

DEAD_RMS_DBFS = -65.0
DEAD_PEAK_DBFS = -50.0
DUAL_MONO_CORRELATION = 0.95
"""Two parties stay below 0.3, cross-talk 6 dB below its source at 0.8; copies with hiss of their own 15 dB below the
speech come down to 0.97."""
_LOUD_WITHIN_DB = 25.0
_FRAME_S = 0.02
_SURE_DISTANCE_DB = 10.0
_SURE_CORRELATION = 0.5


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What the channels of one recording hold.

    ``roles`` has one role a channel; ``analysed`` are the channels worth looking for speech in (a dead one and the
    copy of a dual-mono pair are not); ``agent_channel`` is None where the agent cannot be told. ``confidence`` is how
    far, from 0.5 to 1, the sound is from looking like another layout.
    """

    layout: ChannelLayout
    agent_channel: int | None
    roles: tuple[Role, ...]
    analysed: tuple[int, ...]
    problems: tuple[Problem, ...] = ()
    confidence: float = 1.0


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
    sound = _compare(audio)
    if sound.dead[0] != sound.dead[1]:
        report = _one_live(sound.dead.index(False), agent_channel, default_agent_channel, problems)
        return replace(report, confidence=_sure(DEAD_RMS_DBFS - min(sound.rms_dbfs), _SURE_DISTANCE_DB))
    confidence = _sure(abs(sound.correlation - DUAL_MONO_CORRELATION), _SURE_CORRELATION)
    if sound.correlation > DUAL_MONO_CORRELATION:
        confidence = _sure(sound.correlation - DUAL_MONO_CORRELATION, 1 - DUAL_MONO_CORRELATION)
        return ChannelReport(ChannelLayout.DUAL_MONO, None, unknown, (0,), problems, confidence)
    if problems:
        return ChannelReport(ChannelLayout.STEREO, None, unknown, everywhere, problems, confidence)
    agent = default_agent_channel if agent_channel is None else agent_channel
    return ChannelReport(ChannelLayout.STEREO, agent, _roles(agent), everywhere, (), confidence)


def _sure(distance: float, enough: float) -> float:
    return 0.5 + 0.5 * min(1.0, max(0.0, distance / enough))


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


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two channels beside each other: which is dead, their levels, and how alike they are (0 to 1)."""

    dead: tuple[bool, bool]
    rms_dbfs: tuple[float, float]
    correlation: float


def _compare(audio: Audio) -> _Pair:
    """Look at both channels once, a minute at a time.

    A channel is dead when it carries next to nothing: an unused line still hums a little, so digital zero is not asked
    for. The correlation, at whatever gain and polarity, is that of the loud frames.
    """
    step = max(1, int(_FRAME_S * audio.sample_rate_hz))
    totals, squares = np.zeros(2), np.zeros(2)
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    frames = 0
    energies: list[npt.NDArray[np.float64]] = []
    products: list[npt.NDArray[np.float64]] = []
    first, second = (ChannelView(audio, channel).blocks() for channel in (0, 1))
    for pair in zip(first, second, strict=True):
        block = np.stack(pair).astype(np.float64)
        frames += block.shape[1]
        totals += block.sum(axis=1)
        squares += np.square(block).sum(axis=1)
        low, high = np.minimum(low, block.min(axis=1)), np.maximum(high, block.max(axis=1))
        count = block.shape[1] // step
        if count:
            cells = (block - block.mean(axis=1, keepdims=True))[:, : count * step].reshape(2, count, step)
            energies.append(np.square(cells).sum(axis=2))
            products.append((cells[0] * cells[1]).sum(axis=1))
    mean = totals / frames
    rms = np.sqrt(np.maximum(squares / frames - np.square(mean), 0.0))
    peak = np.maximum(high - mean, mean - low)
    dead = (rms < 10 ** (DEAD_RMS_DBFS / 20)) & (peak < 10 ** (DEAD_PEAK_DBFS / 20))
    rms_dbfs = 20 * np.log10(np.maximum(rms, 1e-6))
    return _Pair(
        (bool(dead[0]), bool(dead[1])), (float(rms_dbfs[0]), float(rms_dbfs[1])), _correlation(energies, products)
    )


def _correlation(energies: list[npt.NDArray[np.float64]], products: list[npt.NDArray[np.float64]]) -> float:
    if not energies:
        return 0.0
    energy, product = np.concatenate(energies, axis=1), np.concatenate(products)
    # Loud on either channel: where only one party speaks, two real channels differ most.
    loud = (energy > energy.max(axis=1, keepdims=True) * 10 ** (-_LOUD_WITHIN_DB / 10)).any(axis=0)
    scale = float(np.sqrt(energy[0, loud].sum() * energy[1, loud].sum()))
    return abs(float(product[loud].sum())) / scale if scale > 0 else 0.0
