"""What a person is likely to say of a call with a given machine score, and how far such guesses are off.

Both are learned from the pooled probability reviews of earlier months, so that this month's sample is not used twice.
The map is isotonic (Barlow et al., 1972): a higher machine score never means a lower guess, and nothing else is
assumed. The spread is the variance of the residuals within agents, by machine score: machines are surest where they
found nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from pipeline.errors import StatisticsError
from quality.agent_month import Bools, Floats, Ints

MIN_ROWS = 20
"""Reviews that a score bin needs for a variance of its own; smaller bins join their neighbour."""

MOST_BINS = 20

FLOOR_SHARE = 0.01
"""The residual sd is never taken for less than this share of the scale: 1 point of 100."""


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Pooled probability reviews: machine score (NaN: none), value, weight 1/probability, and whose call it was."""

    machine: Floats
    value: Floats
    weight: Floats
    agent: Ints

    @property
    def size(self) -> int:
        """Number of reviews."""
        return int(self.value.size)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreModel:
    """The frozen map f(x) with the residual variance by machine score.

    Calls that the machine could not score (NaN) have a guess and a variance of their own. ``size`` is the number of
    reviews it was learned from; 0 for the flat model, which guesses 0 and so leaves the plain weighted mean.
    """

    knots_x: Floats
    knots_y: Floats
    bin_tops: Floats
    variances: Floats
    unscored_value: float
    unscored_variance: float
    size: int

    def predict(self, machine: Floats) -> Floats:
        """The guess of the human value for each machine score."""
        known = np.interp(machine, self.knots_x, self.knots_y)
        unscored = np.isnan(machine)
        return np.where(unscored, self.unscored_value, known) if unscored.any() else known

    def variance(self, machine: Floats) -> Floats:
        """The residual variance for each machine score."""
        # NaN sorts last, past every bin.
        where = np.searchsorted(self.bin_tops, machine)
        return np.append(self.variances, self.unscored_variance)[where]


def flat_model(variance: float) -> ScoreModel:
    """The model that knows nothing of the machine's score: guess 0, the same variance everywhere."""
    return ScoreModel(
        knots_x=np.zeros(1),
        knots_y=np.zeros(1),
        bin_tops=np.full(1, np.inf),
        variances=np.full(1, variance),
        unscored_value=0.0,
        unscored_variance=variance,
        size=0,
    )


def fit_score_model(
    training: Training, *, largest: float, increasing: bool = True, least_variance: float = 0.0
) -> ScoreModel:
    """Learn the map and the variances.

    Args:
        training: the pooled reviews.
        largest: the largest possible value (100 for a score, 1 for a rate), for the floor of the variance.
        increasing: False where the value falls as the machine's score rises (fatal calls).
        least_variance: a floor of the variance beyond that of ``FLOOR_SHARE``.

    Raises:
        StatisticsError: there are fewer than two reviews of calls that the machine scored.
    """
    scored = ~np.isnan(training.machine)
    if scored.sum() < 2:
        raise StatisticsError(
            f"score model: {int(scored.sum())} reviewed calls have a machine score; expected at least 2. "
            "Review calls of the probability lane first."
        )
    floor = max((FLOOR_SHARE * largest) ** 2, least_variance)
    knots_x, knots_y = _isotonic(training.machine[scored], training.value[scored], training.weight[scored], increasing)
    overall = float(np.average(training.value, weights=training.weight))
    unscored_value = overall
    unscored_enough = int((~scored).sum()) >= MIN_ROWS
    if unscored_enough:
        unscored_value = float(np.average(training.value[~scored], weights=training.weight[~scored]))
    guess = np.where(scored, np.interp(training.machine, knots_x, knots_y), unscored_value)
    squares, usable = residual_squares(training.value - guess, training.agent)
    rows = usable & scored if (usable & scored).any() else scored
    tops, variances = _binned(training.machine[rows], squares[rows], training.weight[rows], floor)
    # Few unscored calls: as far off as a guess that knows nothing of the call.
    unscored_squares = (training.value - overall) ** 2
    if unscored_enough and (~scored & usable).any():
        unscored_squares = squares[~scored & usable]
    return ScoreModel(
        knots_x=knots_x,
        knots_y=knots_y,
        bin_tops=tops,
        variances=variances,
        unscored_value=unscored_value,
        unscored_variance=max(floor, float(unscored_squares.mean())),
        size=training.size,
    )


def within_squares(values: Floats, weight: Floats, agent: Ints) -> tuple[Floats, Bools]:
    """Squared distance of each value from its agent's weighted mean, made good for the degree of freedom that it costs.

    Returns:
        The squares, and which of them can be used: an agent with a single review shows no spread.
    """
    _, group = np.unique(agent, return_inverse=True)
    totals = np.bincount(group, weights=weight)
    means = np.bincount(group, weights=weight * values) / totals
    sizes = np.bincount(group)
    usable = sizes[group] > 1
    correction = np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), 0.0)
    squares: Floats = (values - means[group]) ** 2 * correction[group]
    return squares, usable


def residual_squares(residuals: Floats, agent: Ints) -> tuple[Floats, Bools]:
    """For each review an unbiased estimate of its own residual variance, the agent's level taken out.

    The agent's mean carries the spread of the agent's other calls, wild and tame alike; what it adds to each square is
    taken off again (MINQUE, Rao 1970): ``((e - mean)^2 - S/(n(n-1))) n/(n-2)``, S the agent's sum of squares. Single
    values can be negative; only their means over many reviews are used.

    Returns:
        The estimates, and which can be used: three reviews of an agent at least. Where no agent has three, the agents'
        levels are taken for equal and every square can be used.
    """
    _, group = np.unique(agent, return_inverse=True)
    sizes = np.bincount(group)
    means = np.bincount(group, weights=residuals) / sizes
    squares: Floats = (residuals - means[group]) ** 2
    usable = sizes[group] > 2
    if not usable.any():
        return residuals**2, np.ones(residuals.size, dtype=np.bool_)
    sums = np.bincount(group, weights=squares)
    n = np.maximum(sizes, 3)
    estimates: Floats = (squares - (sums / (n * (n - 1)))[group]) * (n / (n - 2))[group]
    return estimates, usable


def _isotonic(x: Floats, y: Floats, weight: Floats, increasing: bool) -> tuple[Floats, Floats]:
    """The weighted isotonic fit at each distinct x: equal scores are averaged first."""
    distinct, group = np.unique(x, return_inverse=True)
    totals = np.bincount(group, weights=weight)
    means = np.bincount(group, weights=weight * y) / totals
    fitted = isotonic_regression(means, weights=totals, increasing=increasing).x
    return distinct, np.asarray(fitted, dtype=np.float64)


def _binned(x: Floats, squares: Floats, weight: Floats, floor: float) -> tuple[Floats, Floats]:
    """Mean square by bins of machine score of about equal size, equal scores never parted; top ends and variances."""
    distinct, group = np.unique(x, return_inverse=True)
    sizes = np.bincount(group)
    wanted = max(MIN_ROWS, x.size // MOST_BINS)
    ends: list[int] = []
    rows = 0
    for index, size in enumerate(sizes):
        rows += int(size)
        if rows >= wanted:
            ends.append(index)
            rows = 0
    if not ends:
        ends = [len(sizes) - 1]
    elif rows >= MIN_ROWS:
        ends.append(len(sizes) - 1)
    # What is left over at the top joins the last bin.
    ends[-1] = len(sizes) - 1
    bin_of = np.searchsorted(np.asarray(ends), group)
    totals = np.bincount(bin_of, weights=weight)
    variances = np.bincount(bin_of, weights=weight * squares) / totals
    tops = distinct[np.asarray(ends)].astype(np.float64)
    # A score between two bins belongs to the nearer: the tops lie half way; the last bin has none.
    following = distinct[np.minimum(np.asarray(ends) + 1, distinct.size - 1)]
    tops = (tops + following) / 2
    tops[-1] = np.inf
    return tops, np.maximum(variances, floor)
