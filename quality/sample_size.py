"""How many calls a person must hear so that an agent's mean score, or pass rate, is known to within plus/minus E.

The formulas are those that the trade teaches (mean: ``n = (z sd / E)^2``; pass rate: ``n = N z^2 p q / (N E^2 +
z^2 p q)``), with what they leave out offered beside them: rounding up, the finite population for means as well, and
Student's t, since a standard deviation taken from the same few calls is itself uncertain (Cochran, Sampling
Techniques, 3rd ed., sections 4.4 to 4.7).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.errors import StatisticsError
from quality import checks
from quality.words import Mode

Z_DECIMALS = 3
"""z as printed tables give it: 1.960 at 95 %, 1.645 at 90 %, 2.576 at 99 %."""

ROUNDING_SLACK = 1e-9
"""A sample size that is whole but for the arithmetic of floats is not rounded up."""

MOST = 10**9
"""No call centre has more calls; a sample size beyond it is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class SampleSize:
    """A sample size with the formula's own result and what was assumed.

    ``raw`` is the unrounded result (with Student's t, the smallest whole n that holds). ``half_width`` is that of the
    interval with ``n`` calls under the same assumptions. ``per_week`` divides ``n`` over ``weeks`` weeks.
    """

    n: int
    raw: float
    half_width: float
    mode: Mode
    confidence: float
    population: int | None
    student_t: bool
    per_week: int
    weeks: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: the spread or rate of its row, the error of its column, and the sample size."""

    spread: float
    error: float
    size: SampleSize


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """The mean of reviewed scores with its interval; ``sd`` divides by n - 1, ``sd_of_all`` by n."""

    n: int
    mean: float
    sd: float
    sd_of_all: float
    standard_error: float
    half_width: float
    low: float
    high: float


def z_value(confidence: float) -> float:
    """The standard normal quantile of a two-sided interval, to three decimals as printed tables have it."""
    checks.number("confidence", confidence, above=0.0, below=1.0)
    return round(float(stats.norm.ppf(0.5 + confidence / 2)), Z_DECIMALS)


def size_for_mean(
    sd: float,
    error: float,
    *,
    confidence: float = 0.95,
    population: int | None = None,
    mode: Mode = Mode.GUARANTEE,
    student_t: bool = False,
    weeks: int = 4,
) -> SampleSize:
    """Calls to review so that the mean score is known to within plus/minus ``error``.

    Args:
        sd: standard deviation of the agent's scores, points (dividing by n - 1 where it comes from a sample).
        error: half width of the interval, points.
        confidence: share of such intervals that hold the true mean.
        population: the agent's calls in the period; None for many.
        mode: how the result is rounded.
        student_t: allow for the standard deviation being estimated from these very calls.
        weeks: weeks over which the reviews are spread.

    Raises:
        StatisticsError: a number is missing or impossible.
    """
    checks.number("sd", sd, above=0.0)
    checks.number("error", error, above=0.0)
    z = z_value(confidence)
    if student_t:
        raw = float(_smallest_by_t(sd, error, confidence, population))
    else:
        raw = _finite((z * sd / error) ** 2, population)
    return _sized(raw, sd, z, confidence, population, mode, student_t, weeks)


def size_for_rate(
    rate: float,
    error: float,
    *,
    confidence: float = 0.95,
    population: int | None = None,
    mode: Mode = Mode.GUARANTEE,
    weeks: int = 4,
) -> SampleSize:
    """Calls to review so that a pass rate near ``rate`` is known to within plus/minus ``error``, both in 0..1.

    Rates near 0.5 need the most calls; ``rate`` and ``1 - rate`` need equally many. The other arguments and errors are
    those of ``size_for_mean``.
    """
    checks.number("rate", rate, above=0.0, below=1.0)
    checks.number("error", error, above=0.0, below=1.0)
    z = z_value(confidence)
    sd = math.sqrt(rate * (1 - rate))
    raw = _finite((z * sd / error) ** 2, population)
    return _sized(raw, sd, z, confidence, population, mode, False, weeks)


def mean_table(
    sds: Sequence[float],
    errors: Sequence[float],
    *,
    confidence: float = 0.95,
    population: int | None = None,
    mode: Mode = Mode.GUARANTEE,
    student_t: bool = False,
) -> list[Cell]:
    """``size_for_mean`` for every standard deviation and error, row by row."""
    return [
        Cell(
            sd,
            error,
            size_for_mean(sd, error, confidence=confidence, population=population, mode=mode, student_t=student_t),
        )
        for sd in sds
        for error in errors
    ]


def rate_table(
    rates: Sequence[float],
    errors: Sequence[float],
    *,
    confidence: float = 0.95,
    population: int | None = None,
    mode: Mode = Mode.GUARANTEE,
) -> list[Cell]:
    """``size_for_rate`` for every rate and error, row by row."""
    return [
        Cell(rate, error, size_for_rate(rate, error, confidence=confidence, population=population, mode=mode))
        for rate in rates
        for error in errors
    ]


def mean_interval(scores: Iterable[float], *, confidence: float = 0.95, student_t: bool = True) -> MeanInterval:
    """The mean of a simple random sample of scores with its interval, by Student's t or by the textbook's z.

    Raises:
        StatisticsError: fewer than two scores, a score is no number, or all scores are equal, which would give an
            interval of no width: a claim of certainty that a handful of equal scores cannot carry.
    """
    array = checks.values("scores", scores, at_least=2)
    sd = float(np.std(array, ddof=1))
    if sd == 0.0:
        raise StatisticsError(
            f"scores: all {array.size} are equal, so their spread cannot be estimated from them; "
            f"expected at least two different scores. Review more calls, or give the centre's usual sd."
        )
    factor = float(stats.t.ppf(0.5 + confidence / 2, array.size - 1)) if student_t else z_value(confidence)
    mean, standard_error = float(np.mean(array)), sd / math.sqrt(array.size)
    half_width = factor * standard_error
    return MeanInterval(
        n=int(array.size),
        mean=mean,
        sd=sd,
        sd_of_all=float(np.std(array)),
        standard_error=standard_error,
        half_width=half_width,
        low=mean - half_width,
        high=mean + half_width,
    )


def whole(value: float, mode: Mode) -> int:
    """A sample size as a whole number: nearest (a half goes up) in article mode, up in guarantee mode."""
    if value > MOST:
        raise StatisticsError(
            f"the sample size comes to {value:.3g} calls; expected at most {MOST:g}. Allow a larger error."
        )
    return math.floor(value + 0.5) if mode is Mode.ARTICLE else math.ceil(value - ROUNDING_SLACK)


def truncated(value: float) -> int:
    """How the training literature writes ends of intervals and weekly counts: the fraction is dropped."""
    return math.trunc(value)


def _finite(raw: float, population: int | None) -> float:
    if population is None:
        return raw
    checks.number("population", population, at_least=1)
    return population * raw / (population + raw)


def _half_width(factor: float, sd: float, n: int, population: int | None) -> float:
    left_out = 1 / n - (1 / population if population else 0.0)
    return factor * sd * math.sqrt(max(left_out, 0.0))


def _smallest_by_t(sd: float, error: float, confidence: float, population: int | None) -> int:
    if population is not None:
        checks.number("population", population, at_least=2)

    def holds(n: int) -> bool:
        factor = float(stats.t.ppf(0.5 + confidence / 2, n - 1))
        return _half_width(factor, sd, n, population) <= error * (1 + ROUNDING_SLACK)

    # The half width falls with n, so the smallest n that holds is found by halving.
    high = 2
    while not holds(high):
        if population is not None and high >= population:
            break
        if high > MOST:
            whole(high, Mode.GUARANTEE)
        high = min(high * 2, population) if population is not None else high * 2
    low = 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high


def _sized(
    raw: float,
    sd: float,
    z: float,
    confidence: float,
    population: int | None,
    mode: Mode,
    student_t: bool,
    weeks: int,
) -> SampleSize:
    checks.number("weeks", weeks, at_least=1)
    n = max(whole(raw, mode), 1)
    factor = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) if student_t else z
    return SampleSize(
        n=n,
        raw=raw,
        half_width=_half_width(factor, sd, n, population),
        mode=mode,
        confidence=confidence,
        population=population,
        student_t=student_t,
        per_week=truncated(n / weeks) if mode is Mode.ARTICLE else math.ceil(n / weeks),
        weeks=weeks,
    )
