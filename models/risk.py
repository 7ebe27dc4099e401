"""Which calls a person should hear first: the chance that people find a serious fault, learned from what they found.

For the risk lane of the queue and nothing else: the random lane keeps its probabilities whatever stands here. Learned
from reviews of earlier months, all lanes: whether a call was drawn depends on what the machine says of it, which are
the features, so within them the reviewed calls are like the others. Then calibrated on the random lane, weighted by
1/probability, so that 20 % means one in five of *all* such calls. Whose call it is stands in no feature.

Until there are enough reviews, or while it ranks no better than the points that the rules take, those points rank.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from pipeline.errors import StatisticsError

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MIN_REVIEWS, MIN_EACH = 300, 30
"""Reviews that it takes to learn, and how many of them must have a serious fault, and how many none."""

FOLDS = 5
STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse strengths of the ridge penalty of which the best is taken, by log loss on calls not learned from."""

EDGE = 1e-4
"""Chances are never taken for nearer to 0 or 1 than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """Calls to rank, one row each.

    ``ids`` names them, ``points`` are those that the rules took (NaN: the machine could not score the call), ``table``
    the features in the order of ``names``.
    """

    ids: tuple[str, ...]
    points: Floats
    names: tuple[str, ...]
    table: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Reviewed:
    """Reviewed calls: whether a person found a serious fault, the weight 1/probability, and whether drawn at random."""

    calls: Calls
    serious: Bools
    weight: Floats
    random: Bools


@dataclass(frozen=True, slots=True)
class RiskModel:
    """A ranking, frozen: everything that it takes to give the same numbers again.

    Attributes:
        version: names what it was learned from, to the bit.
        reviews: number of reviews learned from.
        because: why rule points rank instead, in a sentence; None where the ranking is learned.
        names: features; a call's table may have others, which are not looked at, and lack some, which count as 0.
        means: of each feature when learned.
        scales: standard deviation of each feature when learned.
        coefficients: of the standardised features.
        intercept: log odds of the average call.
        slope: of the calibration, on the log odds.
        offset: of the calibration.
    """

    version: str
    reviews: int
    because: str | None = None
    names: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    coefficients: tuple[float, ...] = ()
    intercept: float = 0.0
    slope: float = 1.0
    offset: float = 0.0

    @property
    def learned(self) -> bool:
        """Whether ``risk`` is a chance; else it is points over 100, good for an order alone."""
        return self.because is None

    def risk(self, calls: Calls) -> Floats:
        """The risk of each call, 0 to 1, the highest to be heard first."""
        if not self.learned:
            return risk_by_points(calls.points)
        place = {name: column for column, name in enumerate(calls.names)}
        odds = np.full(len(calls.ids), self.intercept)
        for name, mean, scale, coefficient in zip(self.names, self.means, self.scales, self.coefficients, strict=True):
            values = calls.table[:, place[name]] if name in place else 0.0
            odds = odds + coefficient * (values - mean) / scale
        chance: Floats = np.clip(expit(self.offset + self.slope * odds), EDGE, 1 - EDGE)
        return chance

    def document(self) -> dict[str, Any]:
        """The model for a store of JSON."""
        return asdict(self)


def model_from(document: dict[str, Any]) -> RiskModel:
    """The model that ``document`` gave, the same to the bit."""
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list | tuple) else value for key, value in document.items()
    }
    return RiskModel(**fields)


def risk_by_points(points: Floats) -> Floats:
    """The points that the rules took over 100; a call that the machine could not score comes first."""
    known = np.clip(points / 100.0, 0.0, 1.0)
    return np.where(np.isnan(points), 1.0, known)


def learn(training: Reviewed) -> RiskModel:
    """Learn the ranking, or say why rule points rank.

    Raises:
        StatisticsError: arrays that do not fit, or a feature that is no number.
    """
    _check(training)
    reviews, serious = training.serious.size, int(training.serious.sum())
    version = f"risk {reviews} {_digest(training)}"
    if reviews < MIN_REVIEWS or min(serious, reviews - serious) < MIN_EACH:
        return RiskModel(
            f"points {version}",
            reviews,
            f"{reviews} reviews, {serious} of them with a serious fault; {MIN_REVIEWS} are needed, with {MIN_EACH} of "
            "either kind",
        )
    table = training.calls.table
    means, spread = table.mean(axis=0), table.std(axis=0)
    varied = spread > 1e-9
    scales = np.where(varied, spread, 1.0)
    x = (table - means) / scales
    fold = np.array([int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % FOLDS for name in training.calls.ids])
    held_out = {strength: _held_out(x, training.serious, fold, strength) for strength in STRENGTHS}
    best = min(STRENGTHS, key=lambda strength: _log_loss(training.serious, held_out[strength]))
    odds = held_out[best]
    # Where too few random reviews are serious to calibrate on, all reviews stand for them.
    lane = training.random if _both(training.serious[training.random]) else np.ones(reviews, dtype=np.bool_)
    learned, points = (
        area_under_curve(ranking[lane], training.serious[lane], training.weight[lane])
        for ranking in (odds, risk_by_points(training.calls.points))
    )
    if learned <= points:
        return RiskModel(
            f"points {version}",
            reviews,
            f"the learned order finds serious faults no better than rule points do ({learned:.2f} and {points:.2f} of "
            "the area under the curve, on calls not learned from)",
        )
    final = _logistic(x, training.serious, np.ones(reviews), best)
    calibration = _logistic(odds[lane, None], training.serious[lane], training.weight[lane], 1e6)
    return RiskModel(
        version=version,
        reviews=reviews,
        names=training.calls.names,
        means=_rounded(means),
        scales=_rounded(scales),
        coefficients=_rounded(np.where(varied, final.coef_[0], 0.0)),
        intercept=round(float(final.intercept_[0]), 9),
        slope=round(max(float(calibration.coef_[0, 0]), 0.0), 9),
        offset=round(float(calibration.intercept_[0]), 9),
    )


def area_under_curve(ranking: Floats, serious: Bools, weight: Floats) -> float:
    """The chance that a serious call ranks above another one, weighted, ties half; .5 where all are of one kind."""
    order = np.argsort(ranking, kind="stable")
    ranked, bad = ranking[order], np.where(serious[order], weight[order], 0.0)
    good = weight[order] - bad
    _, start = np.unique(ranked, return_index=True)
    bad, good = np.add.reduceat(bad, start), np.add.reduceat(good, start)
    total = float(bad.sum() * good.sum())
    if total <= 0:
        return 0.5
    return float((bad * (good.cumsum() - good / 2)).sum()) / total


def _held_out(x: Floats, serious: Bools, fold: Ints, strength: float) -> Floats:
    """Log odds of each call by a model that has not seen it."""
    odds = np.zeros(serious.size)
    for number in range(FOLDS):
        test = fold == number
        if not test.any():
            continue
        if not _both(serious[~test]):
            odds[test] = logit(np.clip(serious.mean(), EDGE, 1 - EDGE))
            continue
        odds[test] = _logistic(x[~test], serious[~test], np.ones(int((~test).sum())), strength).decision_function(
            x[test]
        )
    return odds


def _logistic(x: Floats, serious: Bools, weight: Floats, strength: float) -> LogisticRegression:
    # Only learning needs the library, which takes a second to load; every night's draw asks for risks.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=2000).fit(x, serious, sample_weight=weight / weight.mean())


def _log_loss(serious: Bools, odds: Floats) -> float:
    return float(np.logaddexp(0.0, np.where(serious, -odds, odds)).mean())


def _both(serious: Bools) -> bool:
    return bool(serious.any() and not serious.all())


def _rounded(values: Floats) -> tuple[float, ...]:
    """Nine decimals: the same on machines whose last bit differs."""
    return tuple(round(float(value), 9) for value in values)


def _digest(training: Reviewed) -> str:
    """What was learned from, whatever the order of the calls."""
    rows = sorted(
        json.dumps([name, *map(float, row), bool(bad), float(weight), bool(random)])
        for name, row, bad, weight, random in zip(
            training.calls.ids, training.calls.table, training.serious, training.weight, training.random, strict=True
        )
    )
    text = "\n".join([*training.calls.names, *rows])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _check(reviewed: Reviewed) -> None:
    calls = reviewed.calls
    rows = {len(calls.ids), calls.points.size, calls.table.shape[0]}
    rows |= {reviewed.serious.size, reviewed.weight.size, reviewed.random.size}
    if len(rows) != 1 or calls.table.ndim != 2 or calls.table.shape[1] != len(calls.names):
        raise StatisticsError("risk: arrays differ in length; expected one row, label and weight for each call.")
    if not (np.isfinite(calls.table).all() and np.isfinite(reviewed.weight).all() and (reviewed.weight > 0).all()):
        raise StatisticsError("risk: a feature or weight is no finite number; expected numbers, and weights above 0.")


@dataclass(frozen=True, slots=True)
class Caught:
    """What hearing the riskiest ``share`` of all calls catches: of the serious ones by this ranking and by points."""

    share: float
    caught: float
    caught_by_points: float
    lift: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Calls of like predicted risk: the mean prediction and how many people found serious, weighted."""

    reviews: int
    predicted: float
    found: float


@dataclass(frozen=True, slots=True)
class RiskReport:
    """How a ranking does on random reviews that it was not learned from.

    ``missed`` are reviewed calls with a serious fault that the ranking would leave to chance, the worst placed first;
    ``serious`` is the share of all calls with one. ``brier`` is the mean square error of the chances, ``brier_of_none``
    that of giving every call the average; None where the ranking is by points.
    """

    version: str
    reviews: int
    serious: float
    area: float
    area_by_points: float
    caught: tuple[Caught, ...]
    calibration: tuple[CalibrationBin, ...]
    brier: float | None
    brier_of_none: float | None
    missed: tuple[str, ...]


SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
BINS = 5


def report(
    model: RiskModel, test: Reviewed, *, shares: Sequence[float] = SHARES, missed_at: float = 0.05
) -> RiskReport:
    """What the ranking would have caught, whether its chances come true, and what it would have missed.

    Only random reviews speak of all calls; the others are left out.

    Args:
        model: the ranking.
        test: reviews of a month that it was not learned from.
        shares: of all calls, heard by rank.
        missed_at: the share for which missed calls are named.

    Raises:
        StatisticsError: no random review, or arrays that do not fit.
    """
    _check(test)
    lane = test.random
    if not lane.any():
        raise StatisticsError("risk: there is no review of the random lane; expected some to test the ranking on.")
    risk, points = model.risk(test.calls)[lane], risk_by_points(test.calls.points)[lane]
    serious, weight = test.serious[lane], test.weight[lane]
    ids = [name for name, kept in zip(test.calls.ids, lane, strict=True) if kept]
    rate = float(np.average(serious, weights=weight))
    found = []
    for share in shares:
        mine, theirs = (_caught(ranking, serious, weight, share) for ranking in (risk, points))
        found.append(Caught(share, mine, theirs, mine / share))
    heard = _heard(risk, weight, missed_at)
    left = np.flatnonzero(serious & (heard <= 0))
    left = left[np.argsort(risk[left], kind="stable")]
    return RiskReport(
        version=model.version,
        reviews=int(lane.sum()),
        serious=rate,
        area=area_under_curve(risk, serious, weight),
        area_by_points=area_under_curve(points, serious, weight),
        caught=tuple(found),
        calibration=_calibration(risk, serious, weight) if model.learned else (),
        brier=float(np.average((risk - serious) ** 2, weights=weight)) if model.learned else None,
        brier_of_none=rate * (1 - rate) if model.learned else None,
        missed=tuple(ids[row] for row in left),
    )


def _heard(ranking: Floats, weight: Floats, share: float) -> Floats:
    """How much of each call is heard when the riskiest share of all calls is; ties are heard in part, all alike."""
    values, group = np.unique(-ranking, return_inverse=True)
    sizes = np.bincount(group, weights=weight, minlength=values.size)
    before = sizes.cumsum() - sizes
    part = np.clip((share * weight.sum() - before) / sizes, 0.0, 1.0)
    heard: Floats = part[group]
    return heard


def _caught(ranking: Floats, serious: Bools, weight: Floats, share: float) -> float:
    total = float(weight[serious].sum())
    if total <= 0:
        return 0.0
    return float((_heard(ranking, weight, share) * weight)[serious].sum()) / total


def _calibration(risk: Floats, serious: Bools, weight: Floats) -> tuple[CalibrationBin, ...]:
    """Bins of about equally many reviews, equal risks never parted."""
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(edges, risk, side="right")
    return tuple(
        CalibrationBin(
            reviews=int(rows.sum()),
            predicted=float(np.average(risk[rows], weights=weight[rows])),
            found=float(np.average(serious[rows], weights=weight[rows])),
        )
        for number in np.unique(place)
        for rows in [place == number]
    )
