"""The risk ranking from the store: features of calls, what people found in them, the model, and how it does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flows.quality_health import months_ending, sample_of
from models.risk import Calls, Reviewed, RiskModel, RiskReport, learn, model_from, report
from pipeline.errors import StatisticsError
from quality.types import Lane, MonthCall
from store.calls import hits_of_month, hits_of_recordings
from store.values import UndrawnCall

SHORT_S = 60.0

MONTHS, LINE = 6, 80.0
"""Months of reviews that a ranking is learned from, and the score below which a fault is serious, by default."""


@dataclass(frozen=True, slots=True)
class MonthRanked:
    """A ranking learned before a month, and how it does on that month's random reviews.

    ``learned_from`` are the months with reviews before; ``call_ids`` name the missed calls as the platform does.
    """

    month: str
    learned_from: tuple[str, ...]
    line: float
    model: RiskModel
    report: RiskReport
    call_ids: dict[str, str]


def ranking_before(month: str, months: int = MONTHS, line: float = LINE) -> RiskModel:
    """The ranking that the reviews of the months before a month give; by rule points while they are too few."""
    return learn(reviewed_calls(months_ending(month, months + 1)[:-1], line)[0])


def frozen_ranking(size_model: Mapping[str, Any]) -> RiskModel | None:
    """The ranking that a month keeps beside its sizes; None where rule points rank."""
    document = size_model.get("risk")
    model = model_from(document) if document else None
    return model if model is not None and model.learned else None


def ranking_said(size_model: Mapping[str, Any]) -> str:
    """What ranks a month's risk lane, in words; empty where nothing but rule points was asked for."""
    document = size_model.get("risk")
    if not document:
        return ""
    model = model_from(document)
    return f"ranked by {model.version}" if model.because is None else f"rule points rank: {model.because}"


def risk_of(calls: Sequence[UndrawnCall], model: RiskModel) -> npt.NDArray[np.float64]:
    """The risk of calls that no draw has passed yet."""
    return model.risk(features(calls, _by_recording(hits_of_recordings([call.recording_id for call in calls]))))


def ranking_tested(month: str, months: int, line: float) -> MonthRanked:
    """The same, with what it would have caught and missed in the month.

    Args:
        month: the month to test on.
        months: how many before it to learn from.
        line: the score below which a fault is serious; a fatal one always is.

    Raises:
        StatisticsError: nobody has heard a random call of the month.
    """
    before = months_ending(month, months + 1)[:-1]
    model = learn(reviewed_calls(before, line)[0])
    test, calls = reviewed_calls((month,), line)
    if not test.random.any():
        raise StatisticsError(
            f"no random call of {month} was drawn from and reviewed; expected some to test the ranking on. Enter them "
            f"with `tingjian queue import-reviews`, or name another month."
        )
    return MonthRanked(
        month=month,
        learned_from=before,
        line=line,
        model=model,
        report=report(model, test),
        call_ids={call.recording_id: call.call_id for call in calls},
    )


def reviewed_calls(months: Sequence[str], line: float) -> tuple[Reviewed, tuple[MonthCall, ...]]:
    """The drawn and reviewed calls of some months with what people found; without those that could not be scored."""
    heard = [one for month in months for one in sample_of((month,)).heard if one.review.score is not None]
    calls = tuple(one.call for one in heard)
    serious = [one.review.fatal or (one.review.score or 0.0) < line for one in heard]
    return (
        Reviewed(
            calls=features(calls, hits_in(months)),
            serious=np.array(serious, dtype=np.bool_),
            weight=np.array([one.weight for one in heard], dtype=np.float64),
            random=np.array([one.call.lane is Lane.PROBABILITY for one in heard], dtype=np.bool_),
        ),
        calls,
    )


def hits_in(months: Sequence[str]) -> dict[str, set[str]]:
    """The rules that the newest assessments of some months hit, by recording."""
    return _by_recording(row for month in months for row in hits_of_month(month))


def _by_recording(rows: Iterable[tuple[str, str, str, float]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for recording_id, rule, _severity, _points in rows:
        found[recording_id].add(rule)
    return found


def features(calls: Sequence[MonthCall] | Sequence[UndrawnCall], hits: dict[str, set[str]]) -> Calls:
    """What the ranking may look at: what the machine found, and the kind of call. Never whose call it is."""
    rules = sorted({name for call in calls for name in hits.get(call.recording_id, ())})
    kinds = sorted({call.business_type for call in calls if call.business_type})
    names = ("points", "unscored", "fatal", "length", "short", *(f"rule {one}" for one in rules))
    names += tuple(f"type {one}" for one in kinds)
    points = np.array([np.nan if one.machine_score is None else 100.0 - one.machine_score for one in calls])
    lengths = np.array([one.duration_s or 0.0 for one in calls], dtype=np.float64)
    mine = [hits.get(one.recording_id, set()) for one in calls]
    columns = [
        np.where(np.isnan(points), 0.0, points),
        np.isnan(points),
        np.array([one.machine_fatal for one in calls]),
        np.log1p(np.maximum(lengths, 0.0)),
        (lengths > 0) & (lengths < SHORT_S),
        *(np.array([rule in hit for hit in mine]) for rule in rules),
        *(np.array([one.business_type == kind for one in calls]) for kind in kinds),
    ]
    table = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    return Calls(tuple(one.recording_id for one in calls), points, names, table)
