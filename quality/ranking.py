"""Ranks, and how little they mean: an order with the chance of each place.

Fay and Herriot's model (JASA 74, 1979): agents' true means lie round a line through the machine's guesses, and each
estimate is drawn towards that line by as much as it is uncertain. Good for an order on average, and for whom to coach
first; never for pay, since it flatters exactly the agents who are far off the line. From it come chances by drawing
true means: of being in the bottom tenth, of ranks, of being truly better than the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import optimize, stats

from pipeline.errors import StatisticsError
from quality import checks
from quality.agent_month import Floats

MIN_AGENTS = 10
"""Fewer say nothing of how agents differ beyond the line."""

DRAWS = 4000
CERTAIN_ENOUGH = 0.95
SHARES = (10.0, 20.0, 40.0, 20.0, 10.0)
"""A forced distribution after the normal curve, best first, per cent."""


@dataclass(frozen=True, slots=True)
class Line:
    """The fitted model: line through the guesses, and the variance of agents round it."""

    intercept: float
    slope: float
    variance: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """One agent's place.

    Attributes:
        agent: who.
        rank: 1 is best.
        estimate: the direct estimate.
        shrunk: the one drawn towards the line, by which the rank goes.
        half_width: 95 % of the shrunk one, widened for agents who are not normal round the line; on average over
            agents it holds, for the worst ones it does not.
        rank_low: best and ``rank_high`` worst rank that 90 % of the draws leave possible.
        rank_high: see there.
        bottom_tenth: chance of being among the worst tenth.
        better_than_next: chance of being truly better than the agent one rank below; None for the last.
        distinguishable: whether that chance is 95 % or more.
        grade: place in the forced distribution, 1 the best grade.
        grade_chance: chance that this is the right grade.
    """

    agent: str
    rank: int
    estimate: float
    shrunk: float
    half_width: float
    rank_low: int
    rank_high: int
    bottom_tenth: float
    better_than_next: float | None
    distinguishable: bool
    grade: int
    grade_chance: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """All agents, the best first, and the line on which the order rests."""

    agents: tuple[Ranked, ...]
    line: Line
    shares: tuple[float, ...]


def rank_agents(
    agents: Sequence[str],
    values: Floats,
    variances: Floats,
    guesses: Floats,
    *,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
) -> Ranking:
    """Rank agents by their shrunk estimates, the highest first.

    Args:
        agents: names.
        values: direct estimates of one month.
        variances: their variances.
        guesses: the machine's word on each agent's month, the same for all where there is none.
        shares: of the forced distribution in per cent, best grade first, adding up to 100.
        seed: of the draws; the same values give the same chances.

    Raises:
        StatisticsError: fewer than ten agents, numbers that are none, or shares that are no distribution.
    """
    if len(agents) < MIN_AGENTS:
        raise StatisticsError(
            f"ranking: {len(agents)} agents have estimates that may be ranked; expected at least {MIN_AGENTS}. "
            "Review more drawn calls, or rank a larger group."
        )
    y, v, x = (
        checks.values(f"ranking, {name}", column)
        for name, column in (("values", values), ("variances", variances), ("guesses", guesses))
    )
    if not len(agents) == y.size == v.size == x.size:
        raise StatisticsError(
            f"ranking: {len(agents)} agents, {y.size} values, {v.size} variances, {x.size} guesses; expected one of "
            "each for every agent."
        )
    cuts = _cuts(shares, y.size)
    # An exact value (all calls heard) still needs a variance to divide by.
    v = np.maximum(v, 1e-9)
    line, covariance = fay_herriot(y, v, x)
    design = np.column_stack([np.ones_like(x), x - x.mean()])
    beta = np.array([line.intercept + line.slope * x.mean(), line.slope])
    shrink = line.variance / (line.variance + v)
    shrunk = shrink * y + (1 - shrink) * (design @ beta)
    random = np.random.default_rng(seed)
    betas = random.multivariate_normal(beta, covariance, size=DRAWS)
    noise = random.normal(size=(DRAWS, y.size)) * np.sqrt(shrink * v)
    drawn = shrink * y + (1 - shrink) * (betas @ design.T) + noise
    order = np.argsort(-shrunk, kind="stable")
    places = np.empty(drawn.shape, dtype=np.int64)
    np.put_along_axis(places, np.argsort(-drawn, axis=1), np.broadcast_to(np.arange(1, y.size + 1), drawn.shape), 1)
    worst = y.size - max(1, round(y.size / 10))
    grades = np.searchsorted(cuts, places - 1, side="right") + 1
    half = shrink * np.sqrt(v) * _critical_values(1 / shrink - 1)
    found = []
    for place, i in enumerate(order):
        following = None if place + 1 == y.size else float((drawn[:, i] > drawn[:, order[place + 1]]).mean())
        grade = int(np.searchsorted(cuts, place, side="right")) + 1
        found.append(
            Ranked(
                agent=agents[i],
                rank=place + 1,
                estimate=float(y[i]),
                shrunk=float(shrunk[i]),
                half_width=float(half[i]),
                rank_low=int(np.quantile(places[:, i], 0.05, method="lower")),
                rank_high=int(np.quantile(places[:, i], 0.95, method="higher")),
                bottom_tenth=float((places[:, i] > worst).mean()),
                better_than_next=following,
                distinguishable=following is not None and following >= CERTAIN_ENOUGH,
                grade=grade,
                grade_chance=float((grades[:, i] == grade).mean()),
            )
        )
    return Ranking(tuple(found), line, tuple(float(share) for share in shares))


def fay_herriot(y: Floats, v: Floats, x: Floats) -> tuple[Line, Floats]:
    """Fit ``y = a + b x + u + e`` with var(e) known, var(u) by restricted likelihood and kept above 0.

    Returns:
        The line, and the covariance of intercept (at the mean guess) and slope.
    """
    centred = x - x.mean()
    flat = float((centred**2).sum()) < 1e-9 * max(1.0, float((x**2).sum()))
    design = np.column_stack([np.ones_like(x), np.zeros_like(x) if flat else centred])

    def fit(variance: float) -> tuple[Floats, Floats, Floats]:
        weight = 1 / (variance + v)
        normal = (design * weight[:, None]).T @ design
        if flat:
            normal[1, 1] = 1.0
        beta = np.linalg.solve(normal, design.T @ (weight * y))
        return beta, normal, weight

    def loss(log_variance: float) -> float:
        beta, normal, weight = fit(float(np.exp(log_variance)))
        rest = y - design @ beta
        # Li and Lahiri's adjustment (2010): the likelihood times the variance, so that it never comes out as 0.
        return float((weight * rest**2).sum() - np.log(weight).sum() + np.linalg.slogdet(normal)[1] - 2 * log_variance)

    typical = float(np.log(np.median(v) + y.var() + 1e-12))
    found = optimize.minimize_scalar(loss, bounds=(typical - 12, typical + 4), method="bounded")
    variance = float(np.exp(found.x))
    beta, normal, _ = fit(variance)
    covariance = np.asarray(np.linalg.inv(normal), dtype=np.float64)
    if flat:
        covariance[1, 1] = 0.0
    slope = float(beta[1])
    return Line(float(beta[0]) - slope * float(x.mean()), slope, variance), covariance


def robust_critical_value(bias_square: float, miss: float = 0.05) -> float:
    """How many standard errors a shrunk estimate needs when nothing is known of the agents but their variance.

    The smallest c for which no distribution of the relative bias with this second moment makes |Z + b| > c more often
    than ``miss`` (Armstrong, Kolesár and Plagborg-Møller, Econometrica 90, 2022).

    Args:
        bias_square: mean square of the bias in squared standard errors, ``v / variance`` of the model.
        miss: how often the interval may miss, on average over agents.
    """

    def missed(t: float, c: float) -> float:
        root = float(np.sqrt(t))
        return float(stats.norm.cdf(-c - root) + stats.norm.cdf(-c + root))

    def worst(c: float) -> float:
        # The least concave majorant in t: a chord from 0 touches the curve, beyond which the curve itself is concave.
        grid = np.linspace(1e-6, (c + 3) ** 2, 300)
        curve = stats.norm.cdf(-c - np.sqrt(grid)) + stats.norm.cdf(-c + np.sqrt(grid))
        start = missed(0.0, c)
        slopes = (curve - start) / grid
        touch = int(np.argmax(slopes))
        if bias_square >= grid[touch]:
            return missed(bias_square, c)
        return start + float(slopes[touch]) * bias_square

    high = 3.0
    while worst(high) > miss:
        high *= 2
    return float(optimize.brentq(lambda c: worst(c) - miss, 1.5, high, xtol=1e-3))


_ROOTS = np.linspace(0.0, 8.0, 33)


@cache
def _critical_table() -> Floats:
    return np.array([robust_critical_value(float(root**2)) for root in _ROOTS])


def _critical_values(bias_squares: Floats) -> Floats:
    """Critical values by the table; beyond its end Chebyshev's bound, which is no smaller."""
    roots = np.sqrt(bias_squares)
    known = np.interp(roots, _ROOTS, _critical_table())
    return np.asarray(np.where(roots > _ROOTS[-1], np.sqrt((1 + bias_squares) / 0.05), known), dtype=np.float64)


def _cuts(shares: Sequence[float], agents: int) -> Floats:
    """Numbers of agents up to the end of each grade but the last."""
    given = checks.values("shares", list(shares))
    if given.min() < 0 or abs(given.sum() - 100) > 1e-6:
        raise StatisticsError(
            f"shares add up to {given.sum():g}; expected shares of 0 or more that add up to 100, best grade first, "
            f"such as 10,20,40,20,10."
        )
    return np.round(np.cumsum(given)[:-1] / 100 * agents).astype(np.float64)
