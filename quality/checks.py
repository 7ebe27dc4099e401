"""Numbers are looked at once, where they enter: what is wrong with them is said before a formula makes it NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pipeline.errors import StatisticsError

Floats = npt.NDArray[np.float64]


def number(
    name: str,
    value: float,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> float:
    """The value as a float, inside its limits.

    Raises:
        StatisticsError: it is no finite number, or outside.
    """
    holds = (
        math.isfinite(value)
        and (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (below is None or value < below)
        and (at_most is None or value <= at_most)
    )
    if not holds:
        limits = (("more than", above), ("at least", at_least), ("less than", below), ("at most", at_most))
        wanted = " and ".join(f"{words} {limit:g}" for words, limit in limits if limit is not None)
        raise StatisticsError(f"{name} is {value:g}; expected {wanted or 'a finite number'}. Correct {name}.")
    return float(value)


def values(name: str, given: Iterable[float], *, at_least: int = 1) -> Floats:
    """The values as a float array of one dimension.

    Args:
        name: what an error calls them.
        given: the values.
        at_least: how many there must be.

    Raises:
        StatisticsError: there are too few, or one is no finite number.
    """
    array = np.asarray(given if isinstance(given, np.ndarray) else list(given), dtype=np.float64)
    if array.ndim != 1:
        raise StatisticsError(f"{name} has {array.ndim} dimensions; expected one list of numbers.")
    if array.size < at_least:
        raise StatisticsError(f"{name}: there are {array.size}; expected at least {at_least}. Give more of them.")
    broken = np.flatnonzero(~np.isfinite(array))
    if broken.size:
        raise StatisticsError(
            f"{name}: number {broken[0] + 1} of {array.size} is not a finite number ({broken.size} such in all); "
            f"expected numbers only. Leave out what has no value."
        )
    return array
