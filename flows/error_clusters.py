"""Common-error clusters of a month: flagged stretches, their groups, who makes the error; kept for the next month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.cluster_months import same_as
from models.clusters import Cluster, ClusterSettings, find_clusters
from models.stretches import Embedder, Stretch
from pipeline.errors import StatisticsError
from quality.error_scope import ErrorScope, Funnel, error_scope, funnel
from quality.verdicts import FindingVerdict, Verdict, adjudicated, same_place
from store import month_reports
from store.calls import calls_of_month
from store.stretches import (
    FlaggedStretch,
    StoredCluster,
    clusters_until,
    flagged_stretches,
    next_cluster_number,
    save_clusters,
    utterances_of,
)
from store.training import ScopeOfRule, rule_hits, save_rule_scopes
from store.verdicts import verdicts_of

NO_TEAM = "-"

DEFAULT_TARGET = 0.02
"""Share of calls with one error that is accepted where nobody says otherwise."""

UNJUDGED_PRECISION = (0.5, 0.5)
"""Added to the confirmed and to the rejected ones of a rule (Jeffreys), so that an unjudged rule counts half."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundCluster:
    """A common error with its place in the centre.

    Attributes:
        number: its identity from month to month.
        new: whether no earlier month has it.
        cluster: its members, as indices of the month's stretches.
        calls: calls with it.
        share: of all calls of the month.
        before: calls with it in the last earlier month that had clusters; None where there is none.
        agents, teams, business_types: calls with it of each, the most first.
        scope: whose error it is.
        funnel: the agents' rates beside their limits, for a plot.
    """

    number: int
    new: bool
    cluster: Cluster
    calls: int
    share: float
    before: int | None
    agents: tuple[tuple[str, int], ...]
    teams: tuple[tuple[str, int], ...]
    business_types: tuple[tuple[str, int], ...]
    scope: ErrorScope
    funnel: Funnel


@dataclass(frozen=True, slots=True, eq=False)
class ClusterReport:
    """All common errors of a month, the heaviest first, and the stretches they were found in."""

    month: str
    calls: int
    stretches: tuple[Stretch, ...]
    rejected: int
    clusters: tuple[FoundCluster, ...]


def clusters_of_month(
    month: str,
    *,
    target: float = DEFAULT_TARGET,
    settings: ClusterSettings | None = None,
    embedder: Embedder | None = None,
) -> ClusterReport:
    """Find the common errors of a month and keep them under numbers that earlier months gave them.

    Raises:
        StatisticsError: the month has no calls, or the target is impossible.
    """
    agent_of_call, team_of = _calls(month)
    if not agent_of_call:
        raise StatisticsError(
            f"no call of {month} is in the store; expected a month with assessed calls. "
            f"Run `tingjian nightly` over its recordings first."
        )
    flagged = list(flagged_stretches(month))
    stretches, rejected = _stretches(flagged, team_of)
    clusters = find_clusters(stretches, settings, embedder)
    known = clusters_until(month)
    latest: dict[int, StoredCluster] = {}
    for one in known:
        latest.setdefault(one.number, one)
    names = list(latest)
    matches = same_as(
        [cluster.fingerprint for cluster in clusters],
        [np.asarray(latest[number].fingerprint, np.float32) for number in names],
    )
    earlier = {one.number: one.calls for one in known if one.month == _last_month_before(month, known)}
    spare = next_cluster_number()
    found = []
    for cluster, match in zip(clusters, matches, strict=True):
        number, spare = (spare, spare + 1) if match is None else (names[match], spare)
        found.append(_placed(cluster, number, match is None, stretches, agent_of_call, team_of, earlier, target))
    report = ClusterReport(month, len(agent_of_call), tuple(stretches), rejected, tuple(found))
    save_clusters(month, [_stored(month, one, stretches) for one in found])
    looked_at = {"calls": report.calls, "stretches": len(stretches)}
    month_reports.save(month, month_reports.CLUSTERS, {"": looked_at})
    save_rule_scopes(month, _rule_scopes(agent_of_call, team_of, rule_hits(month), target))
    return report


def _rule_scopes(
    agent_of_call: Mapping[str, str], team_of: Mapping[str, str], hits: Iterable[tuple[str, str]], target: float
) -> list[ScopeOfRule]:
    """The same question for every rule that hit: whose error it is, by the machine's hits over all calls."""
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    for recording_id, rule in hits:
        if recording_id in agent_of_call:
            by_rule[rule][agent_of_call[recording_id]] += 1
    everybody = Counter(agent_of_call.values())
    agents = sorted(everybody)
    groups = [team_of[agent] for agent in agents]
    had = np.array([float(everybody[agent]) for agent in agents])
    found = []
    for rule, by_agent in by_rule.items():
        fails = np.array([float(by_agent.get(agent, 0)) for agent in agents])
        scope = error_scope(rule, agents, groups, fails, had, target=target)
        document = {
            "share": round(by_agent.total() / len(agent_of_call), 6),
            "agents": [list(item) for item in _ranked(by_agent)],
            "scope": scope.scope.value,
            "scope_details": asdict(scope),
            "funnel": funnel_document(funnel(rule, agents, groups, fails, had)),
        }
        found.append(ScopeOfRule(rule, by_agent.total(), document))
    return found


def _last_month_before(month: str, known: Sequence[StoredCluster]) -> str | None:
    return max((one.month for one in known if one.month < month), default=None)


def _calls(month: str) -> tuple[dict[str, str], dict[str, str]]:
    """The agent of each recording, and the team of each agent (the last one, for who changed)."""
    calls = sorted(calls_of_month(month), key=lambda call: call.started_at)
    return (
        {call.recording_id: call.agent_id for call in calls},
        {call.agent_id: call.team or NO_TEAM for call in calls},
    )


def _stretches(flagged: Sequence[FlaggedStretch], team_of: Mapping[str, str]) -> tuple[list[Stretch], int]:
    """Stretches with what was said around them; rejected ones are left out and counted."""
    recordings = sorted({one.recording_id for one in flagged})
    words = verdicts_of(recordings)
    outcomes = [_outcome(one, words.get(one.recording_id, ())) for one in flagged]
    precision = _precision(flagged, outcomes)
    by_recording: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(flagged):
        by_recording[one.recording_id].append(index)
    said: dict[int, tuple[str, str]] = {}
    for recording_id, utterances in utterances_of(recordings):
        for index in by_recording[recording_id]:
            said[index] = _words_around(flagged[index], utterances)
    stretches = []
    for index, one in enumerate(flagged):
        if outcomes[index] is Verdict.REJECT:
            continue
        text, before = said.get(index, (one.quote, ""))
        weight = 1.0 if outcomes[index] is Verdict.CONFIRM else precision[one.rule]
        stretches.append(
            Stretch(
                key=str(one.finding_id),
                call_id=one.recording_id,
                rule=one.rule,
                text=text or one.quote,
                before=before,
                agent=one.agent_id,
                team=team_of.get(one.agent_id, one.team or NO_TEAM),
                business_type=one.business_type,
                weight=weight,
            )
        )
    return stretches, len(flagged) - len(stretches)


def _outcome(one: FlaggedStretch, words: Sequence[FindingVerdict]) -> Verdict | None:
    return adjudicated(
        word for word in words
        if word.rule == one.rule and same_place(one.start_s, one.end_s, word.start_s, word.end_s)
    )  # fmt: skip


def _precision(flagged: Sequence[FlaggedStretch], outcomes: Sequence[Verdict | None]) -> dict[str, float]:
    confirmed, rejected = UNJUDGED_PRECISION
    tally: dict[str, list[float]] = defaultdict(lambda: [confirmed, rejected])
    for one, outcome in zip(flagged, outcomes, strict=True):
        tally[one.rule][0] += outcome is Verdict.CONFIRM
        tally[one.rule][1] += outcome is Verdict.REJECT
    return {rule: right / (right + wrong) for rule, (right, wrong) in tally.items()}


def _words_around(one: FlaggedStretch, utterances: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The agent's sentences that the finding touches, and what the customer said last before them."""
    ordered = sorted(utterances, key=lambda item: float(item["start_s"]))
    own = [
        item for item in ordered
        if item["role"] == "agent" and item["start_s"] <= one.end_s and item["end_s"] >= one.start_s
    ]  # fmt: skip
    begin = float(own[0]["start_s"]) if own else one.start_s
    asked = [item for item in ordered if item["role"] == "customer" and item["start_s"] < begin]
    return "".join(str(item["text"]) for item in own), str(asked[-1]["text"]) if asked else ""


def _placed(
    cluster: Cluster,
    number: int,
    new: bool,
    stretches: Sequence[Stretch],
    agent_of_call: Mapping[str, str],
    team_of: Mapping[str, str],
    earlier: Mapping[int, int],
    target: float,
) -> FoundCluster:
    calls = {stretches[index].call_id: stretches[index] for index in cluster.members}
    by_agent = Counter(agent_of_call[call] for call in calls if call in agent_of_call)
    all_of = Counter(agent_of_call.values())
    agents = sorted(all_of)
    groups = [team_of[agent] for agent in agents]
    fails = np.array([float(by_agent.get(agent, 0)) for agent in agents])
    had = np.array([float(all_of[agent]) for agent in agents])
    return FoundCluster(
        number=number,
        new=new,
        cluster=cluster,
        calls=len(calls),
        share=len(calls) / len(agent_of_call),
        before=earlier.get(number, 0) if earlier else None,
        agents=_ranked(by_agent),
        teams=_ranked(Counter(stretch.team for stretch in calls.values())),
        business_types=_ranked(Counter(stretch.business_type for stretch in calls.values() if stretch.business_type)),
        scope=error_scope(cluster.name, agents, groups, fails, had, target=target),
        funnel=funnel(cluster.name, agents, groups, fails, had),
    )


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _stored(month: str, one: FoundCluster, stretches: Sequence[Stretch]) -> StoredCluster:
    return StoredCluster(
        month=month,
        number=one.number,
        name=one.cluster.name,
        quote=stretches[one.cluster.medoid].text,
        weight=one.cluster.weight,
        calls=one.calls,
        fingerprint=tuple(round(float(value), 5) for value in one.cluster.fingerprint),
        document=document_of(one, stretches),
    )


def document_of(one: FoundCluster, stretches: Sequence[Stretch]) -> dict[str, Any]:
    """A cluster as JSON: what a page, a report or another programme shows of it."""
    cluster = one.cluster
    return {
        "number": one.number,
        "name": cluster.name,
        "quote": stretches[cluster.medoid].text,
        "new": one.new,
        "calls": one.calls,
        "share": round(one.share, 6),
        "calls_before": one.before,
        "flags": len(cluster.members),
        "weight": round(cluster.weight, 3),
        "cohesion": round(cluster.cohesion, 4),
        "rules": [list(item) for item in cluster.rules],
        "agents": [list(item) for item in one.agents],
        "teams": [list(item) for item in one.teams],
        "business_types": [list(item) for item in one.business_types],
        "scope": one.scope.scope.value,
        "scope_details": asdict(one.scope),
        "funnel": funnel_document(one.funnel),
        "findings": [int(stretches[index].key) for index in cluster.members],
    }


def funnel_document(found: Funnel) -> dict[str, Any]:
    """A funnel as JSON: each point is agent, team, calls and rate; the limits follow from centre, spread and calls."""
    return {
        "centre": round(found.centre, 6),
        "spread": round(found.spread, 6),
        "points": [[one.name, one.group, round(one.reviews), round(one.rate, 6)] for one in found.points],
    }
