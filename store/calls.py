"""The calls of a month, as statistics see them: who, when, how long, what the machine says, how they were drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    FloatField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)

from pipeline.metadata import ANNOUNCED
from quality.types import Lane, MonthCall
from store.models import Assessment, Finding, LedgerEntry, LedgerState, Recording, Review
from store.months import bounds_of_month

UNHEARABLE = ("not_a_file", "not_readable", "empty_file", "not_audio", "no_samples", "corrupt_samples")
"""Set aside for a reason that leaves a person nothing to hear; every other recording belongs to the month."""

READ_AT_ONCE = 2000


def calls_of_month(month: str, *, agent_id: str | None = None) -> Iterator[MonthCall]:
    """Every call of a month (``YYYY-MM``) that a person could hear, in order of time and recording.

    A recording without an assessment is among them, without a machine score, when it was set aside but can be heard;
    one that waits to be assessed is not yet.
    """
    begin, end = bounds_of_month(month)
    rows = assessed_between(begin, end)
    if agent_id is not None:
        rows = rows.filter(agent_id=agent_id)
    return _calls(rows)


def machine_scores_by_team(month: str) -> dict[str, tuple[float, int]]:
    """Sum and number of the machine's scores of a month's calls by team, as ``calls_of_month`` gives each score."""
    score = Case(When(drawn__isnull=False, then=F("drawn__machine_score")), default=F("machine_score"))
    rows = assessed_between(*bounds_of_month(month)).annotate(score_then=score).filter(score_then__isnull=False)
    counted = rows.order_by().values_list("team").annotate(total=Sum("score_then"), number=Count("id"))
    return {team: (float(total), number) for team, total, number in counted}


def month_calls_by_id(begin: datetime, end: datetime, *, reviewed_only: bool = False) -> dict[str, MonthCall]:
    """The calls of a time by recording, all of them or those that somebody has reviewed."""
    rows = between(begin, end)
    if reviewed_only:
        rows = rows.filter(Exists(Review.objects.filter(recording=OuterRef("pk"))))
    return {call.recording_id: call for call in _calls(_with_machine(rows))}


def flag_counts(month: str) -> dict[str, int]:
    """Findings that take points, by recording, as the newest assessment has them; recordings without any are absent."""
    rows = newest_findings(month).filter(severity__in=("fatal", "deduct"))
    return dict(rows.values_list("assessment__recording").annotate(Count("id")))


def hits_of_month(month: str) -> Iterator[tuple[str, str, str, float]]:
    """What the newest assessments of a month's calls found: recording, rule, severity, and the points taken by it."""
    rows = newest_findings(month).values_list("assessment__recording", "rule", "severity")
    yield from rows.annotate(Sum("points")).order_by("assessment__recording", "rule").iterator(chunk_size=READ_AT_ONCE)


def hits_of_recordings(recording_ids: Sequence[str]) -> Iterator[tuple[str, str, str, float]]:
    """The same of some recordings."""
    for start in range(0, len(recording_ids), 500):
        some = recording_ids[start : start + 500]
        newest = Assessment.objects.filter(recording__in=some).values("recording").annotate(newest=Max("id"))
        found = Finding.objects.filter(assessment__in=newest.values("newest"))
        rows = found.values_list("assessment__recording", "rule", "severity")
        yield from rows.annotate(Sum("points")).order_by("assessment__recording", "rule")


def newest_findings(month: str) -> QuerySet[Finding]:
    """Findings of the assessments in force of a month's calls."""
    calls = between(*bounds_of_month(month)).values("id")
    newest = Assessment.objects.filter(recording__in=calls).values("recording").annotate(newest=Max("id"))
    return Finding.objects.filter(assessment__in=newest.values("newest"))


def recordings_of_calls(call_ids: Iterable[str]) -> dict[str, list[str]]:
    """The recordings that carry each of the platform's call ids; ids without any are left out."""
    wanted = sorted(set(call_ids))
    found: dict[str, list[str]] = {}
    for start in range(0, len(wanted), 500):
        rows = Recording.objects.filter(call_id__in=wanted[start : start + 500]).order_by("id")
        for call_id, recording_id in rows.values_list("call_id", "id"):
            found.setdefault(call_id, []).append(recording_id)
    return found


def between(begin: datetime, end: datetime) -> QuerySet[Recording]:
    """Recordings of calls that began in a time; where the platform does not say, that were found in it.

    Announced test calls are never among them: no draw, estimate, rule's health or cluster counts them.
    """
    return _began(begin, end).filter(call_type="")


def announced_between(begin: datetime, end: datetime) -> QuerySet[Recording]:
    """The announced test calls of a time, which ``between`` leaves out."""
    return _began(begin, end).filter(call_type=ANNOUNCED)


def _began(begin: datetime, end: datetime) -> QuerySet[Recording]:
    return Recording.objects.filter(
        Q(started_at__gte=begin, started_at__lt=end)
        | Q(started_at__isnull=True, enrolled_at__gte=begin, enrolled_at__lt=end)
    )


def assessed_between(begin: datetime, end: datetime) -> QuerySet[Recording]:
    """Those of ``between`` that a person could hear and the machine is done with, with what it says of them."""
    entries = LedgerEntry.objects.filter(recording=OuterRef("pk"), state=LedgerState.QUARANTINED)
    hearable = entries.exclude(error_code__in=UNHEARABLE)
    return _with_machine(between(begin, end)).filter(Q(assessed__isnull=False) | Exists(hearable))


def _with_machine(rows: QuerySet[Recording]) -> QuerySet[Recording]:
    # A rescored call has several assessments; the newest is in force.
    newest = Assessment.objects.filter(recording=OuterRef("pk")).order_by("-id")
    return rows.annotate(
        assessed=Subquery(newest.values("stage_version")[:1], output_field=CharField()),
        machine_score=Subquery(newest.values("score")[:1], output_field=FloatField()),
        machine_fatal=Subquery(newest.values("fatal")[:1], output_field=BooleanField()),
    ).order_by("started_at", "id")


_FIELDS = (
    "id",
    "call_id",
    "agent_id",
    "team",
    "business_type",
    "started_at",
    "enrolled_at",
    "duration_s",
    "machine_score",
    "machine_fatal",
    "drawn__lane",
    "drawn__probability_e9",
    "drawn__draw__stratum",
    "drawn__picked",
    "drawn__model_version",
    "drawn__machine_score",
    "drawn__machine_fatal",
    "drawn__draw__drawn_at",
)


def _calls(rows: QuerySet[Recording]) -> Iterator[MonthCall]:
    for row in rows.values_list(*_FIELDS).iterator(chunk_size=READ_AT_ONCE):
        (recording_id, call_id, agent_id, team, business_type, started_at, enrolled_at, duration_s) = row[:8]
        score, fatal, lane, probability_e9, stratum, picked, version, score_then, fatal_then, drawn_at = row[8:]
        drawn = lane is not None
        yield MonthCall(
            recording_id=recording_id,
            call_id=call_id,
            agent_id=agent_id,
            team=team,
            business_type=business_type,
            started_at=started_at or enrolled_at,
            duration_s=duration_s,
            machine_score=score_then if drawn else score,
            machine_fatal=bool(fatal_then if drawn else fatal),
            lane=Lane(lane) if drawn else None,
            probability_e9=probability_e9,
            stratum=stratum or 0,
            picked=bool(picked),
            model_version=version or "",
            drawn_at=drawn_at,
        )
