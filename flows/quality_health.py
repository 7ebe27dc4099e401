"""Rules, items and errors over some months: reviews from the store, weighted by how they were drawn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipeline.errors import StatisticsError
from quality.error_scope import ErrorScope, Funnel, error_scope, funnel
from quality.intervals import effective_counts
from quality.item_health import ItemHealth, WeightChange, WeightProposal, item_health, propose_weights, proposed_changes
from quality.rule_health import RuleHealth, rule_health
from quality.types import MonthCall, Review
from quality.verdicts import FindingVerdict, Verdict, adjudicated
from store.calls import calls_of_month, hits_of_month
from store.reviews import reviews_of_month
from store.verdicts import verdicts_of

NO_TEAM = "–"


@dataclass(frozen=True, slots=True)
class Heard:
    """One reviewed call with its weight: 1 / probability, times how many of its lane were picked for each heard."""

    call: MonthCall
    review: Review
    weight: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The calls that draws have passed in some months, and those of them that were picked and heard.

    ``outside`` counts reviews of calls that no draw picked: they say nothing of the others and are left out.
    """

    months: tuple[str, ...]
    calls: tuple[MonthCall, ...]
    heard: tuple[Heard, ...]
    outside: int


@dataclass(frozen=True, slots=True)
class ItemReport:
    """The items' health, and what the proposed weights would have done to the machine's scores of all calls."""

    found: tuple[ItemHealth, ...]
    proposal: WeightProposal | None


@dataclass(frozen=True, slots=True)
class ScopeReport:
    """Scope and funnel of each item; ``by`` says whether people's reviews or the machine's hits were counted."""

    by: str
    scopes: tuple[ErrorScope, ...]
    funnels: tuple[Funnel, ...]


def months_ending(month: str, count: int) -> tuple[str, ...]:
    """Some months up to and with one, the earliest first."""
    found = [month]
    while len(found) < count:
        year, number = int(found[-1][:4]), int(found[-1][5:])
        found.append((date(year, number, 1) - timedelta(days=1)).strftime("%Y-%m"))
    return tuple(reversed(found))


def sample_of(months: Sequence[str]) -> Sample:
    """What was drawn and heard in some months; of several reviews of a call the last counts."""
    calls: list[MonthCall] = []
    heard: list[Heard] = []
    outside = 0
    for month in months:
        mine = [call for call in calls_of_month(month) if call.lane is not None]
        calls.extend(mine)
        last: dict[str, tuple[MonthCall, Review]] = {}
        for item in reviews_of_month(month):
            known = last.get(item.call.recording_id)
            if known is None or known[1].submitted_at <= item.review.submitted_at:
                last[item.call.recording_id] = (item.call, item.review)
        found = [pair for pair in last.values() if pair[0].picked]
        outside += len(last) - len(found)
        picked = Counter(call.lane for call in mine if call.picked)
        answered = Counter(call.lane for call, _ in found)
        for call, review in found:
            # Picks not yet heard are taken to be like those of their lane that were.
            weight = picked[call.lane] / answered[call.lane] / (call.probability or 1.0)
            heard.append(Heard(call, review, weight))
    return Sample(tuple(months), tuple(calls), tuple(heard), outside)


def health_of_rules(sample: Sample) -> list[RuleHealth]:
    """Precision and recall of every rule that has a hit or an item in a review, in order of rule.

    Raises:
        StatisticsError: no call was drawn from.
    """
    _check(sample)
    hits = _hits(sample)
    judged = _judged(sample, hits)
    rules = sorted({rule for found in hits.values() for rule in found} | {rule for one in judged for rule in one})
    found = []
    for rule in rules:
        rows = [(item, words[rule]) for item, words in zip(sample.heard, judged, strict=True) if rule in words]
        found.append(
            rule_health(
                rule,
                len(sample.calls),
                sum(rule in of_call for of_call in hits.values()),
                np.array([rule in hits.get(item.call.recording_id, {}) for item, _ in rows], dtype=np.bool_),
                np.array([violated for _, violated in rows], dtype=np.bool_),
                np.array([item.weight for item, _ in rows]),
            )
        )
    return found


def health_of_items(
    sample: Sample,
    *,
    fatal: Collection[str],
    compliance: Collection[str],
    changes: Sequence[WeightChange] | None,
    line: float,
    basis: Mapping[str, str],
) -> ItemReport:
    """The items of the score sheet, and a proposal for their weights.

    Args:
        sample: the calls.
        fatal: items that take all points.
        compliance: items that are never proposed for retirement.
        changes: weights to try; None tries what the items' health suggests.
        line: the pass mark.
        basis: what the proposal rests on, part of its version.

    Raises:
        StatisticsError: no call with items was reviewed, or a change cannot be tried.
    """
    _check(sample)
    items = sorted({item for one in sample.heard for item in one.review.deductions})
    if not items:
        raise StatisticsError(
            f"no review of {' '.join(sample.months)} says which items took points, of calls that the draw picked; "
            f"expected columns item:RULE in `tingjian queue import-reviews`. Review calls item by item first."
        )
    points = np.full((len(sample.heard), len(items)), np.nan)
    column = {item: number for number, item in enumerate(items)}
    for row, one in enumerate(sample.heard):
        for item, taken in one.review.deductions.items():
            points[row, column[item]] = taken
    weights = np.array([one.weight for one in sample.heard])
    found = item_health(items, points, weights, fatal=fatal, compliance=compliance)
    wanted = proposed_changes(found) if changes is None else list(changes)
    return ItemReport(tuple(found), _tried(sample, wanted, line, basis) if wanted else None)


def scope_of_errors(sample: Sample, *, target: float, targets: Mapping[str, float], by_machine: bool) -> ScopeReport:
    """Scope and funnel of every item that took points somewhere, the most frequent first.

    Args:
        sample: the calls.
        target: the rate that is accepted of an item, where ``targets`` says nothing of it.
        targets: accepted rates by item.
        by_machine: count the machine's hits on all calls instead of people's reviews of some.

    Raises:
        StatisticsError: nothing was reviewed, or a target is impossible.
    """
    _check(sample)
    team = {call.agent_id: call.team or NO_TEAM for call in sorted(sample.calls, key=lambda call: call.started_at)}
    agents = sorted(team)
    groups = [team[agent] for agent in agents]
    counts = _machine_counts(sample) if by_machine else _review_counts(sample)
    scopes, funnels = [], []
    for item, of_agents in counts.items():
        fails = np.array([of_agents.get(agent, (0.0, 0.0))[0] for agent in agents])
        reviews = np.array([of_agents.get(agent, (0.0, 0.0))[1] for agent in agents])
        if not fails.sum() > 0:
            continue
        scopes.append(error_scope(item, agents, groups, fails, reviews, target=targets.get(item, target)))
        funnels.append(funnel(item, agents, groups, fails, reviews))
    order = sorted(range(len(scopes)), key=lambda number: (-scopes[number].rate, scopes[number].item))
    return ScopeReport(
        "machine" if by_machine else "reviews",
        tuple(scopes[number] for number in order),
        tuple(funnels[number] for number in order),
    )


def _check(sample: Sample) -> None:
    if not sample.calls:
        raise StatisticsError(
            f"no call of {' '.join(sample.months)} was drawn from; expected months with draws. "
            f"Run `tingjian queue draw` first."
        )


def _hits(sample: Sample) -> dict[str, dict[str, tuple[str, float]]]:
    """Rules that hit each call that was drawn from, with severity and points."""
    known = {call.recording_id for call in sample.calls}
    hits: dict[str, dict[str, tuple[str, float]]] = defaultdict(dict)
    for month in sample.months:
        for recording_id, rule, severity, points in hits_of_month(month):
            if recording_id in known:
                hits[recording_id][rule] = (severity, points)
    return dict(hits)


def _judged(sample: Sample, hits: Mapping[str, Mapping[str, object]]) -> list[dict[str, bool]]:
    """For each reviewed call, the rules that a person judged there, and whether violated.

    The score sheet counts first; where it is silent on a rule, the verdicts on the rule's findings do.
    """
    words = verdicts_of([one.call.recording_id for one in sample.heard])
    judged = []
    for one in sample.heard:
        of_call = {rule: points > 0 for rule, points in one.review.deductions.items()}
        spoken = words.get(one.call.recording_id, [])
        for rule in hits.get(one.call.recording_id, {}):
            if rule not in of_call:
                verdict = _verdict([word for word in spoken if word.rule == rule])
                if verdict is not None:
                    of_call[rule] = verdict
        judged.append(of_call)
    return judged


def _verdict(words: Sequence[FindingVerdict]) -> bool | None:
    """Whether a rule is right on a call: one confirmed place is enough, rejected it is when every judged one is."""
    places: dict[tuple[float, float], list[FindingVerdict]] = defaultdict(list)
    for word in words:
        places[(word.start_s, word.end_s)].append(word)
    outcomes = {adjudicated(at_place) for at_place in places.values()}
    if Verdict.CONFIRM in outcomes:
        return True
    return False if outcomes == {Verdict.REJECT} else None


def _tried(
    sample: Sample, changes: Sequence[WeightChange], line: float, basis: Mapping[str, str]
) -> WeightProposal | None:
    hits = _hits(sample)
    calls = [call for call in sample.calls if call.machine_score is not None]
    known = {rule for call in calls for rule in hits.get(call.recording_id, {})}
    items = sorted(known | {change.item for change in changes})
    column = {item: number for number, item in enumerate(items)}
    points, fatal = np.zeros((len(calls), len(items))), np.zeros(len(calls), dtype=np.bool_)
    for row, call in enumerate(calls):
        for rule, (severity, taken) in hits.get(call.recording_id, {}).items():
            if severity == "fatal":
                fatal[row] = True
            elif severity == "deduct":
                points[row, column[rule]] = taken
    if not calls:
        return None
    agents = sorted({call.agent_id for call in calls})
    code = {agent: number for number, agent in enumerate(agents)}
    codes = np.array([code[call.agent_id] for call in calls], dtype=np.int64)
    return propose_weights(items, points, fatal, codes, agents, changes, line=line, basis=basis)


def _review_counts(sample: Sample) -> dict[str, dict[str, tuple[float, float]]]:
    """Effective failures and reviews by item and agent."""
    rows: dict[tuple[str, str], list[tuple[bool, float]]] = defaultdict(list)
    for one in sample.heard:
        for item, points in one.review.deductions.items():
            rows[(item, one.call.agent_id)].append((points > 0, one.weight))
    if not rows:
        raise StatisticsError(
            f"no review of {' '.join(sample.months)} says which items took points, of calls that the draw picked; "
            f"expected reviews item by item. Review calls first, or count the machine's hits with --by machine."
        )
    found: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for (item, agent), judged in sorted(rows.items()):
        counts = effective_counts(np.array([yes for yes, _ in judged]), np.array([weight for _, weight in judged]))
        found[item][agent] = (counts.yes, counts.n)
    return dict(found)


def _machine_counts(sample: Sample) -> dict[str, dict[str, tuple[float, float]]]:
    hits = _hits(sample)
    calls = Counter(call.agent_id for call in sample.calls)
    hit: dict[str, Counter[str]] = defaultdict(Counter)
    for call in sample.calls:
        for rule, (severity, _) in hits.get(call.recording_id, {}).items():
            if severity != "warn":
                hit[rule][call.agent_id] += 1
    return {rule: _with_calls(of_agents, calls) for rule, of_agents in sorted(hit.items())}


def _with_calls(hits: Mapping[str, int], calls: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    return {agent: (float(hits.get(agent, 0)), float(number)) for agent, number in calls.items()}
