from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipeline.asr.assembly import assemble
from pipeline.asr.heard import HeardSegment, HeardUnit, HeardWindow
from pipeline.asr.windows import pack
from pipeline.types import Role, Span, Turn

TURN = Turn(Role.AGENT, 0, 10.0, 14.0, (Span(10.0, 14.0),))
TEXT = "听不清再说一遍"


def character_times(*times: tuple[float, float]) -> list[tuple[float, float]]:
    """What becomes of the engine's times, seconds from the beginning of the turn."""
    (window,) = pack([TURN], max_window_s=9.0, margin_s=0.0)
    units = tuple(HeardUnit(character, *time) for character, time in zip(TEXT, times, strict=True))
    (utterance,) = assemble([HeardWindow(window, (HeardSegment(0.0, 4.0, units),))], [TURN]).utterances
    assert utterance.characters is not None
    return [(span.start_s - 10.0, span.end_s - 10.0) for span in utterance.characters]


def even(start_s: float, end_s: float, parts: int) -> list[tuple[float, float]]:
    edges = np.linspace(start_s, end_s, parts + 1)
    return list(pairwise(edges))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        pytest.param(even(0, 4, 7), even(0, 4, 7), id="all in their place"),
        pytest.param(
            [(3.0, 3.0)] * 5 + [(3.0, 3.5), (3.5, 4.0)], [*even(0, 3.5, 6), (3.5, 4.0)], id="at the first sure sound"
        ),
        pytest.param(
            [(2.0, 2.0), *even(2, 3.8, 6)], [*even(0, 2.3, 2), *even(2.3, 3.8, 5)], id="one that leaves the start empty"
        ),
        pytest.param([*even(0, 3, 3), *[(3.0, 3.0)] * 3, (3.0, 4.0)], [*even(0, 3, 3), *even(3, 4, 4)], id="amid"),
        pytest.param([*even(0, 4, 4), *[(4.0, 4.0)] * 3], [*even(0, 3, 3), *even(3, 4, 4)], id="at the end"),
        pytest.param([(0.0, 0.0)] * 7, even(0, 4, 7), id="no time at all"),
    ],
)
def test_characters_without_time_share_that_of_their_neighbourhood(times, expected) -> None:
    assert character_times(*times) == [pytest.approx(pair, abs=1e-6) for pair in expected]
