"""How well the centre's own machine scores agree with its people, and what that saves in reviews.

Nothing is promised from elsewhere: the correlation is measured on the centre's own probability reviews, within agents
(a machine that only knows which agents are good saves nothing), and no saving is shown below a correlation of .5 or
before enough reviews exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from quality.agent_month import Floats
from quality.greg import PRIOR_DF
from quality.score_model import ScoreModel, Training, within_squares

MIN_CORRELATION = 0.5
"""Below it no saving is shown: the machine's help is then within what chance and drift can undo."""

UNIFORM_SHARE = 0.3
"""The share of the draw's probability that is spread evenly, whatever the machine says."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Within-agent, call-level correlation of machine and human score with its interval (jackknife over agents)."""

    value: float
    low: float
    high: float
    reviews: int
    agents: int


@dataclass(frozen=True, slots=True)
class Saving:
    """Reviews per agent for the same half width: ``textbook`` by ``(z sd / E)^2``, ``needed`` with the machine's help.

    ``multiplier`` is their ratio, None where none may be claimed; ``reason`` then says why.
    """

    half_width: float
    textbook: int | None
    needed: int | None
    multiplier: float | None
    reason: str | None


def correlation_within(training: Training, *, confidence: float = 0.95) -> Correlation | None:
    """Measure the correlation on probability reviews.

    Returns:
        None where it does not exist: fewer than three agents with two scored reviews, or no spread.
    """
    scored = ~np.isnan(training.machine)
    _, group = np.unique(training.agent[scored], return_inverse=True)
    if group.size == 0:
        return None
    x, y, weight = training.machine[scored], training.value[scored], training.weight[scored]
    sizes = np.bincount(group)
    totals = np.bincount(group, weights=weight)
    dx = x - (np.bincount(group, weights=weight * x) / totals)[group]
    dy = y - (np.bincount(group, weights=weight * y) / totals)[group]
    share = weight * np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), 0.0)[group]
    sums = np.stack([np.bincount(group, weights=share * part) for part in (dx * dx, dy * dy, dx * dy)])
    sums = sums[:, sizes > 1]
    agents = sums.shape[1]
    whole = sums.sum(axis=1)
    if agents < 3 or min(whole[0], whole[1]) <= 1e-12 * weight.sum():
        return None
    left_out = whole[:, None] - sums
    if (left_out[:2] <= 0).any():
        return None
    value = float(whole[2] / np.sqrt(whole[0] * whole[1]))
    # On Fisher's scale, where the correlation is about normal.
    z = np.arctanh(np.clip(value, -0.999999, 0.999999))
    each = np.arctanh(np.clip(left_out[2] / np.sqrt(left_out[0] * left_out[1]), -0.999999, 0.999999))
    error = float(np.sqrt((agents - 1) / agents * ((each - each.mean()) ** 2).sum()))
    half = float(stats.t.ppf((1 + confidence) / 2, agents - 1)) * error
    return Correlation(
        value=value,
        low=float(np.tanh(z - half)),
        high=float(np.tanh(z + half)),
        reviews=int(x.size),
        agents=agents,
    )


def no_saving(half_width: float, reason: str) -> Saving:
    """No claim, and why."""
    return Saving(half_width, None, None, None, reason)


def saving(
    training: Training,
    model: ScoreModel,
    correlation: Correlation | None,
    machine: Floats,
    *,
    calls: int,
    half_width: float,
    confidence: float = 0.95,
) -> Saving:
    """What the machine saves in this centre.

    Args:
        training: the pooled probability reviews.
        model: the score model learned from them.
        correlation: as measured on them.
        machine: machine scores of the month's calls, all agents together.
        calls: calls of a typical agent in a month.
        half_width: the half width E that is wanted, in the unit of the value.
        confidence: of the interval.
    """
    if correlation is None:
        return no_saving(half_width, "机器与人工评分的相关无法计算：评分没有差异")
    if correlation.value < MIN_CORRELATION:
        return no_saving(half_width, f"机器与人工评分的相关为 {correlation.value:.2f}，低于 {MIN_CORRELATION:.1f}")
    squares, usable = within_squares(training.value, training.weight, training.agent)
    z = float(stats.norm.ppf((1 + confidence) / 2))
    textbook = z**2 * float(np.average(squares[usable], weights=training.weight[usable])) / half_width**2
    needed = reviews_needed(model, machine, calls=calls, half_width=half_width, confidence=confidence)
    if needed is None:
        return no_saving(half_width, f"一名坐席一个月的通话太少，达不到 ±{half_width:g}")
    whole = max(1, int(np.ceil(textbook)))
    if whole <= needed:
        return Saving(half_width, whole, needed, None, "教科书公式所需的复核数并不更多")
    return Saving(half_width, whole, needed, whole / needed, None)


def reviews_needed(
    model: ScoreModel, machine: Floats, *, calls: int, half_width: float, confidence: float = 0.95
) -> int | None:
    """The smallest number of reviews whose predicted interval is no wider, drawn in proportion to the residual spread.

    None where even every second call would not do.
    """
    variance = model.variance(machine)
    spread = np.sqrt(variance)
    share = (1 - UNIFORM_SHARE) * spread / spread.mean() + UNIFORM_SHARE
    low, high = 1, max(1, calls // 2)

    def wide(n: int) -> bool:
        probability = np.minimum(n * share / calls, 1.0)
        predicted = float(((1 / probability - 1) * variance).mean()) / calls
        half = float(stats.t.ppf((1 + confidence) / 2, PRIOR_DF - 1 + n)) * float(np.sqrt(predicted))
        return half > half_width

    if wide(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if wide(middle) else (low, middle)
    return low
