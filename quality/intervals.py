"""Intervals of shares from counts that need not be whole, as weighted samples give them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.errors import StatisticsError
from quality.draw import Floats


@dataclass(frozen=True, slots=True)
class Counts:
    """A weighted sample of yes and no as counts of a simple random one.

    ``n`` is the effective size (Kish: the square of the weights' sum by the sum of their squares), ``yes`` the
    weighted share times that.
    """

    yes: float
    n: float

    @property
    def share(self) -> float | None:
        """The weighted share, None of nothing."""
        return self.yes / self.n if self.n > 0 else None


def effective_counts(yes: np.ndarray, weights: np.ndarray) -> Counts:
    """Effective counts of a weighted sample (Hájek share, Kish's effective size).

    Raises:
        StatisticsError: a weight is not more than 0, or not a number.
    """
    if not yes.size:
        return Counts(0.0, 0.0)
    if not (np.isfinite(weights).all() and weights.min() > 0):
        raise StatisticsError("a weight is not more than 0; expected 1 / probability of each reviewed call.")
    n = float(weights.sum() ** 2 / (weights**2).sum())
    return Counts(float((weights * yes).sum() / weights.sum()) * n, n)


def wilson(counts: Counts, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share (JASA 22, 1927); 0 to 1 of nothing."""
    if counts.n <= 0:
        return 0.0, 1.0
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    share, square = counts.yes / counts.n, z * z / counts.n
    centre = (share + square / 2) / (1 + square)
    half = z / (1 + square) * (share * (1 - share) / counts.n + square / (4 * counts.n)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def upper_bound(counts: Counts, confidence: float = 0.95) -> float:
    """One-sided upper bound of a share (Clopper and Pearson 1934); 1 of nothing."""
    if counts.n <= 0 or counts.yes >= counts.n:
        return 1.0
    return float(stats.beta.ppf(confidence, counts.yes + 1, counts.n - counts.yes))


def jeffreys_draws(counts: Counts, draws: int, random: np.random.Generator) -> Floats:
    """Draws from the posterior of a share under Jeffreys' prior."""
    return random.beta(counts.yes + 0.5, counts.n - counts.yes + 0.5, size=draws)


def tail_at_least(counts: Counts, share: float) -> float:
    """Chance of so many or more, were the true share ``share``; exact for whole counts, continued between them."""
    if counts.yes <= 0:
        return 1.0
    return float(stats.beta.cdf(share, counts.yes, counts.n - counts.yes + 1))
