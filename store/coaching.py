"""Coaching: agreements over findings, and how often the agreed items happened before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from pipeline.errors import UsageError
from quality.change import RateChange, rate_change
from quality.intervals import Counts
from quality.verdicts import Verdict, adjudicated
from store.calls import assessed_between, hits_of_recordings
from store.models import Assessment, Coaching, Finding, Recording
from store.months import midnight
from store.training import TaughtStretch, taught_stretches
from store.verdicts import verdicts_of

LOOKED_BACK = timedelta(days=60)
"""Before the agreement, and at most after it."""
PICKED_FROM = timedelta(days=90)
MOST_FINDINGS = 200


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One agreed item: the agent's rate before and after, and the rest of the team's for comparison."""

    rule: str
    own: RateChange
    team: RateChange


def findings_to_pick(agent_id: str) -> list[TaughtStretch]:
    """An agent's findings of the last weeks that may be talked about, the latest first; none of blind calls."""
    since = timezone.now() - PICKED_FROM
    recordings = Recording.objects.filter(agent_id=agent_id, started_at__gte=since)
    newest = Assessment.objects.filter(recording__in=recordings).values("recording").annotate(newest=Max("id"))
    rows = Finding.objects.filter(assessment__in=newest.values("newest")).exclude(role="customer")
    ids = rows.order_by("-assessment__recording__started_at", "start_s").values_list("id", flat=True)
    return taught_stretches(list(ids[:MOST_FINDINGS]))


def agree(agent_id: str, coach: str, text: str, finding_ids: Sequence[int], follow_up_on: date) -> Coaching:
    """Write an agreement down.

    Raises:
        UsageError: nothing was picked or written, a finding is not the agent's, or the day is past.
    """
    if not text.strip():
        raise UsageError("the agreement is empty; expected what the agent and the coach agreed on")
    if follow_up_on <= timezone.localdate():
        raise UsageError(f"the follow-up day {follow_up_on} is not after today; expected a later one")
    findings = list(Finding.objects.filter(id__in=finding_ids, assessment__recording__agent_id=agent_id))
    if not findings or len(findings) != len(set(finding_ids)):
        raise UsageError("no finding was picked, or one is not this agent's; expected one or more of the list")
    with transaction.atomic():
        coaching = Coaching.objects.create(
            agent_id=agent_id,
            coach=coach,
            text=text.strip(),
            rules=sorted({finding.rule for finding in findings}),
            follow_up_on=follow_up_on,
            agreed_at=timezone.now(),
        )
        coaching.findings.set(findings)
    return coaching


def close(coaching: Coaching, person: str, outcome: str) -> bool:
    """End an agreement, once, with what came of it; False where somebody has closed it already."""
    rows = Coaching.objects.filter(pk=coaching.pk, closed_at__isnull=True)
    return bool(rows.update(outcome=outcome.strip(), closed_by=person, closed_at=timezone.now()))


def listed(agent_id: str | None = None, limit: int = 100) -> list[Coaching]:
    """Agreements, of one agent or of all: open ones first, those due soonest before the others."""
    rows = Coaching.objects.all() if agent_id is None else Coaching.objects.filter(agent_id=agent_id)
    found = list(rows.filter(closed_at__isnull=True).order_by("follow_up_on", "id")[:limit])
    return found + list(rows.filter(closed_at__isnull=False).order_by("-closed_at")[: limit - len(found)])


def changes(coaching: Coaching) -> list[ItemChange]:
    """Whether the agreed items became rarer, from the calls before the agreement and those after its day.

    An item's rate is the share of calls with a hit that nobody rejected, as the machine hears it in every call. The
    calls that led to the agreement are among those before: a rate picked because it was high falls a little by itself.
    """
    day = timezone.localtime(coaching.agreed_at).date()
    agreed, after = midnight(day), midnight(day + timedelta(days=1))
    until = min(timezone.now(), after + LOOKED_BACK)
    team = Recording.objects.filter(agent_id=coaching.agent_id).order_by("-started_at").values_list("team", flat=True)
    own = _counts(coaching, agreed - LOOKED_BACK, agreed, team[0] if team else "")
    then = _counts(coaching, after, max(until, after), team[0] if team else "")
    return [
        ItemChange(rule, rate_change(own[0][rule], then[0][rule]), rate_change(own[1][rule], then[1][rule]))
        for rule in coaching.rules
    ]


def _counts(
    coaching: Coaching, begin: datetime, end: datetime, team: str
) -> tuple[dict[str, Counts], dict[str, Counts]]:
    """Calls with each item, and calls: the agent's, and the rest of the team's."""
    rows = assessed_between(begin, end)
    rows = rows.filter(team=team) if team else rows.filter(agent_id=coaching.agent_id)
    agent_of = dict(rows.values_list("id", "agent_id"))
    hits = [
        (recording_id, rule)
        for recording_id, rule, _severity, _points in hits_of_recordings(sorted(agent_of))
        if rule in coaching.rules
    ]
    words = verdicts_of({recording_id for recording_id, _ in hits})
    yes: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for recording_id, rule in set(hits):
        said = adjudicated(one for one in words.get(recording_id, ()) if one.rule == rule)
        if said is not Verdict.REJECT:
            yes[agent_of[recording_id] == coaching.agent_id][rule] += 1
    own = sum(agent == coaching.agent_id for agent in agent_of.values())
    sizes = {True: own, False: len(agent_of) - own}
    mine, others = ({rule: Counts(yes[who][rule], sizes[who]) for rule in coaching.rules} for who in (True, False))
    return mine, others
