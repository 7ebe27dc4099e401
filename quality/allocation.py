"""How many calls of each agent are drawn: what the reviewers can hear in a month, divided among the agents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from pipeline.errors import StatisticsError
from quality import checks
from quality.draw import Floats
from quality.words import Allocation

LEAST_PER_AGENT = 2.0
"""Fewer reviews than this give no interval at all."""

PRIOR_SD_WEIGHT = 20
"""Calls' worth of the pooled spread that steady each agent's own: a spread from few calls is mostly chance."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the reviewers' plan leaves for the probability lane in a month, in calls.

    ``short`` is how many calls the plan lacks: the must and risk lanes are not cut, and ``probability`` never falls
    below what gives each agent an interval.
    """

    capacity: float
    must: float
    risk: float
    probability: float
    short: float


def budget(capacity: float, must: float, risk: float, agents: int, least: float = LEAST_PER_AGENT) -> Budget:
    """Divide a month's capacity among the lanes.

    Args:
        capacity: calls that the reviewers' plans add up to.
        must: must-review calls expected; their number follows the rules, not the plan.
        risk: calls of the risk lane.
        agents: agents to be estimated.
        least: calls of the probability lane that each agent needs.

    Raises:
        StatisticsError: a number is negative, or there are no agents.
    """
    for name, value in (("capacity", capacity), ("must-review calls", must), ("risk calls", risk)):
        checks.number(name, value, at_least=0)
    checks.number("number of agents", agents, at_least=1)
    needed = least * agents
    left = capacity - must - risk
    return Budget(capacity, must, risk, max(left, needed), max(needed - left, 0.0))


def allocate(how: Allocation, total: float, calls: Floats, sds: Floats, least: float = LEAST_PER_AGENT) -> Floats:
    """Calls to draw of each agent; they sum to ``total`` as far as the agents have so many.

    Args:
        how: the principle.
        total: calls to draw in all.
        calls: calls of each agent in the month, more than 0.
        sds: standard deviation of each agent's scores, 0 or more.
        least: the fewest for an agent (all of them, where an agent has fewer).

    Returns:
        A number for each agent, not rounded: the draw keeps the fraction by chance.

    Raises:
        StatisticsError: a number is impossible, or ``total`` is less than every agent's least.
    """
    counts = checks.values("calls", calls)
    spreads = checks.values("sds", sds)
    checks.number("total", total, above=0)
    if counts.size != spreads.size:
        raise StatisticsError(f"there are {counts.size} agents but {spreads.size} spreads; expected one for each.")
    if counts.min() <= 0 or spreads.min() < 0:
        raise StatisticsError("an agent has no calls or a negative spread; expected more than 0 and at least 0.")
    floors = np.minimum(least, counts)
    if total < floors.sum() - 1e-9:
        raise StatisticsError(
            f"{total:g} calls are to be drawn, but {counts.size} agents need {floors.sum():g} to have an interval "
            f"each; expected at least that. Plan more reviews, or lower the least for an agent."
        )
    if total >= counts.sum():
        return counts
    if how is Allocation.EQUAL:
        shares = _water_level(np.ones_like(counts), total, floors, counts)
    elif how is Allocation.NEYMAN:
        # An agent whose scores do not vary at all would get nothing; the least is for that.
        shares = _water_level(counts * spreads, total, floors, counts)
    else:
        shares = _equal_width(counts, spreads, total, floors)
    return shares


def steadied_sds(sds: Floats, calls: Floats) -> Floats:
    """Each agent's spread drawn towards the pooled one by 20 calls' worth, so that chance does not steer reviews.

    Raises:
        StatisticsError: a number is impossible, or no agent's scores vary.
    """
    spreads, counts = checks.values("sds", sds), checks.values("calls", calls)
    freedom = np.maximum(counts - 1, 0)
    pooled = float((freedom * spreads**2).sum() / max(freedom.sum(), 1.0))
    if pooled <= 0:
        raise StatisticsError(
            "no agent's scores vary, so reviews cannot be divided by spread; expected different scores. "
            "Divide them equally."
        )
    steadied: Floats = np.sqrt((PRIOR_SD_WEIGHT * pooled + freedom * spreads**2) / (PRIOR_SD_WEIGHT + freedom))
    return steadied


def _water_level(weights: Floats, total: float, floors: Floats, ceilings: Floats) -> Floats:
    """Numbers in proportion to the weights within their limits, adding up to the total."""
    if not weights.max() > 0:
        weights = np.ones_like(weights)

    def at(level: float) -> Floats:
        return np.clip(level * weights, floors, ceilings)

    high = float(np.max(ceilings[weights > 0] / weights[weights > 0]))
    if at(high).sum() <= total:
        return at(high)
    return at(float(optimize.brentq(lambda level: float(at(level).sum()) - total, 0.0, high, xtol=1e-12 * high)))


def _equal_width(counts: Floats, sds: Floats, total: float, floors: Floats) -> Floats:
    """Equal variance of every mean, the finite population allowed for: n = N s^2 / (N v + s^2)."""
    variances = sds**2
    if not variances.max() > 0:
        return _water_level(np.ones_like(counts), total, floors, counts)

    def at(inverse: float) -> Floats:
        # v = 1 / inverse, so that the sum grows with the argument.
        needed = counts * variances / (counts / inverse + variances)
        return np.clip(needed, floors, counts)

    high = 1.0
    while at(high).sum() < total and high < 1e12:
        high *= 4
    if at(high).sum() <= total:
        return at(high)
    return at(float(optimize.brentq(lambda inverse: float(at(inverse).sum()) - total, 1e-12, high, xtol=1e-12 * high)))
