"""What operators over events share: limits, and how an event becomes evidence."""

from __future__ import annotations

from pipeline.rules.operators.looking import Looking
from pipeline.rules.operators.scope import Scope, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import MatchKind, Role


def outside(value: float, above: float | None, below: float | None) -> bool:
    """Whether a value is over the one limit and under the other, where they are given."""
    return (above is None or value > above) and (below is None or value < below)


def check_limits(above: float | None, below: float | None, name: str) -> None:
    """Refuse limits that nothing can be between, or none at all.

    Raises:
        ValueError: with what was expected.
    """
    if above is None and below is None:
        raise ValueError(f"expected above_{name} and/or below_{name}")
    if above is not None and below is not None and above >= below:
        raise ValueError(f"no value is over {above:g} and under {below:g}; correct one of the limits")


def limits_in_words(above: float | None, below: float | None, unit: str) -> str:
    """What is asked for, from the limits that are broken: above 8 s is wrong, so no more than 8 s is asked for."""
    words = []
    if above is not None:
        words.append(f"不超过 {above:g} {unit}".rstrip())
    if below is not None:
        words.append(f"不低于 {below:g} {unit}".rstrip())
    return "，或".join(words)


def seconds_in_words(value: float) -> str:
    """Seconds as people read them."""
    return f"{value:.1f} 秒"


class LookingAtEvents(Looking):
    """Operators whose evidence is an event with a value."""

    __slots__ = ("asked_for",)

    def __init__(self, scope: Scope, asked_for: str) -> None:
        """Keep the threshold as people read it."""
        super().__init__(scope)
        self.asked_for = asked_for

    def match(
        self, role: Role, start_s: float, end_s: float, measured: str, text: str = "", turn: int | None = None
    ) -> Match:
        """One event as evidence."""
        return Match(role, start_s, end_s, text, MatchKind.MEASURE, measured, self.asked_for, None, None, turn)

    def inside(self, window: Window, start_s: float, end_s: float, turn: int | None) -> bool:
        """Whether an event lies in the window."""
        return (window.whole and not window.by_turns) or window.holds_event(start_s, end_s, turn)


def one_sided(view: CallView) -> str | None:
    """Why the interplay of both parties cannot be judged, None where it can."""
    key = "one_sided"
    if key not in view.doubts:
        view.doubts[key] = view.dialogue.one_sided()
    return view.doubts[key]


def one_line(view: CallView) -> str | None:
    """Why it cannot be judged who speaks while the other does, None where it can."""
    key = "one_line"
    if key not in view.doubts:
        view.doubts[key] = view.dialogue.one_line()
    return view.doubts[key]
