"""Three months' corrections for one month's estimate: narrower, as long as nothing has changed.

The guess is the current month's own; only the correction (what people found beyond the machine) is averaged over three
months. An agent who changes is not hidden by that: earlier corrections are moved along with the agent's machine score,
the variance carries what corrections wander between months, everybody's and the agent's own, and an agent whose
correction has jumped is estimated from the current month alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quality.agent_month import Floats
from quality.greg import PRIOR_DF, Part

MONTHS = 3

JUMP = 3.0
"""Standard errors between the current correction and the earlier ones from which an agent goes back to one month.

Not 2: of agents who have not changed, one in twenty jumps so far by the error of the current month's own reviews, and
the current month alone is then the worst witness; coverage fell by two points. Between, the agent's own wander widens
the interval.
"""

OWN_SHARE = 0.25
"""The share of an agent's own wander in the one that is reckoned with; the rest is everybody's."""

CHI_SQUARE_MEDIAN = 0.4549
"""Median of chi square with one degree of freedom: the median gap tells the usual wander, whatever a few agents do."""

MIN_AGENTS = 10
"""Agents with three months each that it takes to learn slope and wander of the corrections."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How corrections move: ``slope`` with the agent's machine guess, ``wander`` (variance) beyond sampling error."""

    slope: float
    wander: float
    agents: int


@dataclass(frozen=True, slots=True)
class Rolled:
    """The estimate for the probability lane with the three months' corrections; ``jumped``: use the month alone."""

    value: float
    variance: float
    df: float
    reviews: int
    jumped: bool


def learn_drift(histories: Sequence[Sequence[Part]]) -> Drift | None:
    """Slope and wander of the corrections over all agents, or None when too few agents have three months.

    The slope is that of the correction on the guess, both as differences from the other agents of the same month. The
    wander is what (earlier mean - current)^2 exceeds its sampling variance by, on average over agents, never below 0,
    plus the standard error of that average: a wander that chance has hidden costs more than one that it has made up.
    A gap far beyond all others counts as one at the brink of a jump: that agent is estimated from the month alone, and
    a single fall does not widen everybody's intervals.

    Args:
        histories: for each agent the parts of ``MONTHS`` months, oldest first, under one frozen score model.
    """
    full = [history for history in histories if len(history) == MONTHS]
    if len(full) < MIN_AGENTS:
        return None
    guess, correction, variance = _columns(full)
    x = guess - guess.mean(axis=0)
    y = correction - correction.mean(axis=0)
    weight = 1.0 / np.maximum(variance, 1e-12)
    spread = float((weight * x * x).sum())
    slope = float((weight * x * y).sum()) / spread if spread > 0 else 0.0
    gap, gap_variance = _gap(guess, correction, variance, slope)
    error = float(np.sqrt(2 * (gap_variance**2).mean() / len(full)))
    usual = max(1.0, float(np.median(gap**2 / np.maximum(gap_variance, 1e-12))) / CHI_SQUARE_MEDIAN)
    squares = np.minimum(gap**2, JUMP**2 * usual * gap_variance)
    return Drift(slope, max(0.0, float((squares - gap_variance).mean()) + error), len(full))


def roll(history: Sequence[Part], drift: Drift) -> Rolled:
    """One agent's estimate: the current guess plus the mean of the three corrections.

    Variance ``sum V / 9 + 4/9 D^2`` with D^2 three parts everybody's wander and one part the agent's own; degrees of
    freedom those of the pooled variance plus each month's own.
    """
    guess, correction, variance = _columns([history])
    shifted = correction + drift.slope * (guess[:, -1:] - guess)
    gap, gap_variance = _gap(guess, correction, variance, drift.slope)
    own = max(0.0, float(gap[0] ** 2 - gap_variance[0]))
    wander = (1 - OWN_SHARE) * drift.wander + OWN_SHARE * own
    reviews = sum(part.reviews for part in history)
    return Rolled(
        value=float(guess[0, -1] + shifted.mean()),
        variance=float(variance.sum()) / MONTHS**2 + 4.0 / 9.0 * wander,
        df=float(PRIOR_DF + reviews - MONTHS),
        reviews=reviews,
        jumped=bool(abs(gap[0]) > JUMP * np.sqrt(gap_variance[0])),
    )


def narrower(histories: Sequence[Sequence[Part]], drift: Drift) -> bool:
    """Whether three months make intervals narrower than the current month alone, all who have not jumped together."""
    pairs = [(roll(one, drift), one[-1].variance) for one in histories]
    return sum(rolled.variance - alone for rolled, alone in pairs if not rolled.jumped) < 0


def _columns(histories: Sequence[Sequence[Part]]) -> tuple[Floats, Floats, Floats]:
    """Guess, correction and variance as arrays of shape (agents, months)."""
    guess = np.array([[part.guess for part in history] for history in histories])
    correction = np.array([[part.correction for part in history] for history in histories])
    variance = np.array([[part.variance for part in history] for history in histories])
    return guess, correction, variance


def _gap(guess: Floats, correction: Floats, variance: Floats, slope: float) -> tuple[Floats, Floats]:
    """Mean of the earlier corrections, moved along, minus the current one; and its sampling variance."""
    shifted = correction + slope * (guess[:, -1:] - guess)
    gap: Floats = shifted[:, :-1].mean(axis=1) - shifted[:, -1]
    earlier = variance[:, :-1]
    gap_variance: Floats = earlier.sum(axis=1) / earlier.shape[1] ** 2 + variance[:, -1]
    return gap, gap_variance
