"""The score sheet, the measures against their norms, and what a blind review shows beside the machine's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from pipeline.features.catalogue import CATALOGUE
from pipeline.rules.operators.measure import MeasureIs
from pipeline.types import CategoryScore, Finding, Severity
from quality.verdicts import same_place
from review.desk import Desk, flags_of
from review.rulebooks import limits
from review.sitting_state import SittingState

ALWAYS_SHOWN = (
    "call_duration_s",
    "greeting_latency_s",
    "greeting_spoken",
    "agent_speaking_rate_cpm",
    "longest_silence_s",
    "silence_ratio",
    "agent_longest_response_s",
    "interruption_count",
    "filler_count",
    "loudness_rise_db",
    "agent_talk_ratio",
    "hang_up_by",
    "closing_spoken",
    "transcript_confidence",
)
"""Measures that every call shows at once; the others come with one click."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One category with what was taken from it or given to it."""

    title: str
    score: CategoryScore | None
    items: tuple[Finding, ...]

    @property
    def possible(self) -> bool:
        """Whether anything of it could be judged."""
        return self.score is not None and self.score.maximum > 0


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure as people read it."""

    name: str
    title: str
    value: str
    unit: str
    norm: str
    outside: bool
    reason: str
    definition: str
    first: bool
    at_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One rule at one place: found by the machine, by the person, or by both."""

    rule: str
    title: str
    severity: str
    start_s: float
    machine: bool
    person: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A blind review beside the machine's result."""

    machine_score: float | None
    person_score: float | None
    rows: tuple[ComparedRow, ...]

    @property
    def difference(self) -> float | None:
        """Person minus machine."""
        if self.machine_score is None or self.person_score is None:
            return None
        return self.person_score - self.machine_score


def sheet_rows(desk: Desk) -> list[SheetRow]:
    """The categories in the rulebook's order."""
    if desk.rulebook is None or desk.score is None:
        return []
    return [
        SheetRow(
            category.title,
            desk.score.categories.get(name),
            tuple(one for one in desk.standing if one.category == name and one.severity is not Severity.WARN),
        )
        for name, category in desk.rulebook.categories.items()
    ]


def measure_rows(desk: Desk) -> list[MeasureRow]:
    """The call's measures in the catalogue's order, the usual ones first."""
    measures: Mapping[str, Mapping[str, Any]] = desk.document.get("measures", {})
    asked = limits(desk.rulebook) if desk.rulebook else {}
    names = [*ALWAYS_SHOWN, *(name for name in CATALOGUE if name not in ALWAYS_SHOWN)]
    return [_measure_row(name, measures[name], asked.get(name, ())) for name in names if name in measures]


def _measure_row(name: str, item: Mapping[str, Any], asked: Sequence[MeasureIs]) -> MeasureRow:
    info = CATALOGUE[name]
    value = item["value"]
    evidence = item.get("evidence") or ()
    norms = list(dict.fromkeys(words for words in (norm_words(one) for one in asked) if words))
    if len(norms) == 2 and {norms[0][0], norms[1][0]} == {"≤", "≥"}:
        # One rule for too much and one for too little make a range.
        low, high = sorted(norms, key=lambda words: words[0] == "≤")
        norms = [f"{low[2:]}–{high[2:]}"]
    return MeasureRow(
        name=name,
        title=_(info.title),
        value=shown_value(name, value),
        unit=unit_words(name) if value is not None and not isinstance(value, bool | str) else "",
        norm="，".join(norms),
        outside=any(is_outside(one, value) for one in asked),
        reason=item.get("reason") or "",
        definition=info.definition,
        first=name in ALWAYS_SHOWN,
        at_s=evidence[0]["start_s"] if evidence else None,
        end_s=evidence[0]["end_s"] if evidence else None,
    )


def unit_words(name: str) -> str:
    """The unit as people read it."""
    unit = CATALOGUE[name].unit
    return _("秒") if unit == "s" else unit and _(unit)


def shown_value(name: str, value: float | bool | str | None) -> str:
    """A measured value as people read it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, str):
        return {"agent": _("坐席"), "customer": _("客户")}.get(value, value)
    info = CATALOGUE[name]
    if info.unit == "" and name.endswith(("_ratio", "_confidence")):
        return f"{100 * value:.0f}%"
    return f"{value:.{info.decimals}f}" if isinstance(value, float) else str(value)


def norm_words(operator: MeasureIs) -> str:
    """What a rule asks, such as ``≤ 2``: a rule names what is wrong, the norm is its opposite."""
    if operator.equals is not None:
        return ""
    low = operator.above if operator.above is not None else operator.at_least
    high = operator.below if operator.below is not None else operator.at_most
    if low is not None and high is not None:
        # Wrong between two limits: a step of a ladder, which has no norm of its own.
        return ""
    if low is not None:
        return f"{'≤' if operator.above is not None else '<'} {low:g}"
    if high is not None:
        return f"{'≥' if operator.below is not None else '>'} {high:g}"
    return ""


def is_outside(operator: MeasureIs, value: float | bool | str | None) -> bool:
    """Whether a value is what a rule names as wrong."""
    if value is None:
        return False
    if operator.equals is not None:
        return value == operator.equals
    if isinstance(value, bool | str):
        return False
    return (
        (operator.above is None or value > operator.above)
        and (operator.at_least is None or value >= operator.at_least)
        and (operator.below is None or value < operator.below)
        and (operator.at_most is None or value <= operator.at_most)
    )


def comparison(desk: Desk) -> Compared | None:
    """A submitted blind review beside what the machine says; None for any other."""
    sitting = desk.sitting
    if sitting is None or sitting.review is None or not sitting.blind or desk.assessment is None or desk.hidden:
        return None
    machine = [flag.finding for flag in flags_of(desk.assessment, SittingState()) if flag.scoring]
    person = [finding for _event, finding, _comment in desk.added]
    rows = [
        ComparedRow(one.rule, one.title, one.severity.value, one.start_s, True, any(_same(one, own) for own in person))
        for one in machine
    ]
    rows += [
        ComparedRow(own.rule, own.title, own.severity.value, own.start_s, False, True)
        for own in person
        if not any(_same(one, own) for one in machine)
    ]
    return Compared(desk.assessment.score, sitting.review.score, tuple(sorted(rows, key=lambda row: row.start_s)))


def _same(one: Finding, other: Finding) -> bool:
    return one.rule == other.rule and same_place(one.start_s, one.end_s, other.start_s, other.end_s)
