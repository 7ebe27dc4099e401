"""Raters over some months: severity, drift, spread, raters who deduct nothing, agreement, sessions, appeals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from flows.quality_health import NO_TEAM, months_ending
from pipeline.errors import StatisticsError
from quality import agreement
from quality.agreement import Agreement, Level, Weights, krippendorff_alpha, with_interval
from quality.calibration import PooledShare, SessionResult, Share, calibration_result, overturn_rate, pooled_overturns
from quality.non_action import MIN_RATERS, CleanVerdicts, non_action
from quality.raters import Drift, Severity, SeverityReport, Spread, cusum, drift_scores, severity, spreads
from quality.types import MonthCall, Purpose, ReviewedCall
from store.calls import machine_scores_by_team
from store.months import bounds_of_month
from store.reviews import reviews_of_month
from store.verdicts import appealed_by_rater

MACHINE_EDGES = (60.0, 80.0, 90.0, 95.0, 100.0)
FULL_MARKS = 100.0
LISTEN_AGAIN = 10
"""Flagged calls with full marks to hear again when a rater deducts nothing for the second month."""

ENOUGH_DOUBLE = 30
"""Double-scored calls of a rater in a quarter."""

ENOUGH_BLIND = 20
"""Blind reviews that two raters need at least, for reviews with the machine's score in view to be left out."""

WARN_ICC, STOP_ICC = 0.75, 0.5


@dataclass(frozen=True, slots=True)
class Silent:
    """A rater who deducts too little: this month and the one before; ``listen`` are recordings to hear again."""

    rater: str
    verdicts: CleanVerdicts
    before: bool | None
    listen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    """How two people's marks of one item agree: kappa is low where failures are rare, the other two are not."""

    item: str
    calls: int
    fail_rate: float
    kappa: Agreement
    weighted_kappa: Agreement
    ac1: Agreement
    positive: Agreement
    alpha: float | None


@dataclass(frozen=True, slots=True)
class RaterPair:
    """One rater's double-scored calls: ICC of the totals, and the share within ten points."""

    rater: str
    calls: int
    icc: Agreement
    within_ten: float
    enough: bool
    advice: str


@dataclass(frozen=True, slots=True)
class Session:
    """One rater in one calibration session."""

    session: str
    rater: str
    result: SessionResult


@dataclass(frozen=True, slots=True)
class Overturned:
    """One rater's appeals: of what was reviewed (pooled) and of what was appealed."""

    rater: str
    of_reviewed: PooledShare
    of_appealed: Share | None


@dataclass(frozen=True, slots=True)
class RaterReport:
    """Everything said of raters; a part that cannot be said is empty, with its reason in ``reasons``.

    ``team_levels`` are the teams' mean machine scores over all calls: what whoever hears a team's calls has to do with.
    """

    months: tuple[str, ...]
    reviews: int
    severity: SeverityReport | None
    raters: tuple[tuple[str, Severity], ...]
    drifts: tuple[tuple[str, Drift, str], ...]
    spreads: tuple[tuple[str, Spread], ...]
    silent: tuple[Silent, ...]
    totals: Agreement | None
    pairs: tuple[RaterPair, ...]
    items: tuple[ItemAgreement, ...]
    sessions: tuple[Session, ...]
    appeals: tuple[Overturned, ...]
    reasons: tuple[str, ...]
    team_levels: tuple[tuple[str, float], ...] = ()


def report_on_raters(
    month: str, count: int, *, tolerance: float, required: float, ordinal_items: bool = True, by_item: bool = True
) -> RaterReport:
    """Everything about raters in some months up to and with one.

    Args:
        month: the last month; drift and raters who deduct nothing are looked for in it.
        count: months; those before are what is usual.
        tolerance: points of a calibration session within which a score is right.
        required: the share of a session's calls that must be right.
        by_item: whether agreement on each item is wanted too, which takes a while.
        ordinal_items: whether points of an item are ordered marks (weighted kappa, ordinal alpha).

    Raises:
        StatisticsError: nobody has reviewed anything in these months.
    """
    months = months_ending(month, count)
    by_month = {one: _scored(list(reviews_of_month(one))) for one in months}
    everything = [item for one in months for item in by_month[one]]
    if not everything:
        raise StatisticsError(
            f"no review of {', '.join(months)}; expected reviews with a score. Enter them with "
            f"`tingjian queue import-reviews`, or name another month."
        )
    reasons: list[str] = []
    anchors = _team_means(months)
    usable = _blind(
        [item for item in everything if item.call.machine_score is not None and _team(item.call) in anchors], reasons
    )
    names = sorted({item.review.rater for item in everything})
    found = _severity(usable, anchors, names, reasons)
    tables = _double_scored(months)
    return RaterReport(
        months=months,
        reviews=len(everything),
        severity=found,
        raters=tuple((names[one.rater], one) for one in found.raters) if found else (),
        drifts=_drifts(usable, found, month, names) if found else (),
        spreads=_spreads(usable, names),
        silent=_silent(by_month, months, names, reasons),
        totals=_totals(tables, reasons),
        pairs=_pairs(tables),
        items=_items(tables, ordinal_items) if by_item else (),
        sessions=_sessions(months, tolerance, required),
        appeals=_appeals(months, everything, names, reasons),
        reasons=tuple(reasons),
        team_levels=tuple(anchors.items()),
    )


def _scored(found: Sequence[ReviewedCall]) -> list[ReviewedCall]:
    return [item for item in found if item.review.score is not None]


def _blind(usable: list[ReviewedCall], reasons: list[str]) -> list[ReviewedCall]:
    """Reviews given without sight of the machine's score, which else is no anchor; all where too few are blind."""
    blind = [item for item in usable if item.review.blind]
    counts = Counter(item.review.rater for item in blind)
    if sum(number >= ENOUGH_BLIND for number in counts.values()) >= 2:
        return blind
    if len(blind) < len(usable):
        reasons.append(
            f"severity, drift and spread rest on all reviews: fewer than two raters have {ENOUGH_BLIND} blind ones. "
            "Whoever sees the machine's score leans on it, and then looks like the others."
        )
    return usable


def _score(item: ReviewedCall) -> float:
    return 0.0 if item.review.score is None else item.review.score


def _codes(items: Sequence[ReviewedCall], names: Sequence[str]) -> np.ndarray:
    place = {name: code for code, name in enumerate(names)}
    return np.array([place[item.review.rater] for item in items], dtype=np.int64)


def _team(call: MonthCall) -> str:
    return call.team or NO_TEAM


def _team_means(months: Sequence[str]) -> dict[str, float]:
    """The mean machine score of all calls of each team, reviewed or not."""
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for month in months:
        for team, (total, number) in machine_scores_by_team(month).items():
            totals[team or NO_TEAM][0] += total
            totals[team or NO_TEAM][1] += number
    return {team: total / number for team, (total, number) in sorted(totals.items())}


def _severity(
    usable: Sequence[ReviewedCall], anchors: Mapping[str, float], names: Sequence[str], reasons: list[str]
) -> SeverityReport | None:
    place = {team: code for code, team in enumerate(anchors)}
    try:
        return severity(
            _codes(usable, names),
            np.array([_score(item) for item in usable]),
            np.array([item.call.machine_score for item in usable], dtype=np.float64),
            np.array([place[_team(item.call)] for item in usable], dtype=np.int64),
            np.array(list(anchors.values())),
        )
    except StatisticsError as error:
        reasons.append(f"severity and drift: {error}")
        return None


def _drifts(
    usable: Sequence[ReviewedCall], found: SeverityReport, month: str, names: Sequence[str]
) -> tuple[tuple[str, Drift, str], ...]:
    """A CUSUM of the last month for each rater, round what was usual of the rater before; with the recording."""
    begin, _ = bounds_of_month(month)
    who = _codes(usable, names)
    now = np.array([item.call.started_at >= begin for item in usable], dtype=np.bool_)
    scores = drift_scores(who, found.residuals, now)
    rows = np.flatnonzero(now)
    drifts = []
    for code, name in enumerate(names):
        mine = [(usable[row], float(score)) for row, score in zip(rows, scores, strict=True) if who[row] == code]
        mine.sort(key=lambda pair: pair[0].review.submitted_at)
        drift = cusum(np.array([score for _, score in mine]))
        drifts.append((name, drift, mine[drift.signal][0].call.call_id if drift.signal is not None else ""))
    return tuple(drifts)


def _bins(items: Sequence[ReviewedCall]) -> np.ndarray:
    return np.digitize([item.call.machine_score or 0.0 for item in items], MACHINE_EDGES).astype(np.int64)


def _spreads(usable: Sequence[ReviewedCall], names: Sequence[str]) -> tuple[tuple[str, Spread], ...]:
    if not usable:
        return ()
    found = spreads(_codes(usable, names), np.array([_score(item) for item in usable]), _bins(usable))
    return tuple((names[one.rater], one) for one in found)


def _silent(
    by_month: dict[str, list[ReviewedCall]], months: Sequence[str], names: Sequence[str], reasons: list[str]
) -> tuple[Silent, ...]:
    now = _clean(by_month[months[-1]], names)
    if now is None:
        reasons.append(
            f"raters who deduct nothing: fewer than {MIN_RATERS} raters have scored calls in {months[-1]}; more are "
            f"needed to know what is usual"
        )
        return ()
    before = _clean(by_month[months[-2]], names) if len(months) > 1 else None
    found = []
    for name, verdicts in now.items():
        earlier = before.get(name) if before else None
        again = None if earlier is None else earlier.suspicious
        listen = ()
        if verdicts.suspicious:
            calls = [
                item
                for item in by_month[months[-1]]
                if item.review.rater == name
                and _score(item) >= FULL_MARKS
                and item.call.machine_score is not None
                and item.call.machine_score < FULL_MARKS
            ]
            calls.sort(key=lambda item: item.call.machine_score or 0.0)
            listen = tuple(item.call.call_id for item in calls[:LISTEN_AGAIN])
        found.append(Silent(name, verdicts, again, listen))
    return tuple(found)


def _clean(items: Sequence[ReviewedCall], names: Sequence[str]) -> dict[str, CleanVerdicts] | None:
    usable = [item for item in items if item.call.machine_score is not None]
    if len({item.review.rater for item in usable}) < MIN_RATERS:
        return None
    clean = np.array([_score(item) >= FULL_MARKS for item in usable], dtype=np.bool_)
    return {names[one.rater]: one for one in non_action(_codes(usable, names), _bins(usable), clean)}


def _double_scored(months: Sequence[str]) -> list[list[ReviewedCall]]:
    """Calls that two or more people scored for themselves: the ordinary review and the double ones."""
    found: dict[str, list[ReviewedCall]] = defaultdict(list)
    for month in months:
        for item in reviews_of_month(month, purposes=(Purpose.REVIEW, Purpose.DOUBLE)):
            if item.review.score is not None:
                found[item.call.recording_id].append(item)
    return [items for items in found.values() if len({item.review.rater for item in items}) > 1]


def _totals(tables: Sequence[list[ReviewedCall]], reasons: list[str]) -> Agreement | None:
    if not tables:
        reasons.append("agreement: no call was scored by two people (purpose double)")
        return None
    widest = max(len(items) for items in tables)
    scores = np.full((len(tables), widest), np.nan)
    for row, items in enumerate(tables):
        scores[row, : len(items)] = [_score(item) for item in items]
    return with_interval(krippendorff_alpha, scores)


def _pairs(tables: Sequence[list[ReviewedCall]]) -> tuple[RaterPair, ...]:
    of_rater: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for items in tables:
        for one, other in combinations(items, 2):
            if one.review.rater != other.review.rater:
                of_rater[one.review.rater].append((_score(one), _score(other)))
                of_rater[other.review.rater].append((_score(other), _score(one)))
    found = []
    for rater, scores in sorted(of_rater.items()):
        table = np.array(scores)
        icc = with_interval(_icc, table)
        near = float((np.abs(table[:, 0] - table[:, 1]) <= 10).mean())
        enough = len(scores) >= ENOUGH_DOUBLE
        found.append(RaterPair(rater, len(scores), icc, near, enough, _advice(icc, enough)))
    return tuple(found)


def _icc(table: np.ndarray) -> float | None:
    return agreement.icc_agreement(table) if table.shape[0] > 1 else None


def _advice(icc: Agreement, enough: bool) -> str:
    if not enough:
        return f"fewer than {ENOUGH_DOUBLE} double-scored calls"
    if icc.value is None or icc.value >= WARN_ICC:
        return ""
    return "below .5: do not use the scores for pay" if icc.value < STOP_ICC else "below .75: calibrate"


def _items(tables: Sequence[list[ReviewedCall]], ordinal: bool) -> tuple[ItemAgreement, ...]:
    marks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for items in tables:
        for one, other in combinations(items, 2):
            for item in one.review.deductions.keys() & other.review.deductions.keys():
                if one.review.rater != other.review.rater:
                    marks[item].append((one.review.deductions[item], other.review.deductions[item]))
    found = []
    for item, given in sorted(marks.items()):
        points = np.array(given)
        failed = (points > 0).astype(np.float64)
        weighted = with_interval(lambda t: agreement.kappa(t[:, 0], t[:, 1], Weights.QUADRATIC), points)
        found.append(
            ItemAgreement(
                item=item,
                calls=len(given),
                fail_rate=float(failed.mean()),
                kappa=with_interval(lambda t: agreement.kappa(t[:, 0], t[:, 1]), failed),
                weighted_kappa=weighted,
                ac1=with_interval(lambda t: agreement.ac1(t[:, 0], t[:, 1]), failed),
                positive=with_interval(lambda t: agreement.positive_agreement(t[:, 0], t[:, 1]), failed),
                alpha=krippendorff_alpha(points, Level.ORDINAL if ordinal else Level.NOMINAL),
            )
        )
    return tuple(found)


def _sessions(months: Sequence[str], tolerance: float, required: float) -> tuple[Session, ...]:
    standard: dict[tuple[str, str], float] = {}
    scored: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for month in months:
        for item in _scored(list(reviews_of_month(month, purposes=(Purpose.CALIBRATION, Purpose.STANDARD)))):
            session = item.review.session
            if item.review.purpose is Purpose.STANDARD:
                standard[session, item.call.recording_id] = _score(item)
            else:
                scored[session, item.review.rater].append((item.call.recording_id, _score(item)))
    found = []
    for (session, rater), given in sorted(scored.items()):
        known = [(score, standard[session, call]) for call, score in given if (session, call) in standard]
        if known:
            result = calibration_result(
                [score for score, _ in known], [right for _, right in known], tolerance=tolerance, required=required
            )
            found.append(Session(session, rater, result))
    return tuple(found)


def _appeals(
    months: Sequence[str], everything: Sequence[ReviewedCall], names: Sequence[str], reasons: list[str]
) -> tuple[Overturned, ...]:
    begin, end = bounds_of_month(months[0])[0], bounds_of_month(months[-1])[1]
    counts = appealed_by_rater(begin, end)
    if not counts:
        reasons.append("appeals: none was decided")
        return ()
    raters = sorted(set(names) | set(counts))
    reviewed = {name: sum(item.review.rater == name for item in everything) for name in raters}
    upheld = [counts.get(name, (0, 0))[1] for name in raters]
    # Several findings of one review can be appealed: the review counts for as many chances as were overturned.
    chances = [max(reviewed[name], hits) for name, hits in zip(raters, upheld, strict=True)]
    pooled = pooled_overturns(upheld, chances)
    return tuple(
        Overturned(name, share, overturn_rate(hits, counts.get(name, (0, 0))[0]))
        for name, share, hits in zip(raters, pooled, upheld, strict=True)
    )
