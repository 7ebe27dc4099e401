"""What a report counts of a time: calls by what the manifest says, findings by rule, reviews, appeals, test calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet, Sum

from quality.types import Purpose
from store.calls import READ_AT_ONCE, announced_between, between
from store.models import Appeal, Assessment, Finding, LedgerEntry, LedgerState, Recording, Review


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call as the manifest has it; ``answered_s`` and ``hung_up_by`` None or empty where it is silent."""

    began: datetime
    duration_s: float | None
    agent_id: str
    team: str
    business_type: str
    direction: str
    answered_s: float | None = None
    hung_up_by: str = ""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many calls a rule hit, by the newest assessment of each, and the points that it took."""

    rule: str
    severity: str
    calls: int
    points: float


@dataclass(frozen=True, slots=True)
class Judged:
    """The assessed calls of a time: how many, how many fatal, and the rulebooks that judged them."""

    calls: int
    fatal: int
    rulebooks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppealRow:
    """One appeal that was filed; ``outcome`` empty while it is open."""

    rule: str
    outcome: str
    filed_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One review that was handed in during the time."""

    rater: str
    submitted_at: datetime
    listened_s: float | None
    duration_s: float | None
    team: str


@dataclass(frozen=True, slots=True)
class AnnouncedRow:
    """One announced test call by its newest assessment, None where it was not assessed."""

    call_id: str
    began: datetime
    agent_id: str
    agent_name: str
    team: str
    assessment_id: int | None
    rulebook: str
    score: float | None


def calls_between(begin: datetime, end: datetime, *, with_metadata: bool = False) -> Iterator[CallRow]:
    """Every call of a time, test calls left out; waiting and hanging up only ``with_metadata``, which costs more."""
    fields = ["started_at", "enrolled_at", "duration_s", "agent_id", "team", "business_type", "direction"]
    rows = between(begin, end).values_list(*fields, *(["metadata"] if with_metadata else []))
    for row in rows.iterator(chunk_size=READ_AT_ONCE):
        known = row[7] if with_metadata else {}
        answered = known.get("answered_at_s")
        yield CallRow(
            row[0] or row[1],
            row[2] if row[2] is not None else known.get("duration_s"),
            *row[3:7],
            answered_s=None if answered is None else float(answered),
            hung_up_by=str(known.get("hung_up_by", "")),
        )


def set_aside_between(begin: datetime, end: datetime) -> int:
    """Recordings of a time that could not be assessed."""
    done = Assessment.objects.filter(recording__in=between(begin, end).values("id")).values("recording")
    rows = LedgerEntry.objects.filter(recording__in=between(begin, end).values("id"), state=LedgerState.QUARANTINED)
    return int(rows.exclude(recording__in=done).values("recording").distinct().count())


def _newest(calls: QuerySet[Recording]) -> QuerySet[Assessment]:
    newest = Assessment.objects.filter(recording__in=calls.values("id")).values("recording").annotate(newest=Max("id"))
    return Assessment.objects.filter(id__in=newest.values("newest"))


def judged_between(begin: datetime, end: datetime) -> Judged:
    """The assessed calls of a time."""
    rows = _newest(between(begin, end)).order_by().values_list("rulebook", "rulebook_version")
    found = sorted(rows.annotate(calls=Count("id"), fatal=Count("id", filter=Q(fatal=True))))
    return Judged(
        sum(calls for _, _, calls, _ in found),
        sum(fatal for _, _, _, fatal in found),
        tuple(f"{name} {version}" for name, version, _, _ in found),
    )


def rules_between(begin: datetime, end: datetime) -> list[RuleCount]:
    """How often each rule hit, in order of rule and severity."""
    rows = Finding.objects.filter(assessment__in=_newest(between(begin, end)).values("id")).order_by("rule", "severity")
    counted = rows.values_list("rule", "severity").annotate(
        calls=Count("assessment", distinct=True), taken=Sum("points")
    )
    return [RuleCount(rule, severity, calls, float(taken or 0)) for rule, severity, calls, taken in counted]


def reviews_between(begin: datetime, end: datetime) -> list[ReviewRow]:
    """Reviews for agents' scores that were handed in during a time, of whatever month the calls are."""
    rows = Review.objects.filter(submitted_at__gte=begin, submitted_at__lt=end, purpose=Purpose.REVIEW.value)
    fields = ("rater", "submitted_at", "listened_s", "recording__duration_s", "recording__team")
    last: dict[tuple[str, str], ReviewRow] = {}
    for recording_id, *row in rows.order_by("submitted_at", "id").values_list("recording", *fields):
        last[recording_id, row[0]] = ReviewRow(*row)
    return list(last.values())


def appeals_between(begin: datetime, end: datetime) -> list[AppealRow]:
    """Appeals that were filed during a time, the earliest first."""
    rows = Appeal.objects.filter(filed_at__gte=begin, filed_at__lt=end).order_by("filed_at", "id")
    return [AppealRow(*row) for row in rows.values_list("rule", "outcome", "filed_at", "decided_at")]


def announced_calls(begin: datetime, end: datetime) -> tuple[list[AnnouncedRow], dict[int, list[tuple[str, str]]]]:
    """Test calls of a time in order of time, and what was found in each: rule and severity by assessment."""
    calls = announced_between(begin, end)
    newest = dict(_newest(calls).values_list("recording", "id"))
    judged = {row[0]: row[1:] for row in _newest(calls).values_list("id", "rulebook", "score")}
    fields = ("id", "call_id", "started_at", "enrolled_at", "agent_id", "agent_name", "team")
    found = []
    for recording_id, call_id, started_at, enrolled_at, agent_id, agent_name, team in calls.order_by(
        "started_at", "id"
    ).values_list(*fields):
        number = newest.get(recording_id)
        rulebook, score = judged.get(number, ("", None)) if number is not None else ("", None)
        began = started_at or enrolled_at
        found.append(AnnouncedRow(call_id, began, agent_id, agent_name, team, number, rulebook, score))
    hits: dict[int, list[tuple[str, str]]] = {}
    rows = Finding.objects.filter(assessment__in=_newest(calls).values("id"))
    for number, rule, severity in rows.order_by("id").values_list("assessment", "rule", "severity"):
        hits.setdefault(number, []).append((rule, severity))
    return found, hits


def names_of_agents(begin: datetime, end: datetime) -> dict[str, str]:
    """Agents' names by id, where the manifest gives them."""
    rows = between(begin, end).exclude(agent_name="").order_by().values_list("agent_id")
    return {agent: str(name) for agent, name in rows.annotate(Max("agent_name"))}
