"""When each token was said, from a decoder's attention to the sound (the method of openai-whisper's word times)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

MEDIAN_WIDTH = 7


def token_frames(attention: npt.NDArray[np.float32]) -> list[int]:
    """Frame in which each token begins.

    Args:
        attention: attention weights of the aligning heads, shape (heads, tokens, frames), each row adding up to 1.

    Returns:
        One frame a token, never decreasing.
    """
    mean = attention.mean(axis=1, keepdims=True)
    deviation = attention.std(axis=1, keepdims=True)
    sharp = (attention - mean) / np.maximum(deviation, 1e-8)
    smooth = median_filter(sharp, size=(1, 1, MEDIAN_WIDTH), mode="mirror")
    # Half precision may overflow; a token with times out of place is better than a call that fails.
    return cheapest_path(-np.nan_to_num(smooth.mean(axis=0), posinf=0.0, neginf=0.0))


def cheapest_path(cost: npt.NDArray[np.floating]) -> list[int]:
    """First column of each row on the cheapest way from the first cell to the last (dynamic time warping).

    A step goes one row down, one column on, or both.
    """
    rows, columns = cost.shape
    total = np.empty((rows, columns))
    total[0] = np.cumsum(cost[0])
    for row in range(1, rows):
        above = total[row - 1].copy()
        above[1:] = np.minimum(above[1:], total[row - 1, :-1])
        upto = np.cumsum(cost[row])
        # Reaching a cell along the row costs the sum between: a running minimum does it without a loop.
        total[row] = upto + np.minimum.accumulate(above - upto + cost[row])
    first = [0] * rows
    row, column = rows - 1, columns - 1
    while row > 0:
        left = total[row, column - 1] if column else np.inf
        corner = total[row - 1, column - 1] if column else np.inf
        up = total[row - 1, column]
        if corner <= up and corner <= left:
            first[row] = column
            row, column = row - 1, column - 1
        elif up <= left:
            first[row] = column
            row -= 1
        else:
            column -= 1
    return first
