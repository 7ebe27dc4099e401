"""What a calibration session shows once the standard is set: deviations by rater, call and item; agreement. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quality.agreement import icc_agreement, krippendorff_alpha
from quality.calibration import SessionResult, calibration_result
from store.calibration import Rating

LEAST_CALLS = 2
"""Calls that agreement statistics need at least."""


@dataclass(frozen=True, slots=True)
class RaterResult:
    """One rater against the standard; ``bias`` is the mean deviation, above 0 more lenient than the standard."""

    rater: str
    bias: float
    deviation: float
    result: SessionResult


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One rule that was read differently: who deducted on which call, and whether the standard does."""

    recording_id: str
    rule: str
    deducted_by: tuple[str, ...]
    spared_by: tuple[str, ...]
    standard: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A whole session; agreement is None where there is too little to compute it from."""

    raters: tuple[RaterResult, ...]
    items: tuple[ItemResult, ...]
    icc: float | None
    alpha: float | None


def compare(
    ratings: Sequence[Rating], standards: Mapping[str, tuple[float, Mapping[str, float]]], tolerance: float
) -> Comparison:
    """Compare a session's ratings with each other and with the standard.

    Args:
        ratings: one for a rater and call.
        standards: score and deductions of the calls whose standard is set, by recording.
        tolerance: points that a rater may be off.
    """
    calls = sorted({one.recording_id for one in ratings})
    raters = sorted({one.rater for one in ratings})
    by_key = {(one.recording_id, one.rater): one for one in ratings}
    found = []
    for rater in raters:
        pairs = [
            (one.score, standards[one.recording_id][0])
            for call in calls
            if (one := by_key.get((call, rater))) is not None and one.score is not None and call in standards
        ]
        if pairs:
            given, wanted = np.array(pairs, dtype=float).T
            off = given - wanted
            result = calibration_result(given, wanted, tolerance=tolerance)
            found.append(RaterResult(rater, float(off.mean()), float(np.abs(off).mean()), result))
    table = np.full((len(calls), len(raters)), np.nan)
    for (call, rater), one in by_key.items():
        if one.score is not None:
            table[calls.index(call), raters.index(rater)] = one.score
    whole = table[~np.isnan(table).any(axis=1)] if table.size else table
    enough = len(whole) >= LEAST_CALLS and len(raters) > 1
    return Comparison(
        tuple(found),
        tuple(_items(calls, ratings, standards)),
        icc_agreement(whole) if enough else None,
        krippendorff_alpha(table) if enough else None,
    )


def _items(
    calls: Sequence[str], ratings: Sequence[Rating], standards: Mapping[str, tuple[float, Mapping[str, float]]]
) -> list[ItemResult]:
    found = []
    for call in calls:
        here = [one for one in ratings if one.recording_id == call]
        standard = standards.get(call)
        rules = sorted({rule for one in here for rule, points in one.deductions.items() if points})
        for rule in rules:
            yes = tuple(sorted(one.rater for one in here if one.deductions.get(rule)))
            no = tuple(sorted(one.rater for one in here if not one.deductions.get(rule)))
            truth = None if standard is None else bool(standard[1].get(rule))
            if no or truth is False:
                found.append(ItemResult(call, rule, yes, no, truth))
    return found
