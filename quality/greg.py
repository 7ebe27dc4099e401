"""The estimator: the machine's guesses over all calls, corrected by what people found in the drawn ones.

Generalised regression (difference) estimator with Hájek weights and a moderated variance: the sample's own variance,
which four calls hardly show, is drawn towards the one that the pooled residuals predict for this design
(Särndal, Swensson and Wretman 1992, ch. 6; Smyth 2004 for the moderation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from quality.agent_month import AgentMonth, Floats, Quantity, Scale
from quality.score_model import ScoreModel

PRIOR_DF = 20
"""Degrees of freedom that the predicted variance counts for; 8 to 40 move the half width by less than 5 %."""


@dataclass(frozen=True, slots=True)
class Part:
    """The calls of the probability lane: how many, the mean guess, and the correction with its variance.

    ``calls`` N, ``reviews`` n, ``guess`` the mean of f over all N, ``correction`` the Hájek mean of the residuals.
    """

    calls: int
    reviews: int
    guess: float
    correction: float
    variance: float

    @property
    def value(self) -> float:
        """The estimate for these calls."""
        return self.guess + self.correction

    @property
    def df(self) -> float:
        """Degrees of freedom of the moderated variance."""
        return PRIOR_DF - 1 + self.reviews


@dataclass(frozen=True, slots=True)
class CertainPart:
    """The calls taken for certain (lanes must and risk): ``value`` their mean, exact once all are reviewed."""

    calls: int
    reviews: int
    value: float
    variance: float


def hajek(residuals: Floats, probability: Floats) -> tuple[float, float]:
    """The weighted mean of the residuals and its own variance, 0 where a single review shows none.

    ``v = n/(n-1) sum((1-pi) w^2 (e-b)^2) / (sum w)^2`` with ``w = 1/pi``.
    """
    weight = 1.0 / probability
    total = float(weight.sum())
    mean = float(weight @ residuals) / total
    n = residuals.size
    if n < 2:
        return mean, 0.0
    spread = float(((1.0 - probability) * weight**2) @ (residuals - mean) ** 2)
    return mean, n / (n - 1) * spread / total**2


def moderated(own: float, n: int, predicted: float) -> float:
    """The own variance of n reviews, drawn towards the predicted one."""
    return (PRIOR_DF * predicted + (n - 1) * own) / (PRIOR_DF - 1 + n)


def probability_part(month: AgentMonth, model: ScoreModel, quantity: Quantity, scale: Scale) -> Part | None:
    """What the probability lane says, or None where no call of it has been reviewed.

    Picks that nobody has reviewed yet are taken for missing at random: the reviewed ones stand for them, with
    probabilities made smaller by the share reviewed.
    """
    open_calls = month.probability < 1
    if open_calls.all():
        machine, probability, count = month.machine, month.probability, month.count
    else:
        machine, probability = month.machine[open_calls], month.probability[open_calls]
        count = None if month.count is None else month.count[open_calls]
    drawn = month.reviews.take(month.reviews.probability < 1)
    if machine.size == 0 or drawn.size == 0:
        return None
    share = 1.0 if not month.picked else drawn.size / month.picked
    guesses = model.predict(machine)
    predicted_each = (1.0 / (probability * share) - 1.0) * model.variance(machine)
    if count is None:
        calls = machine.size
        guess, predicted = float(guesses.sum()), float(predicted_each.sum())
    else:
        calls = int(count.sum())
        guess, predicted = float(count @ guesses), float(count @ predicted_each)
    residuals = drawn.values(quantity, scale) - model.predict(drawn.machine)
    correction, own = hajek(residuals, drawn.probability * share)
    return Part(
        calls=calls,
        reviews=drawn.size,
        guess=guess / calls,
        correction=correction,
        variance=moderated(own, drawn.size, predicted / calls**2),
    )


def certain_part(month: AgentMonth, model: ScoreModel, quantity: Quantity, scale: Scale) -> CertainPart | None:
    """What the calls taken for certain say; None where there are none, or none of them is reviewed yet.

    While some wait for their review, the reviewed ones stand for them, with the variance that this costs.
    """
    certain = month.probability >= 1
    calls = int(certain.sum() if month.count is None else month.count[certain].sum())
    reviewed = month.reviews.take(month.reviews.probability >= 1)
    if calls == 0 or reviewed.size == 0:
        return None
    values = reviewed.values(quantity, scale)
    if reviewed.size >= calls:
        return CertainPart(calls, reviewed.size, float(values.mean()), 0.0)
    predicted = float(model.variance(reviewed.machine).mean())
    own = float(values.var(ddof=1)) if reviewed.size > 1 else 0.0
    variance = (1 - reviewed.size / calls) / reviewed.size * max(own, predicted)
    return CertainPart(calls, reviewed.size, float(values.mean()), variance)


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval; ``half_width`` is that of the formula, before the ends are cut to the scale."""

    value: float
    low: float
    high: float
    half_width: float
    standard_error: float
    df: float


def combined(
    open_value: float,
    open_variance: float,
    df: float,
    open_calls: int,
    certain: CertainPart | None,
    *,
    largest: float,
    confidence: float,
) -> Interval:
    """The probability lane and the certain calls together, each with its share of the calls."""
    certain_calls = 0 if certain is None else certain.calls
    share = open_calls / (open_calls + certain_calls)
    value, variance = share * open_value, share**2 * open_variance
    if certain is not None:
        value += (1 - share) * certain.value
        variance += (1 - share) ** 2 * certain.variance
    return interval(value, variance, df, largest=largest, confidence=confidence)


def interval(value: float, variance: float, df: float, *, largest: float, confidence: float) -> Interval:
    """Value plus or minus t times the standard error, cut to 0..largest.

    The truth lies in 0..largest, so a value outside is first moved to the nearer end, which only brings it closer.
    """
    error = float(np.sqrt(variance))
    # Student's quantile without the argument checks of scipy.stats, which cost more than all else here.
    half = float(stdtrit(df, (1 + confidence) / 2)) * error
    inside = min(max(value, 0.0), largest)
    return Interval(inside, max(inside - half, 0.0), min(inside + half, largest), half, error, df)
