"""A common error keeps its identity from month to month: clusters are matched with earlier ones by how they sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.stretches import Vectors

SAME_SIMILARITY = 0.6
"""Least cosine similarity of two fingerprints of one error in different months."""


def same_as(now: Sequence[Vectors], earlier: Sequence[Vectors], least: float = SAME_SIMILARITY) -> list[int | None]:
    """Which earlier cluster each one is: its place in ``earlier``, None for an error that is new.

    Every earlier cluster is given to one at most, so that the sum of similarities is the largest (Kuhn 1955).

    Args:
        now: fingerprints of this month, unit vectors of one length.
        earlier: fingerprints of all errors known from before, one each: the latest.
        least: least cosine similarity of a match.
    """
    if not now or not earlier:
        return [None] * len(now)
    alike = np.stack(list(now)) @ np.stack(list(earlier)).T
    # What is under the limit is no match at any price.
    rows, columns = linear_sum_assignment(-np.where(alike >= least, alike, 0.0))
    found: list[int | None] = [None] * len(now)
    for row, column in zip(rows, columns, strict=True):
        if alike[row, column] >= least:
            found[int(row)] = int(column)
    return found
