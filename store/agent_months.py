"""Agents' months for the estimates: calls from the log of the draws, in groups, with the reviews that may count."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Count, Max, Q

from quality.agent_month import AgentMonth, no_reviews, reviews_from
from quality.types import PROBABILITY_UNIT, Lane, Purpose
from store.calls import assessed_between, between
from store.models import DrawMonth, DrawnCall, Recording, Review
from store.months import bounds_of_month

READ_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a month has that no estimate may use.

    Attributes:
        not_picked: reviewed calls that no draw picked (picked by hand, or never in the queue).
        not_blind: calls of the probability lane whose reviewers had seen the machine's score.
        unscorable: picked calls that a reviewer could not score.
        not_drawn: calls of the month that no draw has passed yet.
    """

    not_picked: int = 0
    not_blind: int = 0
    unscorable: int = 0
    not_drawn: int = 0


@dataclass(frozen=True, slots=True)
class MonthRead:
    """A month by agent, in order of agent; ``left_out`` counts what was not used."""

    month: str
    agents: tuple[AgentMonth, ...]
    left_out: LeftOut = field(default_factory=LeftOut)


@dataclass(frozen=True, slots=True)
class _Counted:
    """One review that counts, with the call as the draw saw it."""

    agent_id: str
    machine_score: float | None
    probability: float
    score: float
    fatal: bool


def drawn_months() -> list[str]:
    """Months with draws, the earliest first."""
    return list(DrawMonth.objects.order_by("month").values_list("month", flat=True))


def read_month(month: str, *, calls: bool = True) -> MonthRead:
    """One month of every agent.

    Calls are those that draws have passed, with the machine's score on which their probability rests. A review counts
    when a draw picked its call, in the probability lane only when it was given blind; of several the last.

    Args:
        month: the month ``YYYY-MM``.
        calls: False leaves the calls out and reads the reviews alone, of a past month to learn from.
    """
    begin, end = bounds_of_month(month)
    counted, left_out = _reviews(month)
    groups: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    picked: dict[str, int] = defaultdict(int)
    teams: dict[str, str] = {}
    not_drawn = 0
    if calls:
        rows = DrawnCall.objects.filter(draw__month=month).values_list("agent_id", "machine_score", "probability_e9")
        counts = rows.annotate(
            number=Count("id"), picks=Count("id", filter=Q(picked=True, lane=Lane.PROBABILITY.value))
        )
        for agent_id, score, probability_e9, number, picks in counts.iterator(chunk_size=READ_AT_ONCE):
            groups[agent_id].append((np.nan if score is None else score, probability_e9 / PROBABILITY_UNIT, number))
            picked[agent_id] += picks if probability_e9 < PROBABILITY_UNIT else 0
        teams = _teams(begin, end, set(groups))
        not_drawn = assessed_between(begin, end).filter(drawn__isnull=True).count()
    of_agent: dict[str, list[_Counted]] = defaultdict(list)
    for one in counted:
        of_agent[one.agent_id].append(one)
    agents = tuple(
        _agent_month(
            agent_id,
            month,
            groups.get(agent_id, []),
            of_agent.get(agent_id, []),
            teams.get(agent_id, ""),
            picked.get(agent_id, 0) if calls else None,
        )
        for agent_id in sorted(groups.keys() | of_agent.keys())
    )
    return MonthRead(month, agents, LeftOut(left_out.not_picked, left_out.not_blind, left_out.unscorable, not_drawn))


def _reviews(month: str) -> tuple[list[_Counted], LeftOut]:
    """The reviews that count, one a call, and how many calls have none that does."""
    rows = (
        Review.objects.filter(recording__drawn__draw__month=month, purpose=Purpose.REVIEW.value)
        .order_by("submitted_at", "id")
        .values_list(
            "recording_id",
            "score",
            "fatal",
            "blind",
            "recording__drawn__agent_id",
            "recording__drawn__lane",
            "recording__drawn__picked",
            "recording__drawn__probability_e9",
            "recording__drawn__machine_score",
        )
    )
    last: dict[str, _Counted | str] = {}
    for recording_id, score, fatal, blind, agent_id, lane, picked, probability_e9, machine in rows.iterator(
        chunk_size=READ_AT_ONCE
    ):
        known = last.get(recording_id)
        if not picked:
            last[recording_id] = "not_picked"
        elif lane == Lane.PROBABILITY.value and not blind:
            # A word given after the machine's score was seen never takes the place of a blind one.
            last.setdefault(recording_id, "not_blind")
        elif score is None:
            last[recording_id] = known if isinstance(known, _Counted) else "unscorable"
        else:
            last[recording_id] = _Counted(agent_id, machine, probability_e9 / PROBABILITY_UNIT, score, fatal)
    why = [one for one in last.values() if isinstance(one, str)]
    # A call that a person put into the queue before any draw passed it is not in the log at all.
    begin, end = bounds_of_month(month)
    outside = Review.objects.filter(
        Q(recording__started_at__gte=begin, recording__started_at__lt=end)
        | Q(recording__started_at__isnull=True, recording__enrolled_at__gte=begin, recording__enrolled_at__lt=end),
        recording__drawn__isnull=True,
        purpose=Purpose.REVIEW.value,
    )
    never_drawn = outside.values("recording_id").distinct().count()
    counted = [one for one in last.values() if isinstance(one, _Counted)]
    return counted, LeftOut(why.count("not_picked") + never_drawn, why.count("not_blind"), why.count("unscorable"))


def _teams(begin: datetime, end: datetime, agents: set[str]) -> dict[str, str]:
    """Each agent's newest team of the month; most are found in its last days, which saves reading all the others."""
    newest = Recording.objects.filter(started_at__gte=begin, started_at__lt=end).order_by("-started_at")
    last = newest.values_list("started_at", flat=True).first()
    windows = [begin] if last is None else [max(begin, last - timedelta(days=days)) for days in (1, 7)] + [begin]
    found: dict[str, str] = {}
    for since in windows:
        rows = between(since, end).values("agent_id", "team").annotate(last=Max("started_at")).order_by("last")
        found = dict(rows.values_list("agent_id", "team")) | found
        if agents <= found.keys():
            break
    return found


def _agent_month(
    agent_id: str,
    month: str,
    groups: list[tuple[float, float, int]],
    counted: list[_Counted],
    team: str,
    picked: int | None,
) -> AgentMonth:
    table = np.array(groups, dtype=np.float64).reshape(-1, 3)
    reviews = no_reviews()
    if counted:
        reviews = reviews_from(
            [np.nan if one.machine_score is None else one.machine_score for one in counted],
            [one.score for one in counted],
            [one.probability for one in counted],
            [one.fatal for one in counted],
        )
    return AgentMonth(
        agent=agent_id,
        month=month,
        machine=table[:, 0],
        probability=table[:, 1],
        reviews=reviews,
        team=team,
        count=table[:, 2].astype(np.int64),
        picked=picked,
    )
