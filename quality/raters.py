"""Is a rater stricter than others, has a rater changed, are the scores spread differently: with the machine as anchor.

Raters hear different calls, so their plain means differ by luck and by whose calls they hear. The machine has scored
every call alike: what is left of the human score beyond it is compared instead. That takes the machine for unbiased
between teams; thirty calls scored across teams show whether it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from pipeline.errors import StatisticsError
from quality import checks
from quality.agent_month import Bools, Floats, Ints
from quality.compare import benjamini_hochberg

ALLOWANCE, LIMIT = 0.5, 5.0
"""Of the CUSUM: k and h in standard deviations; without any drift it signals once in about 460 reviews."""

MIN_FOR_SPREAD = 200
"""Reviews of a rater below which the spread of scores is not compared: two equal raters then differ by chance."""

PERMUTATIONS = 999

MIN_REFERENCE = 100
"""Earlier reviews that it takes to know what is usual; else all reviews stand for them."""

SCORE_EDGES = (60.0, 80.0, 90.0, 95.0, 100.0)


@dataclass(frozen=True, slots=True)
class Severity:
    """How many points a rater takes off beyond the others on like calls; below 0 is lenient.

    ``raw`` is the difference of plain means, for comparison; ``severity`` is drawn towards 0 by as much as it is
    uncertain; ``stands_out`` from the raters' median, with 10 % false discoveries at most.
    """

    rater: int
    reviews: int
    raw: float
    severity: float
    low: float
    high: float
    p_value: float
    stands_out: bool


@dataclass(frozen=True, slots=True)
class SeverityReport:
    """All raters; ``slope`` of the human on the machine's score, ``rater_sd`` how raters differ, ``residual_sd``."""

    raters: tuple[Severity, ...]
    residuals: Floats
    slope: float
    rater_sd: float
    residual_sd: float


@dataclass(frozen=True, slots=True)
class Drift:
    """A CUSUM over one rater's reviews in order: the first signal's place (from 0), and which way; both None: none."""

    signal: int | None
    stricter: bool | None
    highest: float


@dataclass(frozen=True, slots=True)
class Spread:
    """One rater's scores against all others' on like calls; ``p_value`` None where there are too few reviews."""

    rater: int
    reviews: int
    shares: tuple[float, ...]
    expected: tuple[float, ...]
    p_value: float | None
    differs: bool


def severity(rater: Ints, human: Floats, machine: Floats, group: Ints, group_machine: Floats) -> SeverityReport:
    """Each rater's severity, anchored on the machine's score.

    A call's residual is ``y - M - lambda (m - M)`` with M the mean machine score of all calls of the team: lambda, the
    slope within teams and raters, is flattened by the machine's noise on single calls, the team's mean is not. Raters
    are random effects round 0, variances by restricted likelihood.

    Args:
        rater: who scored, one element a review.
        human: the score given.
        machine: the machine's.
        group: the team of the call's agent, as an index into ``group_machine``.
        group_machine: mean machine score of all calls of each team.

    Raises:
        StatisticsError: arrays that do not fit, numbers that are none, or fewer than two raters.
    """
    y, m = checks.values("severity, human", human), checks.values("severity, machine", machine)
    anchors = checks.values("severity, group_machine", group_machine)
    names, who = np.unique(rater, return_inverse=True)
    if not rater.size == y.size == m.size == group.size or names.size < 2 or y.size <= names.size + 1:
        raise StatisticsError(
            f"severity: {y.size} scores by {names.size} raters; expected several scores of calls with a machine score "
            "by each of at least 2 raters."
        )
    anchor = anchors[group]
    slope = _within_slope(m, y, np.unique(who * (anchors.size + 1) + group, return_inverse=True)[1])
    residuals = y - anchor - slope * (m - anchor)
    counts = np.bincount(who)
    means = np.bincount(who, weights=residuals) / counts
    within = float(((residuals - means[who]) ** 2).sum())
    rater_variance, error = _random_effects(means, counts, within)
    weight = 1 / (rater_variance + error / counts)
    middle = float((weight * means).sum() / weight.sum())
    shrink = rater_variance / (rater_variance + error / counts)
    effect = shrink * (means - middle)
    # Henderson's variance of prediction, the mean's own uncertainty included.
    spread = np.sqrt(rater_variance * (1 - shrink) + (1 - shrink) ** 2 / weight.sum())
    df = max(1, y.size - names.size)
    # Whether a rater differs at all is asked of the unshrunken difference from the raters' median, which one strict
    # rater does not move; its variance is that of a mean times pi / 2.
    plain_error = np.sqrt(error / counts + np.pi / 2 * error / y.size)
    p_values = 2 * stats.t.sf(np.abs(means - np.median(means)) / np.maximum(plain_error, 1e-12), df)
    out = benjamini_hochberg(p_values)
    half = float(stats.t.ppf(0.975, df)) * spread
    raw = float(y.mean()) - np.bincount(who, weights=y) / counts
    return SeverityReport(
        raters=tuple(
            Severity(
                rater=int(names[i]),
                reviews=int(counts[i]),
                raw=float(raw[i]),
                severity=float(-effect[i]),
                low=float(-effect[i] - half[i]),
                high=float(-effect[i] + half[i]),
                p_value=float(p_values[i]),
                stands_out=bool(out[i]),
            )
            for i in range(names.size)
        ),
        residuals=residuals,
        slope=slope,
        rater_sd=float(np.sqrt(rater_variance)),
        residual_sd=float(np.sqrt(error)),
    )


def drift_scores(rater: Ints, residuals: Floats, now: Bools) -> Floats:
    """Residuals of the present as standard scores round what is usual of each rater, elsewhere what was before.

    Residuals are first taken as places in the distribution of all earlier ones (on the normal scale), so that the long
    tail of bad calls sounds no alarm. From them goes what is usual of the rater, drawn towards 0 where few reviews show
    it, and what the middle one of the raters has moved by, for then it is the calls or the machine that have changed.

    Args:
        rater: who scored, one element a review.
        residuals: as ``severity`` gives them.
        now: the reviews in which drift is looked for; the others are what is usual.

    Returns:
        A score for each review where ``now`` holds, in the same order.
    """
    earlier = ~now if (~now).sum() >= MIN_REFERENCE else np.ones(now.size, dtype=np.bool_)
    ordered = np.sort(checks.values("drift, earlier residuals", residuals[earlier]))
    places = np.searchsorted(ordered, residuals, side="left") + np.searchsorted(ordered, residuals, side="right")
    scores = stats.norm.ppf((places / 2 + 0.5) / (ordered.size + 1))
    spread = max(float(scores[earlier].std()), 1e-6)
    usual = {name: _usual(scores[earlier & (rater == name)]) for name in np.unique(rater)}
    beyond = scores - np.array([usual[name] for name in rater])
    shifts = [float(beyond[mine].mean()) for name in usual if (mine := now & (rater == name)).any()]
    drifted: Floats = (beyond[now] - (float(np.median(shifts)) if shifts else 0.0)) / spread
    return drifted


def _usual(scores: Floats) -> float:
    """A mean drawn towards 0; raters are taken to differ by a third of the spread of single reviews."""
    if not scores.size:
        return 0.0
    return float(scores.mean()) * scores.size / (scores.size + 9.0)


def cusum(scores: Floats) -> Drift:
    """Two-sided CUSUM of standard scores in the order of the reviews (Page 1954); below 0 is stricter."""
    lenient = strict = highest = 0.0
    for place, score in enumerate(checks.values("CUSUM", scores, at_least=0)):
        lenient = max(0.0, lenient + float(score) - ALLOWANCE)
        strict = max(0.0, strict - float(score) - ALLOWANCE)
        highest = max(highest, lenient, strict)
        if highest > LIMIT:
            return Drift(place, strict > lenient, highest)
    return Drift(None, None, highest)


def spreads(rater: Ints, human: Floats, machine_bin: Ints, *, seed: int = 0) -> tuple[Spread, ...]:
    """Compare each rater's spread of scores with all others', like calls with like.

    Chi square of the score classes, with p by exchanging the raters among calls of the same machine class; with fewer
    than 200 reviews none is given, for the chart of two equal raters then differs in most months.

    Raises:
        StatisticsError: arrays of different lengths, or a score that is none.
    """
    scores = checks.values("spread, human", human)
    names, who = np.unique(rater, return_inverse=True)
    if not rater.size == scores.size == machine_bin.size:
        raise StatisticsError(
            f"spread: {rater.size} raters, {scores.size} scores, {machine_bin.size} machine classes; expected one of "
            "each for every review."
        )
    order = np.argsort(machine_bin, kind="stable")
    who, scores = who[order], scores[order]
    stratum = np.unique(machine_bin[order], return_inverse=True)[1]
    _, classes = np.unique(np.digitize(scores, SCORE_EDGES), return_inverse=True)
    kinds = int(classes.max()) + 1
    counts = np.bincount(who, minlength=names.size)
    expected = _expected(who, stratum, classes, names.size, kinds)
    statistic = _chi_square(who, classes, expected)
    random = np.random.default_rng(seed)
    as_large = np.zeros(names.size)
    if counts.max() >= MIN_FOR_SPREAD:
        for _ in range(PERMUTATIONS):
            keys = np.lexsort((random.random(who.size), stratum))
            as_large += _chi_square(who[keys], classes, expected) >= statistic - 1e-9
    p_values = (1 + as_large) / (1 + PERMUTATIONS)
    enough = counts >= MIN_FOR_SPREAD
    found = np.zeros(names.size, dtype=np.bool_)
    found[enough] = benjamini_hochberg(p_values[enough])
    table = np.zeros((names.size, kinds))
    np.add.at(table, (who, classes), 1.0)
    return tuple(
        Spread(
            rater=int(names[i]),
            reviews=int(counts[i]),
            shares=tuple((table[i] / counts[i]).tolist()),
            expected=tuple((expected[i] / counts[i]).tolist()),
            p_value=float(p_values[i]) if enough[i] else None,
            differs=bool(found[i]),
        )
        for i in range(names.size)
    )


def _expected(who: Ints, stratum: Ints, classes: Ints, raters: int, kinds: int) -> Floats:
    """Numbers of each class that each rater's own mix of machine classes makes likely."""
    strata = int(stratum.max()) + 1
    of_rater, of_class = np.zeros((raters, strata)), np.zeros((strata, kinds))
    np.add.at(of_rater, (who, stratum), 1.0)
    np.add.at(of_class, (stratum, classes), 1.0)
    expected: Floats = of_rater @ (of_class / of_class.sum(axis=1, keepdims=True))
    return expected


def _chi_square(who: Ints, classes: Ints, expected: Floats) -> Floats:
    table = np.bincount(who * expected.shape[1] + classes, minlength=expected.size).reshape(expected.shape)
    parts = (table - expected) ** 2 / np.maximum(expected, 1e-9)
    return np.asarray(parts.sum(axis=1), dtype=np.float64)


def _within_slope(x: Floats, y: Floats, cell: Ints) -> float:
    """Pooled slope of y on x inside the cells, 0 where x has no spread there; never below 0."""
    counts = np.bincount(cell)
    dx = x - (np.bincount(cell, weights=x) / counts)[cell]
    dy = y - (np.bincount(cell, weights=y) / counts)[cell]
    spread = float((dx * dx).sum())
    return max(0.0, float((dx * dy).sum()) / spread) if spread > 1e-9 else 0.0


def _random_effects(means: Floats, counts: Ints, within: float) -> tuple[float, float]:
    """Variance between raters and of a single residual, by restricted likelihood of the one-way model."""
    total, raters = int(counts.sum()), counts.size
    if within <= 1e-9:
        return float(means.var(ddof=1)), 1e-9

    def parts(ratio: float) -> tuple[float, float]:
        weight = counts / (1 + ratio * counts)
        middle = float((weight * means).sum() / weight.sum())
        error = (within + float((weight * (means - middle) ** 2).sum())) / (total - 1)
        loss = (total - 1) * np.log(error) + float(np.log1p(ratio * counts).sum()) + float(np.log(weight.sum()))
        return float(loss), error

    found = optimize.minimize_scalar(lambda log: parts(float(np.exp(log)))[0], bounds=(-18, 6), method="bounded")
    ratio = float(np.exp(found.x))
    if parts(0.0)[0] <= parts(ratio)[0] or raters < 2:
        ratio = 0.0
    error = parts(ratio)[1]
    return ratio * error, error
