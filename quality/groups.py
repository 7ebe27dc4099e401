"""The months of a team's agents as one: every agent was drawn from separately, so their estimates add up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from quality.estimates import Estimate, Method
from quality.greg import Interval

ADDABLE = (Method.GREG, Method.CENSUS)
"""Methods whose standard error is of the agent's own sample alone."""


def together(name: str, agents: Sequence[Estimate], *, maximum: float, confidence: float = 0.95) -> Estimate | None:
    """The mean over all calls of some agents, or None where one of them has no estimate that can be added.

    The variances add up with the square of each agent's share of the calls; degrees of freedom by Satterthwaite.

    Args:
        name: of the group.
        agents: their estimates, of one month and quantity.
        maximum: the largest value that the quantity can take.
        confidence: of the interval.
    """
    intervals = [one.interval for one in agents if one.interval is not None and one.method in ADDABLE]
    if not agents or len(intervals) < len(agents):
        return None
    calls = np.array([one.calls for one in agents], dtype=np.float64)
    if not calls.sum() > 0:
        return None
    shares = calls / calls.sum()
    value = float(shares @ np.array([one.value for one in intervals]))
    variances = shares**2 * np.array([one.standard_error for one in intervals]) ** 2
    variance = float(variances.sum())
    spread = float((variances**2 / np.array([max(one.df, 1.0) for one in intervals])).sum())
    df = variance**2 / spread if spread > 0 else float(max(one.df for one in intervals))
    error = variance**0.5
    half = float(stdtrit(df, 0.5 + confidence / 2)) * error if error > 0 else 0.0
    first = agents[0]
    return Estimate(
        agent=name,
        team=name,
        month=first.month,
        quantity=first.quantity,
        method=Method.GREG if any(one.method is Method.GREG for one in agents) else Method.CENSUS,
        interval=Interval(value, max(0.0, value - half), min(maximum, value + half), half, error, df),
        calls=sum(one.calls for one in agents),
        reviews=sum(one.reviews for one in agents),
        certain=sum(one.certain for one in agents),
        uses=(),
    )
