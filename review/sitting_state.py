"""What the events of a sitting come to: verdicts, added violations, corrected lines, comments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import UsageError
from pipeline.types import Role
from quality.verdicts import Verdict
from store.sittings import Event

VERDICT, ADD, CORRECT, COMMENT, UNDO, SUBMIT = "verdict", "add", "correct", "comment", "undo", "submit"
UNDOABLE = (VERDICT, ADD, CORRECT, COMMENT)

REJECT_REASONS = ("misheard", "context", "rule", "place", "other")
"""Why a flag is wrong: words misheard, right words in another meaning, the rule itself, the wrong person or place."""

LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Judged:
    """The last word on one flag."""

    verdict: Verdict
    reason: str
    comment: str
    event: int


@dataclass(frozen=True, slots=True)
class Added:
    """A violation that the reviewer found; ``event`` names it."""

    event: int
    rule: str
    role: Role
    start_s: float
    end_s: float
    quote: str
    comment: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was really said in a line; ``heard`` is what the engine wrote."""

    event: int
    line: int
    role: str
    start_s: float
    end_s: float
    heard: str
    corrected: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark at a time of the call."""

    event: int
    at_s: float
    text: str
    person: str


@dataclass(frozen=True, slots=True)
class SittingState:
    """Everything that stands after all events; ``undoable`` is the event that undo would take back."""

    version: int = 0
    verdicts: Mapping[int, Judged] = field(default_factory=dict)
    added: tuple[Added, ...] = ()
    corrected: Mapping[int, Corrected] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()
    undoable: int | None = None


def state_of(events: Sequence[Event]) -> SittingState:
    """Replay the events of a sitting; those that were undone count for nothing."""
    undone = {int(event.payload["event"]) for event in events if event.kind == UNDO}
    verdicts: dict[int, Judged] = {}
    added: list[Added] = []
    corrected: dict[int, Corrected] = {}
    comments: list[Comment] = []
    undoable = None
    for event in events:
        if event.kind not in UNDOABLE or event.number in undone:
            continue
        undoable = event.number
        payload = event.payload
        if event.kind == VERDICT:
            verdicts[payload["finding"]] = Judged(
                Verdict(payload["verdict"]), payload.get("reason", ""), payload.get("comment", ""), event.number
            )
        elif event.kind == ADD:
            values = {**payload, "role": Role(payload["role"])}
            added.append(Added(event=event.number, **values))
        elif event.kind == CORRECT:
            corrected[payload["line"]] = Corrected(event=event.number, **payload)
        else:
            comments.append(Comment(event.number, payload["at_s"], payload["text"], event.person))
    return SittingState(
        version=events[-1].number if events else 0,
        verdicts=verdicts,
        added=tuple(sorted(added, key=lambda one: (one.start_s, one.event))),
        corrected=corrected,
        comments=tuple(sorted(comments, key=lambda one: (one.at_s, one.event))),
        undoable=undoable,
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event may speak of: the call's flags, rules, lines and length."""

    finding_ids: frozenset[int]
    rule_ids: frozenset[str]
    lines: Sequence[Mapping[str, Any]]
    duration_s: float


def checked(kind: str, given: Mapping[str, Any], facts: Facts, state: SittingState) -> dict[str, Any]:
    """The payload of an event that a page sent, checked and brought into its stored form.

    Raises:
        UsageError: it is not one of ours, or speaks of what the call does not have.
    """
    try:
        if kind == VERDICT:
            return _verdict(given, facts)
        if kind == ADD:
            return _added(given, facts)
        if kind == CORRECT:
            return _correction(given, facts)
        if kind == COMMENT:
            return {"at_s": _time(given["at_s"], facts), "text": _text(given["text"], needed=True)}
        if kind == UNDO:
            event = int(given["event"]) if given.get("event") else state.undoable
            live = {one.event for one in (*state.verdicts.values(), *state.added, *state.comments)}
            live |= {one.event for one in state.corrected.values()}
            if event is None or (given.get("event") and event not in live):
                raise UsageError("there is nothing to take back.")
            return {"event": event}
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"the event {kind} is not understood ({type(error).__name__}); read the page again."
        ) from error
    raise UsageError(f"there is no event {kind[:20]!r}; read the page again.")


def _verdict(given: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    finding = int(given["finding"])
    if finding not in facts.finding_ids:
        raise UsageError("the flag is not one of this call; read the page again.")
    verdict = Verdict(given["verdict"])
    reason = str(given.get("reason", ""))
    if verdict is Verdict.REJECT and reason not in REJECT_REASONS:
        raise UsageError("a rejected flag needs a reason.")
    return {
        "finding": finding,
        "verdict": verdict.value,
        "reason": reason if verdict is Verdict.REJECT else "",
        "comment": _text(given.get("comment", "")),
    }


def _added(given: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    rule = str(given["rule"])
    if rule not in facts.rule_ids:
        raise UsageError(f"the rulebook of this call has no rule {rule[:40]!r}.")
    start_s, end_s = _time(given["start_s"], facts), _time(given["end_s"], facts)
    if end_s < start_s:
        raise UsageError("the violation ends before it begins.")
    return {
        "rule": rule,
        "role": Role(given.get("role", "agent")).value,
        "start_s": start_s,
        "end_s": end_s,
        "quote": _text(given.get("quote", "")),
        "comment": _text(given.get("comment", "")),
    }


def _correction(given: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    number = int(given["line"])
    if not 0 <= number < len(facts.lines):
        raise UsageError("the transcript has no such line; read the page again.")
    line = facts.lines[number]
    return {
        "line": number,
        "role": line["role"],
        "start_s": line["start_s"],
        "end_s": line["end_s"],
        "heard": line["text"],
        "corrected": _text(given["text"], needed=True),
    }


def _time(value: Any, facts: Facts) -> float:
    seconds = round(float(value), 3)
    if not 0 <= seconds <= facts.duration_s + 1:
        raise UsageError("the time lies outside the call.")
    return seconds


def _text(value: Any, *, needed: bool = False) -> str:
    text = str(value).strip()
    if needed and not text:
        raise UsageError("the text is empty.")
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"the text is longer than {LONGEST_TEXT} characters.")
    return text
