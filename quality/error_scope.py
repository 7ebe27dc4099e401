"""Is an error one agent's, one group's, or everybody's: train a person, talk to a team leader, or change the process.

Three questions for each item, each on what the one before left: does an agent stand out from own group and from the
rest; does a group stand out from the others; is what remains above the target. The widest level is the answer, the
narrower ones are listed beside it. False discoveries are held at 10 % within each question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pipeline.errors import StatisticsError
from quality.draw import Floats, Integers
from quality.intervals import Counts, tail_at_least

FALSE_DISCOVERY_RATE = 0.1

UNIVERSAL_FACTOR = 1.5
"""What remains counts as everybody's error from this multiple of the target on."""

MARGIN_FROM = 100
"""Reviews of an agent from which on the normal spread between people would be found significant; from there agents
and groups are compared with a rate whose odds are this much higher:"""
ODDS_MARGIN = 1.5

LEAST_REVIEWS = 30
"""Reviews of an agent in a quarter below which individual labels find too few (38 % at ten, 85 % at thirty)."""

FUNNEL_SHARES = (0.95, 0.998)
WINSORISED = 0.1


class Scope(StrEnum):
    """How wide an error is."""

    NONE = "none"
    INDIVIDUAL = "individual"
    GROUP = "group"
    UNIVERSAL = "universal"


@dataclass(frozen=True, slots=True)
class Unit:
    """One agent (or group) that stands out: its rate, what it was compared with, and how surely."""

    name: str
    reviews: float
    rate: float
    compared_with: float
    p_value: float
    q_value: float


@dataclass(frozen=True, slots=True)
class ErrorScope:
    """The answer for one item.

    Attributes:
        item: the item (rule id).
        scope: the widest level found.
        agents: agents who stand out.
        groups: groups that stand out once those agents are left out.
        rate: share of calls with the error over everybody.
        remaining_rate: the same without those agents and groups; None when nobody remains.
        target: the rate that is accepted.
        enough: whether at least half the agents have ``LEAST_REVIEWS``; else an individual error is easily missed.
    """

    item: str
    scope: Scope
    agents: tuple[Unit, ...]
    groups: tuple[Unit, ...]
    rate: float
    remaining_rate: float | None
    target: float
    enough: bool


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One agent in the funnel: size, rate, and the limits at that size."""

    name: str
    group: str
    reviews: float
    rate: float
    low_95: float
    high_95: float
    low_998: float
    high_998: float


@dataclass(frozen=True, slots=True)
class Funnel:
    """Data for a funnel plot: the centre, the spread beyond chance (additive), and a point for each agent."""

    item: str
    centre: float
    spread: float
    points: tuple[FunnelPoint, ...]


def error_scope(
    item: str,
    agent_ids: Sequence[str],
    groups: Sequence[str],
    fails: Floats,
    reviews: Floats,
    *,
    target: float,
) -> ErrorScope:
    """The scope of one error.

    Args:
        item: the item.
        agent_ids: the agents.
        groups: the group of each.
        fails: reviews with the error for each agent; effective counts of weighted samples need not be whole.
        reviews: reviews of each agent; 0 where there are none.
        target: the rate that is accepted, more than 0 and less than 1.

    Raises:
        StatisticsError: columns differ in length, counts contradict each other, or nobody was reviewed.
    """
    _check(item, agent_ids, groups, fails, reviews, target)
    codes = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)[1]
    present = reviews > 0
    agents, alone = _individuals(agent_ids, codes, fails, reviews, present)
    left = present & ~alone
    names = sorted(set(groups))
    units, apart = _groups(names, codes, fails, reviews, left)
    left &= ~apart[codes]
    remaining = float(fails[left].sum() / reviews[left].sum()) if left.any() else None
    universal = False
    if remaining is not None and remaining > UNIVERSAL_FACTOR * target:
        universal = tail_at_least(Counts(float(fails[left].sum()), float(reviews[left].sum())), target) < 0.05
    scope = Scope.UNIVERSAL if universal else Scope.GROUP if units else Scope.INDIVIDUAL if agents else Scope.NONE
    return ErrorScope(
        item=item,
        scope=scope,
        agents=tuple(agents),
        groups=tuple(units),
        rate=float(fails.sum() / reviews.sum()),
        remaining_rate=remaining,
        target=target,
        enough=bool(np.median(reviews[present]) >= LEAST_REVIEWS),
    )


def funnel(item: str, agent_ids: Sequence[str], groups: Sequence[str], fails: Floats, reviews: Floats) -> Funnel:
    """Funnel limits with additive overdispersion (Spiegelhalter, Qual Saf Health Care 14, 2005, and Stat Med 24).

    The spread between agents beyond chance widens the limits, so that half the centre is not accused of what is the
    normal difference between people. It is estimated with the outer tenths of the z values drawn in, so that one
    outlier does not hide itself.

    Raises:
        StatisticsError: as ``error_scope``.
    """
    _check(item, agent_ids, groups, fails, reviews, 0.5)
    present = np.flatnonzero(reviews > 0)
    n, rates = reviews[present], fails[present] / reviews[present]
    centre = float(fails[present].sum() / n.sum())
    chance = centre * (1 - centre) / n
    spread = 0.0
    if centre not in (0.0, 1.0) and len(n) > 1:
        z = (rates - centre) / np.sqrt(chance)
        z = np.clip(z, *np.quantile(z, (WINSORISED, 1 - WINSORISED)))
        weights = 1 / chance
        excess = float((z**2).sum()) - (len(n) - 1)
        spread = max(0.0, excess / float(weights.sum() - (weights**2).sum() / weights.sum()))
    points = []
    for row, size, rate in zip(present, n, rates, strict=True):
        limits = funnel_limits(centre, float(np.sqrt(spread)), float(size))
        points.append(
            FunnelPoint(agent_ids[int(row)], groups[int(row)], float(size), float(rate), *limits[0], *limits[1])
        )
    return Funnel(item, centre, float(np.sqrt(spread)), tuple(points))


def funnel_limits(centre: float, spread: float, reviews: float) -> tuple[tuple[float, float], ...]:
    """Low and high limit of each of ``FUNNEL_SHARES`` for an agent of so many reviews.

    Args:
        centre: the rate over everybody.
        spread: standard deviation between agents beyond chance (``Funnel.spread``).
        reviews: more than 0.
    """
    error = float(np.sqrt(centre * (1 - centre) / reviews + spread**2))
    widths = [float(stats.norm.ppf(0.5 + share / 2)) * error for share in FUNNEL_SHARES]
    return tuple((max(0.0, centre - width), min(1.0, centre + width)) for width in widths)


def _individuals(
    agent_ids: Sequence[str], codes: Integers, fails: Floats, reviews: Floats, present: np.ndarray
) -> tuple[list[Unit], np.ndarray]:
    group_fails = np.bincount(codes, fails)[codes]
    group_reviews = np.bincount(codes, reviews)[codes]
    found: list[tuple[int, float, float]] = []
    for row in np.flatnonzero(present).tolist():
        own = _rate_without(group_fails[row], group_reviews[row], fails[row], reviews[row])
        rest = _rate_without(fails.sum(), reviews.sum(), fails[row], reviews[row])
        if own is None and rest is None:
            continue
        # The larger rate: an agent of a bad group is not alone, nor is one of a bad centre.
        against = max(rate for rate in (own, rest) if rate is not None)
        margin = _with_margin(against, reviews[row])
        found.append((row, against, tail_at_least(Counts(float(fails[row]), float(reviews[row])), margin)))
    alone = np.zeros(len(agent_ids), dtype=np.bool_)
    units = []
    for (row, against, p_value), (unusual, q_value) in zip(found, _controlled([one[2] for one in found]), strict=True):
        if unusual:
            alone[row] = True
            rate = float(fails[row] / reviews[row])
            units.append(Unit(agent_ids[row], float(reviews[row]), rate, against, p_value, q_value))
    return sorted(units, key=lambda unit: unit.p_value), alone


def _groups(
    names: Sequence[str], codes: Integers, fails: Floats, reviews: Floats, left: np.ndarray
) -> tuple[list[Unit], np.ndarray]:
    apart = np.zeros(len(names), dtype=np.bool_)
    kept = np.flatnonzero(left)
    count = len(names)
    group_fails = np.bincount(codes[kept], fails[kept], minlength=count)
    group_reviews = np.bincount(codes[kept], reviews[kept], minlength=count)
    members = np.bincount(codes[kept], minlength=count)
    present = np.flatnonzero(group_reviews > 0)
    freedom = int(members[present].sum() - present.size)
    if present.size < 2 or freedom < 1:
        return [], apart
    # Spread between agents of a group beyond chance; a group's mean rests on its agents, not on its calls alone.
    rates = (group_fails[codes[kept]] + 0.5) / (group_reviews[codes[kept]] + 1)
    expected = rates * reviews[kept]
    pearson = float(((fails[kept] - expected) ** 2 / (expected * (1 - rates))).sum())
    dispersion = max(1.0, pearson / freedom)
    tests = []
    for group in present.tolist():
        others = [other for other in present if other != group]
        own_n, rest_n = float(group_reviews[group]), float(group_reviews[others].sum())
        own, rest = float(group_fails[group]) / own_n, float(group_fails[others].sum()) / rest_n
        margin = _with_margin(rest, float(np.median(reviews[kept])))
        pooled = (float(group_fails[group]) + margin * rest_n + 0.5) / (own_n + rest_n + 1)
        error = np.sqrt(dispersion * pooled * (1 - pooled) * (1 / own_n + 1 / rest_n))
        tests.append((group, own, rest, float(stats.t.sf((own - margin) / error, freedom))))
    units = []
    for (group, own, rest, p_value), (unusual, q_value) in zip(tests, _controlled([t[3] for t in tests]), strict=True):
        if unusual:
            apart[group] = True
            units.append(Unit(names[group], float(group_reviews[group]), own, rest, p_value, q_value))
    return sorted(units, key=lambda unit: unit.p_value), apart


def _with_margin(rate: float, reviews: float) -> float:
    if reviews < MARGIN_FROM or not 0 < rate < 1:
        return rate
    odds = ODDS_MARGIN * rate / (1 - rate)
    return odds / (1 + odds)


def _rate_without(fails: float, reviews: float, own_fails: float, own_reviews: float) -> float | None:
    rest = reviews - own_reviews
    if rest <= 1e-9:
        return None
    # With none seen the rate is small, not nothing, and one failure proves no difference.
    return float(max(fails - own_fails, 0.5) / rest)


def _controlled(p_values: Sequence[float]) -> list[tuple[bool, float]]:
    if not p_values:
        return []
    unusual, q_values, _, _ = multipletests(p_values, alpha=FALSE_DISCOVERY_RATE, method="fdr_bh")
    return list(zip(unusual.tolist(), q_values.tolist(), strict=True))


def _check(
    item: str, agent_ids: Sequence[str], groups: Sequence[str], fails: Floats, reviews: Floats, target: float
) -> None:
    if not (len(agent_ids) == len(groups) == len(fails) == len(reviews)):
        raise StatisticsError(f"item {item}: the columns differ in length; expected one entry for each agent.")
    if not (np.isfinite(fails).all() and np.isfinite(reviews).all()):
        raise StatisticsError(f"item {item}: a count is not a number; expected counts of 0 or more.")
    if len(fails) and (fails.min() < 0 or (fails > reviews + 1e-9).any()):
        raise StatisticsError(f"item {item}: an agent has more failures than reviews, or fewer than none.")
    if not reviews.sum() > 0:
        raise StatisticsError(f"item {item}: no call was reviewed; expected at least one. Review calls first.")
    if not 0 < target < 1:
        raise StatisticsError(f"item {item}: the target is {target:g}; expected a share between 0 and 1, such as 0.05.")
