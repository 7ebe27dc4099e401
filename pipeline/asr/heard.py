"""What a speech engine wrote for one window, before it is normalised, guarded and given to the turns.

Every engine that hears windows gives these values; ``assembly`` makes utterances of them. Times are seconds from the
start of the window.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.asr.windows import Window


@dataclass(frozen=True, slots=True)
class HeardUnit:
    """The least piece of text that an engine tells apart: one character or more, with its time where it is known.

    ``probability`` (0 to 1) is the engine's own, None where it gives none.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """Text between two moments of a window, as the engine set them; the whole window where it sets none."""

    start_s: float
    end_s: float
    units: tuple[HeardUnit, ...]

    @property
    def text(self) -> str:
        """The raw text."""
        return "".join(unit.text for unit in self.units)


@dataclass(frozen=True, slots=True)
class HeardWindow:
    """All that an engine says of one window.

    ``avg_logprob`` is the mean natural logarithm of the tokens' probabilities, ``no_speech_prob`` (0 to 1) the
    engine's own opinion that nobody speaks; None where an engine has neither.
    """

    window: Window
    segments: tuple[HeardSegment, ...]
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
