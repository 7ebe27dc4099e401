"""Calibration sessions and appeals: is a rater within tolerance, and how often is a rater overturned?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from pipeline.errors import StatisticsError
from quality import checks


@dataclass(frozen=True, slots=True)
class Share:
    """Hits of n as a share with the ends of its interval."""

    hits: int
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SessionResult:
    """How many of the session's calls a rater had within tolerance; ``passed`` by the lower bound, not by the share."""

    share: Share
    passed: bool


def calibration_result(
    scores: npt.ArrayLike,
    standard: npt.ArrayLike,
    *,
    tolerance: float = 5.0,
    required: float = 0.7,
    confidence: float = 0.9,
) -> SessionResult:
    """A rater's session: within ``tolerance`` points of the standard in at least ``required`` of such calls?

    Passed when the one-sided Clopper-Pearson lower bound at ``confidence`` reaches ``required``.

    Raises:
        StatisticsError: no calls, or scores that do not belong to the same calls.
    """
    given, wanted = checks.values("scores", np.asarray(scores)), checks.values("standard", np.asarray(standard))
    if given.size != wanted.size:
        raise StatisticsError(f"session: {given.size} scores for {wanted.size} calls; expected one for each.")
    hits, n = int((np.abs(given - wanted) <= tolerance).sum()), int(given.size)
    low = 0.0 if hits == 0 else float(stats.beta.ppf(1 - confidence, hits, n - hits + 1))
    high = 1.0 if hits == n else float(stats.beta.ppf(confidence, hits + 1, n - hits))
    return SessionResult(Share(hits, n, hits / n, low, high), low >= required)


def overturn_rate(overturned: int, n: int, *, confidence: float = 0.95) -> Share | None:
    """Verdicts overturned on appeal, of n reviewed or n appealed, with Jeffreys' interval; None where n is 0.

    Raises:
        StatisticsError: more overturned than there were, or a negative number.
    """
    if not 0 <= overturned <= n:
        raise StatisticsError(f"appeals: {overturned} overturned of {n}; expected between 0 and all of them.")
    if n == 0:
        return None
    tail = (1 - confidence) / 2
    a, b = overturned + 0.5, n - overturned + 0.5
    low = 0.0 if overturned == 0 else float(stats.beta.ppf(tail, a, b))
    high = 1.0 if overturned == n else float(stats.beta.ppf(1 - tail, a, b))
    return Share(overturned, n, overturned / n, low, high)


@dataclass(frozen=True, slots=True)
class PooledShare:
    """A rater's own count with the share drawn towards everybody's by as much as the count is small."""

    hits: int
    n: int
    value: float
    low: float
    high: float


def pooled_overturns(overturned: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95) -> list[PooledShare]:
    """Overturn rates of all raters, partially pooled.

    Each rater's count is joined by a share of everybody's: by as many reviews as the spread of the raters' rates beyond
    chance allows (moments of the beta-binomial), at least 1, at most as many as there are; equal raters are pooled
    strongly, unequal ones hardly. Half a hit on either side is added (Jeffreys).

    Raises:
        StatisticsError: counts that do not fit.
    """
    hits = checks.values("overturned", np.asarray(overturned, dtype=np.float64))
    reviewed = checks.values("reviewed", np.asarray(n, dtype=np.float64))
    if hits.size != reviewed.size or (hits < 0).any() or (hits > reviewed).any():
        raise StatisticsError("appeals: more overturned than there were, or counts of other raters; expected one each.")
    mean = (float(hits.sum()) + 0.5) / (float(reviewed.sum()) + 1)
    total, known = float(reviewed.sum()), reviewed > 0
    beyond = (hits[known] - mean * reviewed[known]) ** 2 / (mean * (1 - mean) * reviewed[known])
    room = float(((reviewed[known] - 1) * (1 - reviewed[known] / max(total, 1.0))).sum())
    alike = (float(beyond.sum()) - (int(known.sum()) - 1)) / room if room > 0 else 0.0
    strength = min(max(1 / alike - 1, 1.0), max(total, 1.0)) if alike > 0 else max(total, 1.0)
    a, b = hits + mean * strength + 0.5, reviewed - hits + (1 - mean) * strength + 0.5
    tail = (1 - confidence) / 2
    return [
        PooledShare(
            int(hits[i]),
            int(reviewed[i]),
            float(a[i] / (a[i] + b[i])),
            float(stats.beta.ppf(tail, a[i], b[i])),
            float(stats.beta.ppf(1 - tail, a[i], b[i])),
        )
        for i in range(hits.size)
    ]
