"""The size model of a month that begins: fitted to the centre's own reviews, as soon as there are enough."""

from __future__ import annotations

import numpy as np

from flows.agent_estimates import Months
from quality.agent_month import Quantity, Scale
from quality.basis import MIN_POOL, training_from
from quality.score_model import fit_score_model
from quality.sizes import COLD_START, SizeModel, fitted

OLDEST_SHOWN = 1
"""Months whose calls are counted by machine score, for the mean size."""


def size_model(month: str) -> SizeModel:
    """The sizes for a month, from the random reviews of the months before; those for a beginning while they are few.

    The spread of people's scores round what the machine's score predicts is the best size; it is learned by the same
    model as the estimates.
    """
    earlier = Months().before(month, with_calls=OLDEST_SHOWN)
    agents = [agent for agents in earlier for agent in agents]
    training = training_from(agents, Quantity.SCORE, Scale())
    if int((~np.isnan(training.machine)).sum()) < MIN_POOL:
        return COLD_START
    model = fit_score_model(training, largest=Scale().maximum)
    edges = model.bin_tops[:-1]
    latest = earlier[-1] if earlier else ()
    scores = np.concatenate([agent.machine for agent in latest] or [np.zeros(0)])
    counts = np.concatenate([agent.count for agent in latest if agent.count is not None] or [np.zeros(0)])
    if not (~np.isnan(scores)).any():
        # Last month was not drawn from: the reviews stand for the calls.
        scores, counts = training.machine, training.weight
    known = ~np.isnan(scores)
    calls = np.bincount(np.digitize(scores[known], edges), counts[known], minlength=edges.size + 1)
    last = max(agent.month for agent in agents if agent.reviews.size)
    spreads = np.sqrt(model.variances)
    return fitted(f"fitted {last} {training.size}", edges.tolist(), spreads.tolist(), calls.tolist())
