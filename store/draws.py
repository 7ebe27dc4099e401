"""The draw's memory: months with what is frozen for them, the agents' samplers, and the log of every call passed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Count, F, Max, Min, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from quality.types import Lane
from store.calls import assessed_between, between
from store.models import Assessment, Draw, DrawAgent, DrawMonth, DrawnCall, HandPick, Recording
from store.months import bounds_of_month, month_of
from store.queue import fill_queue
from store.values import AgentHistory, AgentSampler, LoggedCall, MonthOfDraws, UndrawnCall

ROWS_AT_ONCE = 500

SHORT_S = 60.0
"""Calls shorter than this are looked at for an agent who hangs up on customers."""


def months_to_draw() -> list[str]:
    """Months that a nightly draw looks at: those that were begun, and the newest in which there are calls."""
    known = set(DrawMonth.objects.values_list("month", flat=True))
    newest = Recording.objects.aggregate(moment=Max(Coalesce("started_at", "enrolled_at")))["moment"]
    return sorted(known | ({month_of(newest)} if newest else set()))


@contextmanager
def month_in_hand(month: str) -> Iterator[MonthOfDraws | None]:
    """One transaction over a month's draws, nobody else's at the same time; None when the month is not begun."""
    with transaction.atomic():
        row = DrawMonth.objects.select_for_update().filter(month=month).first()
        yield _month(row) if row else None


def month_of_draws(month: str) -> MonthOfDraws | None:
    """What is frozen for a month, None when no draw has begun it."""
    row = DrawMonth.objects.filter(month=month).first()
    return _month(row) if row else None


def report_version(month: str) -> tuple[int, bool]:
    """The version of reports on a month, one more for each supplement of late calls, and whether it is closed."""
    newest = Draw.objects.filter(month=month).aggregate(newest=Max("stratum"))["newest"] or 0
    return int(newest) + 1, DrawMonth.objects.filter(month=month, closed_at__isnull=False).exists()


def begin_month(
    month: str, seed_id: str, model_version: str, size_model: Mapping[str, Any], options: Mapping[str, Any]
) -> MonthOfDraws:
    """Freeze a month's seed, size model and options."""
    row = DrawMonth.objects.create(
        month=month,
        seed_id=seed_id,
        model_version=model_version,
        size_model=dict(size_model),
        options=dict(options),
        opened_at=timezone.now(),
    )
    return _month(row)


def set_seed(month: str, seed_id: str) -> None:
    """Note the seed of a new stratum."""
    DrawMonth.objects.filter(month=month).update(seed_id=seed_id)


def close_month(month: str) -> int:
    """Close a month: calls that come later form a stratum of their own. Returns that stratum's number, 0 if unknown."""
    closed = DrawMonth.objects.filter(month=month).update(
        stratum=F("stratum") + 1, closed_at=timezone.now(), seed_id=""
    )
    return DrawMonth.objects.values_list("stratum", flat=True).get(month=month) if closed else 0


def undrawn_calls(month: str) -> list[UndrawnCall]:
    """Every call of a month that a person could hear and no draw has passed, in order of time and recording."""
    begin, end = bounds_of_month(month)
    newest = Assessment.objects.filter(recording=OuterRef("pk")).order_by("-id")
    rows = (
        assessed_between(begin, end)
        .filter(drawn__isnull=True)
        .annotate(must_review=Subquery(newest.values("must_review")[:1], output_field=BooleanField()))
    )
    fields = ("id", "call_id", "agent_id", "business_type", "started_at", "enrolled_at", "duration_s", "metadata")
    machine = ("machine_score", "machine_fatal", "must_review", "assessed")
    found = list(rows.values_list(*fields, *machine).iterator(chunk_size=2000))
    short = [row[0] for row in found if row[6] is not None and row[6] < SHORT_S]
    suspicious = _unserved_hang_ups(short)
    return [
        UndrawnCall(
            recording_id=row[0],
            call_id=row[1],
            agent_id=row[2],
            business_type=row[3],
            started_at=row[4] or row[5],
            duration_s=row[6] if row[6] is not None else row[7].get("duration_s"),
            machine_score=row[8],
            machine_fatal=bool(row[9]),
            must_review=bool(row[10]),
            suspicious=row[0] in suspicious,
            stage_version=row[11] or "",
        )
        for row in found
    ]


def samplers(month: str, stratum: int) -> dict[str, AgentSampler]:
    """The samplers of a month and stratum by agent."""
    rows = DrawAgent.objects.filter(month=month, stratum=stratum)
    fields = ("agent_id", "target", "forecast_e6", "rate_e9", "cumulated_e9")
    return {row[0]: AgentSampler(*row) for row in rows.values_list(*fields)}


def save_draw(
    begun: MonthOfDraws,
    changed: Sequence[AgentSampler],
    log: Sequence[LoggedCall],
    options: Mapping[str, Any],
    summary: Mapping[str, Any],
) -> str:
    """Store one batch: its log and how far each sampler has come; call it inside ``month_in_hand``."""
    known = {row.agent_id: row for row in DrawAgent.objects.filter(month=begun.month, stratum=begun.stratum)}
    new, moved = [], []
    for sampler in changed:
        row = known.get(sampler.agent_id)
        if row is None:
            row = DrawAgent(
                month_id=begun.month,
                stratum=begun.stratum,
                agent_id=sampler.agent_id,
                target=sampler.target,
                forecast_e6=sampler.forecast_e6,
                rate_e9=sampler.rate_e9,
            )
            new.append(row)
        else:
            moved.append(row)
        row.cumulated_e9 = sampler.cumulated_e9
    DrawAgent.objects.bulk_create(new, batch_size=ROWS_AT_ONCE)
    DrawAgent.objects.bulk_update(moved, ["cumulated_e9"], batch_size=ROWS_AT_ONCE)
    draw = Draw.objects.create(
        id=uuid.uuid4(),
        month_id=begun.month,
        stratum=begun.stratum,
        drawn_at=timezone.now(),
        options=dict(options),
        summary=dict(summary),
    )
    DrawnCall.objects.bulk_create(
        (
            DrawnCall(
                draw=draw,
                recording_id=call.recording_id,
                agent_id=call.agent_id,
                lane=call.lane,
                probability_e9=call.probability_e9,
                size_e6=call.size_e6,
                position=call.position,
                picked=call.picked,
                machine_score=call.machine_score,
                machine_fatal=call.machine_fatal,
                stage_version=call.stage_version,
                model_version=begun.model_version,
                seed_id=begun.seed_id,
            )
            for call in log
        ),
        batch_size=ROWS_AT_ONCE,
    )
    fill_queue()
    return str(draw.id)


def logs_of_month(month: str) -> Iterator[tuple[int, str, list[LoggedCall]]]:
    """The month's batches in the order in which they were drawn: stratum, seed id and log of each."""
    fields = (
        "recording_id",
        "agent_id",
        "lane",
        "probability_e9",
        "size_e6",
        "position",
        "picked",
        "machine_score",
        "machine_fatal",
        "stage_version",
    )
    for draw in Draw.objects.filter(month=month).order_by("drawn_at", "id"):
        rows = DrawnCall.objects.filter(draw=draw).order_by("position")
        seed_id = rows.values_list("seed_id", flat=True).first() or ""
        yield draw.stratum, seed_id, [LoggedCall(*row) for row in rows.values_list(*fields)]


def histories(month: str) -> dict[str, AgentHistory]:
    """What a month's log says of each agent; empty when the month was not drawn."""
    chance = Q(lane=Lane.PROBABILITY.value)
    rows = (
        DrawnCall.objects.filter(draw__month=month)
        .values("agent_id")
        .annotate(
            calls=Count("id", filter=chance),
            sizes=Sum("size_e6", filter=chance),
            total=Sum("machine_score"),
            squares=Sum(F("machine_score") * F("machine_score")),
            scored=Count("machine_score"),
        )
    )
    return {
        row["agent_id"]: AgentHistory(
            row["agent_id"],
            row["calls"],
            row["sizes"] or 0,
            row["total"] or 0.0,
            row["squares"] or 0.0,
            row["scored"],
        )
        for row in rows
    }


def risk_taken(month: str, days: Iterable[tuple[datetime, datetime]]) -> list[int]:
    """How many calls of the risk lane each day of a month has had, days as pairs of their bounds."""
    taken = DrawnCall.objects.filter(draw__month=month, lane=Lane.RISK.value)
    return [taken.filter(recording__in=between(*bounds).values("id")).count() for bounds in days]


def left_out(month: str) -> dict[str, int]:
    """Recordings of a month that nobody can hear, by the code of the reason; those waiting are ``waiting``."""
    begin, end = bounds_of_month(month)
    heard = assessed_between(begin, end).values("id")
    rows = between(begin, end).exclude(id__in=heard).annotate(code=Min("ledger__error_code"))
    counts: dict[str, int] = {}
    for code in rows.values_list("code", flat=True):
        counts[code or "waiting"] = counts.get(code or "waiting", 0) + 1
    return dict(sorted(counts.items()))


def pick_by_hand(recording_ids: Sequence[str], picked_by: str, reason: str = "") -> int:
    """Put calls into the queue that a person chose; they never enter an estimate. Returns how many were new."""
    known = set(HandPick.objects.filter(picked_by=picked_by).values_list("recording_id", flat=True))
    new = [recording_id for recording_id in dict.fromkeys(recording_ids) if recording_id not in known]
    now = timezone.now()
    HandPick.objects.bulk_create(
        [HandPick(recording_id=item, picked_by=picked_by, reason=reason, picked_at=now) for item in new],
        batch_size=ROWS_AT_ONCE,
    )
    fill_queue()
    return len(new)


def hand_picks(month: str) -> dict[str, list[str]]:
    """Recordings of a month's calls that people picked by hand, by who picked them."""
    rows = HandPick.objects.filter(recording__in=between(*bounds_of_month(month)).values("id"))
    found: dict[str, list[str]] = {}
    for picked_by, recording_id in rows.order_by("picked_by", "recording_id").values_list("picked_by", "recording_id"):
        found.setdefault(picked_by, []).append(recording_id)
    return found


def _month(row: DrawMonth) -> MonthOfDraws:
    return MonthOfDraws(
        row.month, row.seed_id, row.model_version, row.size_model, row.options, row.stratum, row.closed_at
    )


def _unserved_hang_ups(recording_ids: Sequence[str]) -> set[str]:
    found: dict[str, bool] = {}
    for start in range(0, len(recording_ids), ROWS_AT_ONCE):
        rows = Assessment.objects.filter(recording__in=recording_ids[start : start + ROWS_AT_ONCE]).order_by("id")
        columns = ("recording_id", "own_document__measures", "ground__own_document__measures")
        for recording_id, own, of_ground in rows.values_list(*columns):
            measures = own or of_ground or {}
            hung_up_by = measures.get("hang_up_by", {}).get("value")
            closing = measures.get("closing_spoken", {}).get("value")
            # The newest assessment of a recording comes last and has the last word.
            found[recording_id] = hung_up_by == "agent" and closing is not True
    return {recording_id for recording_id, suspicious in found.items() if suspicious}
