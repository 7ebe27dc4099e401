"""What a month's estimates rest on: the score model, learned from the probability reviews of earlier months.

While those are too few, the machine's scores are left alone, and only the spread of the human scores is pooled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quality.agent_month import AgentMonth, Quantity, Reviews, Scale, problem_of
from quality.score_model import ScoreModel, Training, fit_score_model, flat_model, within_squares

MIN_POOL, WANTED_POOL = 500, 1000
"""Pooled probability reviews below which the machine is not used at all, and beyond which older months are left out."""

MIN_POOL_DF = 30
"""Degrees of freedom that it takes to trust a pooled variance before that."""

BLIND_SD_SHARE = 0.2
"""The sd that is assumed, as a share of the scale, while not even that exists: twice what centres usually find."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """The frozen score model, the reviews of ``months`` months that it was learned from, and why it is a flat one."""

    model: ScoreModel
    training: Training
    months: int
    simple_because: str | None


def learn_basis(
    current: Sequence[AgentMonth], earlier: Sequence[Sequence[AgentMonth]], quantity: Quantity, scale: Scale
) -> Basis:
    """The score model of the months before, or the flat one with a pooled variance while they hold too few reviews."""
    pooled: list[AgentMonth] = []
    months = 0
    reviews = 0
    for month in reversed(earlier):
        if reviews >= WANTED_POOL:
            break
        usable = [one for one in month if problem_of(one, scale) is None or _only_reviews(one, scale)]
        pooled.extend(usable)
        months += 1
        reviews += sum(int((one.reviews.probability < 1).sum()) for one in usable)
    training = training_from(pooled, quantity, scale)
    scored = int((~np.isnan(training.machine)).sum())
    if scored >= MIN_POOL:
        model = fit_score_model(
            training,
            largest=scale.of(quantity),
            increasing=quantity is not Quantity.FATAL_RATE,
            # What no review has shown yet can still happen: half a case among all of them (Jeffreys).
            least_variance=0.0 if quantity is Quantity.SCORE else 0.5 / (training.size + 1),
        )
        return Basis(model, training, months, None)
    because = f"此前各月的概率抽样复核共 {scored} 条，满 {MIN_POOL} 条才能借助机器评分；暂用简单估计，区间较宽"
    everything = training_from([*pooled, *current], quantity, scale)
    return Basis(flat_model(_plain_variance(everything, quantity, scale)), training, months, because)


def training_from(months: Sequence[AgentMonth], quantity: Quantity, scale: Scale) -> Training:
    """The probability reviews of these months, pooled."""
    codes = {agent: code for code, agent in enumerate(dict.fromkeys(month.agent for month in months))}
    drawn = [month.reviews.take(month.reviews.probability < 1) for month in months]
    if not drawn:
        nothing = np.zeros(0)
        return Training(nothing, nothing, nothing, np.zeros(0, dtype=np.int64))
    return Training(
        machine=np.concatenate([reviews.machine for reviews in drawn]),
        value=np.concatenate([reviews.values(quantity, scale) for reviews in drawn]),
        weight=1.0 / np.concatenate([reviews.probability for reviews in drawn]),
        agent=np.repeat(
            np.array([codes[month.agent] for month in months], dtype=np.int64), [reviews.size for reviews in drawn]
        ),
    )


def _only_reviews(month: AgentMonth, scale: Scale) -> bool:
    """Whether a past month without its list of calls still has sound reviews to learn from."""
    if month.calls:
        return False
    reviews: Reviews = month.reviews
    scores = np.concatenate([reviews.human, reviews.machine[~np.isnan(reviews.machine)]])
    return bool(
        reviews.size
        and ((reviews.probability > 0) & (reviews.probability <= 1)).all()
        and ((scores >= 0) & (scores <= scale.maximum)).all()
    )


def _plain_variance(everything: Training, quantity: Quantity, scale: Scale) -> float:
    """Pooled variance of the value within agents; a wide guess while there are too few reviews for one."""
    squares, usable = within_squares(everything.value, everything.weight, everything.agent)
    df = int(usable.sum()) - np.unique(everything.agent[usable]).size
    blind = (BLIND_SD_SHARE * scale.of(quantity)) ** 2
    if df < MIN_POOL_DF:
        return blind
    if quantity is Quantity.SCORE:
        floor = (0.01 * scale.of(quantity)) ** 2
        return max(floor, float(np.average(squares[usable], weights=everything.weight[usable])))
    # A rate that nobody has seen yet is not known to be 0: half a hit is added on either side (Jeffreys).
    rate = (float(everything.value.sum()) + 0.5) / (everything.size + 1)
    return rate * (1 - rate)
