"""Texts character by character through a table: what is compared, and how it sounds. Places are kept where they can be.

Judging a month of calls again folds every character of it twice; a table lookup over a whole call at once costs a
tenth of a look at each character by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]

_SIZE = 0x10000
_UNKNOWN = 0xFFFFFFFF
DROPPED = 0
"""Stands for a character of which nothing is left."""


class Table(dict[int, str]):
    """A map from characters to characters or to none, filled as they are met.

    A ``str.translate`` table for a few words, and ``of_all`` for a whole call at once.
    """

    def __init__(self, of: Callable[[str], str]) -> None:
        """Keep the function for one character; it gives one character or none, and always the same."""
        super().__init__()
        self._of = of
        # The last place is never known: what lies beyond the table is cut to it, and looked up one by one.
        self._codes: Codes = np.full(_SIZE, _UNKNOWN, dtype=np.uint32)

    def __missing__(self, code: int) -> str:
        """Look one up for the first time."""
        self[code] = given = self._of(chr(code))
        return given

    def of_all(self, codes: Codes) -> Codes:
        """One code for each, ``DROPPED`` for none."""
        if not codes.size:
            return codes
        found = self._codes.take(codes, mode="clip")
        if found.max() != _UNKNOWN:
            return found
        if int(codes.max()) >= _SIZE - 1:
            return np.array([self._code(code) for code in codes.tolist()], dtype=np.uint32)
        for code in set(codes[found == _UNKNOWN].tolist()):
            self._codes[code] = self._code(code)
        return self._codes.take(codes)

    def _code(self, code: int) -> int:
        given = self[code]
        return ord(given) if given else DROPPED


def codes_of(text: str) -> Codes:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def text_of(codes: Codes) -> str:
    """The text of code points."""
    return str(codes.astype("<u4", copy=False).data, "utf-32-le", "surrogatepass")
