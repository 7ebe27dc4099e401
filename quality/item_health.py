"""Which items make the scores what they are, which no longer do anything, and what changing their weights would do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from pipeline.errors import StatisticsError
from quality.draw import Floats, Integers
from quality.intervals import Counts, effective_counts, upper_bound

GARBAGE_RATE = 0.005
"""An item that fails on fewer calls than this, with 95 % confidence, no longer tells calls apart."""

GARBAGE_VARIANCE = 0.005

WHOLE = 100.0
"""Full marks."""


@dataclass(frozen=True, slots=True)
class ItemHealth:
    """One item of the score sheet over the reviewed calls.

    Attributes:
        item: the item (rule id).
        reviews: reviews that judged it, and the effective number of them.
        fails: reviews in which it took points.
        rate: weighted share of calls on which it takes points.
        rate_high: one-sided 95 % upper bound of that.
        of_count, of_points, of_variance: its shares of all deductions, of all points taken, and of the variance of
            the total; the last adds up to 1 and may be negative. None where there are no deductions at all.
        fatal: whether it takes all points; such items are better shown as a rate of their own.
        compliance: whether it must stay whatever the figures say.
        proposal: ``warning`` for an item that no longer tells calls apart, else None; ``reason`` in a sentence.
    """

    item: str
    reviews: int
    effective: float
    fails: int
    rate: float | None
    rate_high: float
    of_count: float | None
    of_points: float | None
    of_variance: float | None
    fatal: bool
    compliance: bool
    proposal: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class WeightChange:
    """Another number of points for an item: ``factor`` multiplies what it takes off."""

    item: str
    factor: float
    reason: str


@dataclass(frozen=True, slots=True)
class AgentChange:
    """One agent's mean score before and after a change, and whether it crosses the line."""

    agent_id: str
    calls: int
    before: float
    after: float
    crosses: bool


@dataclass(frozen=True, slots=True)
class WeightProposal:
    """A versioned proposal with what it would have done to the calls of a period.

    ``rank_correlation`` is Spearman's between agents' means before and after; None below three agents, or where all
    are equal.
    """

    version: str
    changes: tuple[WeightChange, ...]
    calls: int
    mean_before: float
    mean_after: float
    rank_correlation: float | None
    line: float
    agents: tuple[AgentChange, ...]

    @property
    def crossing(self) -> tuple[AgentChange, ...]:
        """The agents who would cross the line."""
        return tuple(agent for agent in self.agents if agent.crosses)


def item_health(
    items: Sequence[str],
    points: Floats,
    weights: Floats,
    *,
    fatal: Collection[str] = (),
    compliance: Collection[str] = (),
) -> list[ItemHealth]:
    """The health of each item, the greatest share of points first.

    Args:
        items: the items.
        points: points taken off, one row for each reviewed call and one column for each item; NaN where not judged.
        weights: 1 / inclusion probability of each call.
        fatal: items that take all points.
        compliance: items that are never proposed for retirement, such as what law or contract demands.

    Raises:
        StatisticsError: shapes differ, there are no reviews, or points are negative.
    """
    if points.ndim != 2 or points.shape != (len(weights), len(items)):
        raise StatisticsError(
            f"points have shape {points.shape}; expected {len(weights)} reviews of {len(items)} items."
        )
    if not len(weights) or not items:
        raise StatisticsError("there are no reviews with items; expected at least one. Review calls first.")
    if np.nanmin(np.where(np.isnan(points), 0.0, points)) < 0:
        raise StatisticsError("an item has negative points taken off; expected 0 or more.")
    effective_counts(np.zeros(len(weights), dtype=np.bool_), weights)
    taken = np.nan_to_num(points)
    counts = (weights[:, None] * (taken > 0)).sum(axis=0)
    sums = (weights[:, None] * taken).sum(axis=0)
    variance = _variance_shares(taken, weights)
    found = []
    for column, item in enumerate(items):
        judged = ~np.isnan(points[:, column])
        fails = effective_counts(points[judged, column] > 0, weights[judged])
        of_variance = None if variance is None else float(variance[column])
        high = upper_bound(fails)
        proposal, reason = _proposal(fails, high, of_variance, item in compliance or item in fatal)
        found.append(
            ItemHealth(
                item=item,
                reviews=int(judged.sum()),
                effective=fails.n,
                fails=int((points[judged, column] > 0).sum()),
                rate=fails.share,
                rate_high=high,
                of_count=float(counts[column] / counts.sum()) if counts.sum() > 0 else None,
                of_points=float(sums[column] / sums.sum()) if sums.sum() > 0 else None,
                of_variance=of_variance,
                fatal=item in fatal,
                compliance=item in compliance,
                proposal=proposal,
                reason=reason,
            )
        )
    return sorted(found, key=lambda one: (-(one.of_points or 0.0), one.item))


def cumulated(found: Sequence[ItemHealth], share: str) -> list[tuple[str, float]]:
    """The Pareto line of one of the shares ``of_count``, ``of_points``, ``of_variance``: items and running sums."""
    ranked = sorted(found, key=lambda one: (-(getattr(one, share) or 0.0), one.item))
    sums = np.cumsum([getattr(one, share) or 0.0 for one in ranked])
    return [(one.item, float(total)) for one, total in zip(ranked, sums, strict=True)]


def propose_weights(
    items: Sequence[str],
    points: Floats,
    fatal: npt.NDArray[np.bool_],
    agents: Integers,
    agent_ids: Sequence[str],
    changes: Sequence[WeightChange],
    *,
    line: float,
    basis: Mapping[str, str] | None = None,
) -> WeightProposal:
    """Try other weights on calls that were scored: what would agents' means and their order have been?

    Args:
        items: the items.
        points: points taken off, one row for each call and one column for each item; NaN counts as 0.
        fatal: calls whose total is 0 whatever the items say.
        agents: index into ``agent_ids`` for each call.
        agent_ids: the agents.
        changes: what to change.
        line: the pass mark.
        basis: what the proposal rests on (rulebook and version, period), part of its version.

    Raises:
        StatisticsError: there are no calls, an item is unknown or changed twice, or a factor is negative.
    """
    if not len(points):
        raise StatisticsError("there are no scored calls to try the weights on; expected at least one.")
    named = [change.item for change in changes]
    for change in changes:
        if change.item not in items or named.count(change.item) > 1:
            raise StatisticsError(
                f"item {change.item!r} is unknown or changed twice; expected each once, of {', '.join(sorted(items))}."
            )
        if not (np.isfinite(change.factor) and change.factor >= 0):
            raise StatisticsError(f"item {change.item}: the factor is {change.factor:g}; expected 0 or more.")
    factors = np.ones(len(items))
    for change in changes:
        factors[list(items).index(change.item)] = change.factor
    taken = np.nan_to_num(points)
    before = np.where(fatal, 0.0, np.clip(WHOLE - taken.sum(axis=1), 0.0, None))
    after = np.where(fatal, 0.0, np.clip(WHOLE - (taken * factors).sum(axis=1), 0.0, None))
    calls = np.bincount(agents, minlength=len(agent_ids))
    seen = np.flatnonzero(calls)
    means = [np.bincount(agents, totals, minlength=len(agent_ids))[seen] / calls[seen] for totals in (before, after)]
    order = None
    if seen.size >= 3 and all(np.ptp(mean) > 0 for mean in means):
        order = float(stats.spearmanr(means[0], means[1]).statistic)
    changed = tuple(
        AgentChange(
            agent_ids[int(code)], int(calls[code]), float(old), float(new), bool((old >= line) != (new >= line))
        )
        for code, old, new in zip(seen, means[0], means[1], strict=True)
    )
    content = {
        "basis": dict(basis or {}),
        "changes": sorted([change.item, change.factor] for change in changes),
        "line": line,
    }
    return WeightProposal(
        version=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12],
        changes=tuple(changes),
        calls=len(points),
        mean_before=float(before.mean()),
        mean_after=float(after.mean()),
        rank_correlation=order,
        line=line,
        agents=changed,
    )


def proposed_changes(found: Sequence[ItemHealth]) -> list[WeightChange]:
    """The changes that the items' health itself suggests: those that no longer tell calls apart become warnings."""
    return [WeightChange(one.item, 0.0, one.reason) for one in found if one.proposal == "warning"]


def _variance_shares(taken: Floats, weights: Floats) -> Floats | None:
    """Cov(item, total) / Var(total), weighted; None where totals do not vary."""
    share = weights / weights.sum()
    centred = taken - share @ taken
    total = centred.sum(axis=1)
    variance = float(share @ total**2)
    if variance <= 1e-12:
        return None
    result: Floats = (share * total) @ centred / variance
    return result


def _proposal(fails: Counts, high: float, of_variance: float | None, stays: bool) -> tuple[str | None, str]:
    if fails.n <= 0:
        return None, "not judged in any review"
    if high >= GARBAGE_RATE:
        if fails.yes == 0:
            return None, f"no failure seen, but {fails.n:.0f} reviews still allow {high:.2%} of calls"
        return None, "tells calls apart"
    if of_variance is not None and of_variance >= GARBAGE_VARIANCE:
        return None, f"rare (below {high:.2%} of calls) but {of_variance:.1%} of the variance"
    if stays:
        return None, f"fails on less than {high:.2%} of calls; stays, as a compliance or fatal item"
    return "warning", f"fails on less than {high:.2%} of calls and moves no score: make it a warning, or retire it"
