"""Raters who deduct nothing: more clean calls than their calls' machine scores make likely?

Not a plain binomial, which accuses innocent raters in most months: the score statistic ``S = sum (z-q)/q`` with q the
share of clean verdicts of *other* raters in the same machine bin, its spread widened by how raters differ anyway
(median absolute deviation), Student's t, and false-discovery control. A finding is a reason to listen again, in the
second month running.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.errors import StatisticsError
from quality.agent_month import Bools, Ints
from quality.compare import benjamini_hochberg

MIN_RATERS = 5


@dataclass(frozen=True, slots=True)
class CleanVerdicts:
    """One rater: verdicts, those without a deduction, those expected, and whether they are too many."""

    rater: int
    verdicts: int
    clean: int
    expected: float
    p_value: float
    suspicious: bool


def non_action(rater: Ints, machine_bin: Ints, clean: Bools) -> tuple[CleanVerdicts, ...]:
    """Test every rater; one element of the arrays a verdict.

    Raises:
        StatisticsError: arrays of different lengths, or fewer than five raters.
    """
    raters, who = np.unique(rater, return_inverse=True)
    if not rater.shape == machine_bin.shape == clean.shape or raters.size < MIN_RATERS:
        raise StatisticsError(
            f"non-action: {raters.size} raters, {clean.size} verdicts, {machine_bin.size} machine bins; expected at "
            f"least {MIN_RATERS} raters and one bin for each verdict."
        )
    _, where = np.unique(machine_bin, return_inverse=True)
    shape = (raters.size, int(where.max()) + 1)
    total, found = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (who, where), 1.0)
    np.add.at(found, (who, where), clean.astype(np.float64))
    # Half a verdict on either side keeps q off 0 and 1.
    q = (found.sum(axis=0) - found + 0.5) / (total.sum(axis=0) - total + 1.0)
    score = (found / q - total).sum(axis=1)
    z = score / np.sqrt((total * (1 - q) / q).sum(axis=1))
    middle = float(np.median(z))
    spread = max(1.0, float(np.median(np.abs(z - middle))) * 1.4826)
    p_values = stats.t.sf((z - middle) / spread, raters.size - 1)
    suspicious = benjamini_hochberg(p_values)
    return tuple(
        CleanVerdicts(
            rater=int(raters[i]),
            verdicts=int(total[i].sum()),
            clean=int(found[i].sum()),
            expected=float((total[i] * q[i]).sum()),
            p_value=float(p_values[i]),
            suspicious=bool(suspicious[i]),
        )
        for i in range(raters.size)
    )
