"""Do two people give the same call the same score? The measures that the trade knows, each for what it is good at.

ICC(A,1) for totals (McGraw and Wong 1996), kappa for items (Cohen 1960, 1968), AC1 (Gwet 2008) and positive agreement
(Feinstein and Cicchetti 1990) for items that rarely fail, where kappa is low however well people agree, and
Krippendorff's alpha (2011) where not everybody has scored every call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pipeline.errors import StatisticsError
from quality.agent_month import Floats


class Weights(StrEnum):
    """How much a disagreement counts by its distance."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


class Level(StrEnum):
    """What the distance of two values means."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


def icc_agreement(scores: npt.ArrayLike) -> float | None:
    """ICC(A,1): one rater's score as a measure of the call, level differences between raters counted as error.

    Args:
        scores: shape (calls, raters), no gaps.

    Returns:
        None where calls and raters show no spread at all.

    Raises:
        StatisticsError: fewer than two calls or raters, or a score that is no number.
    """
    table = _table(scores)
    n, k = table.shape
    mean = table.mean()
    rows = k * float(((table.mean(axis=1) - mean) ** 2).sum()) / (n - 1)
    columns = n * float(((table.mean(axis=0) - mean) ** 2).sum()) / (k - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + mean
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    whole = rows + (k - 1) * error + k / n * (columns - error)
    return None if whole <= 0 else (rows - error) / whole


def kappa(first: npt.ArrayLike, second: npt.ArrayLike, weights: Weights = Weights.NONE) -> float | None:
    """Cohen's kappa of two raters' marks, plain or weighted by the distance of the ordered categories.

    None where both gave one and the same mark to every call.
    """
    a, b = _pair(first, second)
    categories, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    size = categories.size
    joint = np.zeros((size, size))
    np.add.at(joint, (codes[: a.size], codes[a.size :]), 1.0 / a.size)
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)
    cost = {Weights.NONE: (apart > 0).astype(np.float64), Weights.LINEAR: apart, Weights.QUADRATIC: apart**2}[weights]
    expected = float((cost * np.outer(joint.sum(axis=1), joint.sum(axis=0))).sum())
    return None if expected == 0 else 1 - float((cost * joint).sum()) / expected


def ac1(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Gwet's AC1 of two raters' marks; 1 where both gave the same single mark throughout."""
    a, b = _pair(first, second)
    categories = np.unique(np.concatenate([a, b]))
    if categories.size == 1:
        return 1.0
    agreement = float((a == b).mean())
    share = np.array([((a == mark).mean() + (b == mark).mean()) / 2 for mark in categories])
    chance = float((share * (1 - share)).sum()) / (categories.size - 1)
    return (agreement - chance) / (1 - chance)


def positive_agreement(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Of the failures that either found, how far both did: ``2a/(2a+b+c)``; None where nobody found one."""
    a, b = _pair(first, second)
    found = float((a != 0).sum() + (b != 0).sum())
    return None if found == 0 else 2 * float(((a != 0) & (b != 0)).sum()) / found


def krippendorff_alpha(scores: npt.ArrayLike, level: Level = Level.INTERVAL) -> float | None:
    """Krippendorff's alpha; NaN marks a call that a rater has not scored.

    Args:
        scores: shape (calls, raters).
        level: whether values only differ, or have distances.

    Returns:
        None where no call has two scores, or all scores are the same.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2:
        raise StatisticsError(f"alpha: scores have {table.ndim} dimensions; expected calls by raters.")
    table = table[(~np.isnan(table)).sum(axis=1) >= 2]
    pooled = table[~np.isnan(table)]
    if pooled.size == 0:
        return None
    if level is Level.ORDINAL:
        # Ordered values are as far apart as ranks: the pooled values between them, half of their own (Krippendorff).
        distinct, counts = np.unique(pooled, return_counts=True)
        places = np.cumsum(counts) - counts / 2
        table = np.where(
            np.isnan(table), np.nan, places[np.minimum(np.searchsorted(distinct, table), distinct.size - 1)]
        )
        pooled = table[~np.isnan(table)]
    observed = 0.0
    for row in table:
        values = row[~np.isnan(row)]
        observed += _disagreement(values, level) / (values.size - 1)
    expected = _disagreement(pooled, level) / (pooled.size - 1)
    return None if expected == 0 else 1 - observed / expected


@dataclass(frozen=True, slots=True)
class Agreement:
    """A measure with its 95 % interval; all None where it does not exist."""

    value: float | None
    low: float | None
    high: float | None
    calls: int


def with_interval(
    measure: Callable[[Floats], float | None], scores: npt.ArrayLike, *, draws: int = 400, seed: int = 0
) -> Agreement:
    """A measure with an interval by drawing the calls again (percentile bootstrap).

    Args:
        measure: of a table of shape (calls, raters).
        scores: the table.
        draws: how often to draw.
        seed: of the draws.
    """
    table = np.asarray(scores, dtype=np.float64)
    calls = int(table.shape[0])
    value = measure(table) if calls else None
    if value is None:
        return Agreement(None, None, None, calls)
    random = np.random.default_rng(seed)
    again = [measure(table[random.integers(0, calls, calls)]) for _ in range(draws)]
    known = [one for one in again if one is not None]
    if calls < 5 or len(known) < draws / 2:
        return Agreement(value, None, None, calls)
    low, high = np.quantile(known, [0.025, 0.975])
    return Agreement(value, float(low), float(high), calls)


def _disagreement(values: Floats, level: Level) -> float:
    """Sum of the distances of all ordered pairs."""
    if level is not Level.NOMINAL:
        # sum (a-b)^2 over all ordered pairs, without making the pairs.
        return float(2 * values.size * ((values - values.mean()) ** 2).sum())
    _, counts = np.unique(values, return_counts=True)
    return float(values.size**2 - (counts**2).sum())


def _table(scores: npt.ArrayLike) -> Floats:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise StatisticsError(
            f"ICC: scores have the shape {table.shape}; expected at least 2 calls scored by at least 2 raters."
        )
    if not np.isfinite(table).all():
        raise StatisticsError(
            "ICC: a score is missing; expected every call scored by every rater. Leave such calls out."
        )
    return table


def _pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or a.size == 0:
        raise StatisticsError(f"agreement: {a.size} and {b.size} marks; expected both raters' marks of the same calls.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise StatisticsError("agreement: a mark is missing; expected marks of calls that both have scored.")
    return a, b
