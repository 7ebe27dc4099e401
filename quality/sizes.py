"""Sizes for the draw: calls on which the machine's score says less get a greater chance of being heard.

The best size is the spread of the human score round what the machine predicts (Neyman's rule); a floor of 30 % of the
mean keeps every call in reach and the estimate safe where the spread is misjudged. Sizes run from 1 to 6. There is no
term for length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.errors import StatisticsError
from quality import checks
from quality.draw import SIZE_UNIT, Floats, Integers

SMALLEST, LARGEST = 1.0, 6.0
FLOOR_SHARE = 0.3
"""Share of the size that is the same for every call."""

SHORT_S = 60.0
"""Below this a call that the agent ended counts as short."""


@dataclass(frozen=True, slots=True)
class SizeModel:
    """Size by machine score.

    Attributes:
        version: name under which the log keeps it.
        edges: machine scores between two bins, ascending; a score on an edge belongs to the bin above.
        sizes_e6: size of each bin, from the lowest scores up, one more than edges, in units of 1e-6.
        unknown_e6: size of a call without a machine score.
        uplift_e3: factor for a suspicious hang-up, in thousandths.
    """

    version: str
    edges: tuple[float, ...]
    sizes_e6: tuple[int, ...]
    unknown_e6: int
    uplift_e3: int = 1500

    def __post_init__(self) -> None:
        """Refuse a model under which a call could not be drawn."""
        if list(self.edges) != sorted(set(self.edges)) or len(self.sizes_e6) != len(self.edges) + 1:
            raise StatisticsError("a size model needs ascending edges and one size more than edges.")
        limits = (SMALLEST * SIZE_UNIT, LARGEST * SIZE_UNIT)
        if not all(limits[0] <= size <= limits[1] for size in (*self.sizes_e6, self.unknown_e6)):
            raise StatisticsError(f"a size model's sizes must be from {SMALLEST:g} to {LARGEST:g}.")
        if self.uplift_e3 < 1000:
            raise StatisticsError("a size model's uplift must be 1 or more: suspicious calls never get less chance.")

    def sizes(self, machine_scores: Floats, suspicious: npt.NDArray[np.bool_]) -> Integers:
        """The size of each call in units of 1e-6.

        Args:
            machine_scores: pre-scores at the draw, NaN where there is none.
            suspicious: short calls that the agent ended without having served the customer.
        """
        known = ~np.isnan(machine_scores)
        bins = np.digitize(np.where(known, machine_scores, 0.0), self.edges)
        sizes = np.where(known, np.array(self.sizes_e6, dtype=np.int64)[bins], self.unknown_e6)
        sizes = np.where(suspicious, sizes * self.uplift_e3 // 1000, sizes)
        return np.clip(sizes, int(SMALLEST * SIZE_UNIT), int(LARGEST * SIZE_UNIT))


COLD_START = SizeModel(
    version="cold-start 1",
    edges=(60.0, 80.0, 90.0, 95.0, 100.0),
    sizes_e6=(5_000_000, 4_000_000, 3_000_000, 2_000_000, 1_500_000, 1_000_000),
    unknown_e6=5_000_000,
)
"""Before there are reviews to learn from: the further the machine's score is from full marks, the less it is sure."""


def fitted(version: str, edges: Sequence[float], residual_sds: Sequence[float], calls: Sequence[int]) -> SizeModel:
    """A size model from the pooled spread of human scores round the machine's prediction.

    Args:
        version: its name.
        edges: machine scores between two bins, ascending.
        residual_sds: standard deviation of the residuals in each bin, points.
        calls: how many calls the month has in each bin, for the mean.

    Raises:
        StatisticsError: the lists do not fit, or hold something else than numbers.
    """
    sds = checks.values("residual_sds", residual_sds)
    counts = checks.values("calls", calls)
    if len(sds) != len(edges) + 1 or len(counts) != len(sds):
        raise StatisticsError("a size model needs one spread and one number of calls for each bin.")
    if counts.sum() <= 0 or sds.min() < 0:
        raise StatisticsError("a size model needs calls to be more than none, and spreads of 0 or more.")
    mean = float((sds * counts).sum() / counts.sum())
    relative = FLOOR_SHARE + (1 - FLOOR_SHARE) * (sds / mean if mean > 0 else np.ones_like(sds))
    # Scale is free, since the rate follows from the sum; the smallest size is 1.
    sizes = np.clip(relative / relative.min(), SMALLEST, LARGEST)
    sizes_e6 = tuple(round(float(size) * SIZE_UNIT) for size in sizes)
    return SizeModel(version, tuple(float(edge) for edge in edges), sizes_e6, unknown_e6=max(sizes_e6))
