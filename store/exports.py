"""The rows of each exported table, a few at a time, in the order of its columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from store.calls import READ_AT_ONCE
from store.export_columns import Column, ExportTable, Kind
from store.models import (
    Appeal,
    Assessment,
    DrawnCall,
    ErrorCluster,
    NotAssessable,
    Recording,
    Review,
    ReviewerPlan,
    Transcript,
)
from store.months import bounds_of_month, month_of

Row = tuple[Any, ...]

_WORDS = {
    "findings": ("store_finding", "finding_id", ("quote", "message")),
    "verdicts": ("store_findingverdict", "verdict_id", ("comment",)),
}
"""Where the words of a view's rows stand: table, the view's column that has its key, columns."""


def columns_of(table: ExportTable, *, words: bool) -> tuple[Column, ...]:
    """The columns that an export has."""
    return tuple(column for column in table.columns if words or not column.words)


def rows_of(table: ExportTable, month: str | None, *, words: bool) -> Iterator[Row]:
    """Every row of a table, of a month's calls or of all.

    Args:
        table: the table.
        month: the month ``YYYY-MM``; None takes everything.
        words: with the columns that hold what people said.

    Raises:
        UsageError: the month is not written so.
    """
    if month is not None:
        bounds_of_month(month)
    columns = columns_of(table, words=words)
    source = _of_view(table, columns, month) if table.view else _SOURCES[table.name](month)
    names = [column.name for column in columns]
    for row in source:
        values = row if isinstance(row, dict) else dict(zip(names, row, strict=True))
        yield tuple(_value(values[column.name], column.kind) for column in columns)


def _of_view(table: ExportTable, columns: tuple[Column, ...], month: str | None) -> Iterator[Row]:
    """Straight from the SQL view, so that both always say the same."""
    wanted = ", ".join(f"{'w' if column.words else 'v'}.{column.name}" for column in columns)
    joined = ""
    if any(column.words for column in columns):
        source, key, _ = _WORDS[table.name]
        joined = f" JOIN {source} w ON w.id = v.{key}"
    order = ", ".join(f"v.{name}" for name in _ORDER[table.name])
    where = " WHERE v.month = %s" if month else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted} FROM {table.view} v{joined}{where} ORDER BY {order}", [month] if month else [])
        while some := cursor.fetchmany(READ_AT_ONCE):
            yield from some


_ORDER = {
    "calls": ("started_at", "recording_id"),
    "findings": ("finding_id",),
    "verdicts": ("verdict_id",),
    "estimates": ("month", "agent_id", "quantity"),
}


def _value(value: Any, kind: Kind) -> Any:
    """A value as its kind has it, whichever database it comes from."""
    if value is None:
        return None
    if kind is Kind.MOMENT:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if kind is Kind.YES:
        return bool(value)
    if kind is Kind.NUMBER:
        return float(value)
    if kind is Kind.WHOLE:
        return int(value)
    return value if kind is Kind.DAY else str(value)


def _began(path: str) -> Coalesce:
    return Coalesce(F(f"{path}started_at"), F(f"{path}enrolled_at"))


def _within(rows: QuerySet[Any], month: str | None, path: str) -> QuerySet[Any]:
    """Rows whose calls are of the month, with when each began; test calls are among them as in the views."""
    if month is not None:
        begin, end = bounds_of_month(month)
        began = Q(**{f"{path}started_at__gte": begin, f"{path}started_at__lt": end})
        found = Q(
            **{
                f"{path}started_at__isnull": True,
                f"{path}enrolled_at__gte": begin,
                f"{path}enrolled_at__lt": end,
            }
        )
        rows = rows.filter(began | found)
    return rows.annotate(began=_began(path))


_CALL = ("id", "call_id", "agent_id", "team")


def _with_call(rows: QuerySet[Any], month: str | None, path: str, fields: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Rows with the columns of their call; ``fields`` are column name to where it stands."""
    within = _within(rows, month, path)
    wanted = within.values_list(*(f"{path}{name}" for name in _CALL), "began", *fields.values())
    for row in wanted.iterator(chunk_size=READ_AT_ONCE):
        recording_id, call_id, agent_id, team, began, *rest = row
        yield {
            "recording_id": recording_id,
            "call_id": call_id,
            "agent_id": agent_id,
            "team": team,
            "started_at": began,
            "month": month_of(began),
            **dict(zip(fields, rest, strict=True)),
        }


def _newest_assessments() -> QuerySet[Assessment]:
    newest = Assessment.objects.filter(recording=OuterRef("recording")).order_by("-id").values("id")[:1]
    return Assessment.objects.filter(id=Subquery(newest)).order_by("id")


def _measures(month: str | None) -> Iterator[dict[str, Any]]:
    places = {"own": "own_document__measures", "of_ground": "ground__own_document__measures"}
    for row in _with_call(_newest_assessments(), month, "recording__", places):
        own, of_ground = row.pop("own"), row.pop("of_ground")
        measures = own or of_ground or {}
        for name, one in measures.items():
            value = one.get("value")
            number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
            yield {
                **row,
                "measure": name,
                "value": number,
                "value_text": None if number is not None or value is None else str(value),
                "unit": one.get("unit"),
                "outcome": one.get("outcome"),
                "reason": one.get("reason"),
            }


def _reviews(month: str | None) -> Iterator[dict[str, Any]]:
    names = ("rater", "purpose", "session", "score", "fatal", "deductions", "blind", "listened_s", "submitted_at")
    for row in _with_call(Review.objects.order_by("id"), month, "recording__", {name: name for name in names}):
        yield {**row, "deductions": json.dumps(row["deductions"], ensure_ascii=False, sort_keys=True)}


def _draws(month: str | None) -> Iterator[dict[str, Any]]:
    fields = {
        "drawn_at": "draw__drawn_at",
        "stratum": "draw__stratum",
        "lane": "lane",
        "probability": "probability_e9",
        "picked": "picked",
        "machine_score": "machine_score",
        "machine_fatal": "machine_fatal",
    }
    for row in _with_call(DrawnCall.objects.order_by("id"), month, "recording__", fields):
        yield {**row, "probability": row["probability"] / 1e9}


def _appeals(month: str | None) -> Iterator[dict[str, Any]]:
    names = ("finding_id", "rule", "filed_by", "filed_at", "outcome", "decided_by", "decided_at", "reason",
             "decision_reason")  # fmt: skip
    fields = {"appeal_id": "id", **{name: name for name in names}}
    return _with_call(Appeal.objects.order_by("id"), month, "recording__", fields)


def _not_assessable(month: str | None) -> Iterator[dict[str, Any]]:
    newest = Assessment.objects.filter(recording=OuterRef("assessment__recording")).order_by("-id").values("id")[:1]
    rows = NotAssessable.objects.filter(assessment_id=Subquery(newest)).order_by("id")
    return _with_call(rows, month, "assessment__recording__", {"rule": "rule", "reason": "reason"})


def _utterances(month: str | None) -> Iterator[dict[str, Any]]:
    newest = Transcript.objects.filter(recording=OuterRef("pk")).order_by("-id").values("call")[:1]
    rows = Recording.objects.annotate(heard=Subquery(newest)).filter(heard__isnull=False).order_by("id")
    for row in _with_call(rows, month, "", {"heard": "heard"}):
        heard = row.pop("heard")
        call = json.loads(heard) if isinstance(heard, str) else heard
        for one in (call.get("transcript") or call).get("utterances", ()):
            yield {**row, **{name: one.get(name) for name in ("role", "start_s", "end_s", "confidence", "text")}}


def _clusters(month: str | None) -> Iterator[dict[str, Any]]:
    rows = ErrorCluster.objects.order_by("month", "-weight", "number")
    for one in (rows.filter(month=month) if month else rows).iterator(chunk_size=READ_AT_ONCE):
        document = one.document
        details = document.get("scope_details") or {}
        yield {
            "month": one.month,
            "number": one.number,
            "name": one.name,
            "rules": " ".join(rule for rule, _ in document.get("rules", ())),
            "calls": one.calls,
            "share": document.get("share"),
            "calls_before": document.get("calls_before"),
            "scope": document.get("scope"),
            "enough": details.get("enough"),
            "agents": json.dumps([unit["name"] for unit in details.get("agents", ())], ensure_ascii=False),
            "groups": json.dumps([unit["name"] for unit in details.get("groups", ())], ensure_ascii=False),
            "quote": one.quote,
        }


def _cluster_findings(month: str | None) -> Iterator[dict[str, Any]]:
    rows = ErrorCluster.objects.order_by("month", "number")
    for one in (rows.filter(month=month) if month else rows).iterator(chunk_size=READ_AT_ONCE):
        for finding in one.document.get("findings", ()):
            yield {"month": one.month, "number": one.number, "finding_id": finding}


def _plans(month: str | None) -> Iterator[dict[str, Any]]:
    rows = ReviewerPlan.objects.order_by("day", "reviewer")
    if month is not None:
        begin, end = bounds_of_month(month)
        rows = rows.filter(day__gte=begin.date(), day__lt=end.date())
    yield from rows.values("reviewer", "day", "calls").iterator(chunk_size=READ_AT_ONCE)


_SOURCES: dict[str, Callable[[str | None], Iterator[dict[str, Any]]]] = {
    "measures": _measures,
    "reviews": _reviews,
    "draws": _draws,
    "clusters": _clusters,
    "cluster_findings": _cluster_findings,
    "appeals": _appeals,
    "plans": _plans,
    "not_assessable": _not_assessable,
    "utterances": _utterances,
}
