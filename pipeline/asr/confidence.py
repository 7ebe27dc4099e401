"""One scale of confidence for all engines: the geometric mean of the probabilities of the tokens that were written."""

from __future__ import annotations

import math


def confidence_of(mean_log_probability: float | None) -> float | None:
    """Confidence, 0 to 1, from the mean natural logarithm of the tokens' probabilities; None where there is none.

    Rounding may lift a sure engine's mean a little above 0; that is certainty, and so is nothing beyond it.
    """
    if mean_log_probability is None or math.isnan(mean_log_probability):
        return None
    return math.exp(min(0.0, mean_log_probability))
