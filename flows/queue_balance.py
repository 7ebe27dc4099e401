"""The MITLA check over a month: samples as they were drawn or heard, and lists that people picked by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import UsageError
from quality.balance import (
    Balance,
    Dimension,
    Lines,
    Margin,
    by_name,
    check_draw,
    check_hand_picks,
    in_classes,
    pooled_margins,
    with_false_discovery_control,
)
from quality.types import Lane, MonthCall
from store import draws
from store.calls import calls_of_month, flag_counts
from store.months import zone
from store.reviews import reviewed_recordings


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """The check of everybody, with the margins of all samples together."""

    month: str
    what: str
    found: tuple[Balance, ...]
    pool: tuple[Margin, ...]
    pool_size: int


def balance_of_draw(month: str, *, agent_id: str | None = None, heard: bool = False) -> BalanceReport:
    """Check each agent's drawn sample, or the part of it that has been heard.

    Raises:
        UsageError: the month was not drawn, or there is no such agent in it.
    """
    calls = [call for call in calls_of_month(month, agent_id=agent_id) if call.lane is not None]
    if not calls:
        of_agent = f" of agent {agent_id!r}" if agent_id is not None else ""
        raise UsageError(
            f"no call{of_agent} of {month} was drawn from; expected a month with draws. Run `tingjian queue draw`."
        )
    counts = flag_counts(month)
    reviewed = reviewed_recordings(month) if heard else set()
    taken = np.array([call.picked and (not heard or call.recording_id in reviewed) for call in calls])
    dimensions = dimensions_of(calls, counts)
    probabilities = np.array([call.probability_e9 for call in calls], dtype=np.int64)
    lines = _lines(calls, probabilities)
    found = []
    for agent, rows in _by_agent(calls).items():
        part = [Dimension(one.name, one.levels, one.classes[rows]) for one in dimensions]
        found.append(check_draw(agent, part, _some(lines, rows), taken[rows]))
    pool = pooled_margins(dimensions, probabilities, taken)
    what = "heard" if heard else "drawn"
    return BalanceReport(month, what, tuple(with_false_discovery_control(found)), pool, int(taken.sum()))


def balance_of_lists(month: str, lists: Mapping[str, Sequence[str]]) -> BalanceReport:
    """Check lists of recordings that people picked by hand.

    Args:
        month: the month that the calls are of.
        lists: recordings by who picked them.

    Raises:
        UsageError: a recording is not a call of the month, or there are no lists.
    """
    calls = list(calls_of_month(month))
    known = {call.recording_id: number for number, call in enumerate(calls)}
    strangers = sorted({item for picked in lists.values() for item in picked} - known.keys())
    if strangers:
        raise UsageError(
            f"recording {strangers[0]!r} is not a call of {month} ({len(strangers)} such in all); expected calls of "
            f"one month. Check --month, or divide the list by month."
        )
    if not lists:
        raise UsageError(f"nobody picked a call of {month} by hand; expected a list. Give one with --list.")
    dimensions = dimensions_of(calls, flag_counts(month))
    _, agents = np.unique(np.array([call.agent_id for call in calls], dtype=np.str_), return_inverse=True)
    found = []
    for name, picked in sorted(lists.items()):
        chosen = np.zeros(len(calls), dtype=np.bool_)
        chosen[[known[item] for item in picked]] = True
        found.append(check_hand_picks(name, dimensions, agents, chosen))
    size = sum(len(set(picked)) for picked in lists.values())
    return BalanceReport(month, "picked by hand", tuple(with_false_discovery_control(found)), (), size)


def dimensions_of(calls: Sequence[MonthCall], flags: Mapping[str, int]) -> list[Dimension]:
    """The MITLA classes of calls: what was measured, what it pointed out, when, how long, and what about."""
    local = [call.started_at.astimezone(zone()) for call in calls]
    return [
        in_classes(
            "M score",
            np.array([np.nan if call.machine_score is None else call.machine_score for call in calls]),
            (60.0, 80.0, 90.0, 100.0),
            ("<60", "60-80", "80-90", "90-100", "100"),
        ),
        in_classes(
            "I flags",
            np.array([float(flags.get(call.recording_id, 0)) for call in calls]),
            (0.5, 1.5),
            ("none", "one", "more"),
        ),
        in_classes(
            "T hour",
            np.array([float(moment.hour) for moment in local]),
            (12.0, 14.0, 18.0),
            ("before 12", "12-14", "14-18", "after 18"),
        ),
        in_classes(
            "T part of month",
            np.array([float(moment.day) for moment in local]),
            (11.0, 21.0),
            ("1-10", "11-20", "21-31"),
        ),
        in_classes(
            "L minutes",
            np.array([np.nan if call.duration_s is None else call.duration_s / 60 for call in calls]),
            (1.0, 3.0, 5.0, 10.0),
            ("<1", "1-3", "3-5", "5-10", ">10"),
        ),
        by_name("A type", [call.business_type for call in calls]),
    ]


def _by_agent(calls: Sequence[MonthCall]) -> dict[str, np.ndarray]:
    rows: dict[str, list[int]] = {}
    for number, call in enumerate(calls):
        rows.setdefault(call.agent_id, []).append(number)
    return {agent: np.array(found) for agent, found in sorted(rows.items())}


def _lines(calls: Sequence[MonthCall], probabilities: np.ndarray) -> Lines:
    local = [call.started_at.astimezone(zone()) for call in calls]
    batches = {
        moment: number for number, moment in enumerate(sorted({call.drawn_at for call in calls if call.drawn_at}))
    }
    days = np.array([moment.toordinal() for moment in local])
    batch = np.array([batches[call.drawn_at] if call.drawn_at else 0 for call in calls])
    _, kinds = np.unique(np.array([call.business_type for call in calls], dtype=np.str_), return_inverse=True)
    return Lines(
        ids=np.array([call.recording_id.encode() for call in calls]),
        lines=np.array([call.stratum for call in calls], dtype=np.int64),
        blocks=batch * (days.max() - days.min() + 1) + days - days.min(),
        applications=kinds,
        hours=np.array([moment.hour for moment in local], dtype=np.int64),
        durations_s=np.array([np.nan if call.duration_s is None else call.duration_s for call in calls]),
        probabilities_e9=probabilities,
        certain=np.array([call.lane is not Lane.PROBABILITY for call in calls]),
        picked=np.array([call.picked for call in calls]),
    )


def _some(lines: Lines, rows: np.ndarray) -> Lines:
    return Lines(
        lines.ids[rows],
        lines.lines[rows],
        lines.blocks[rows],
        lines.applications[rows],
        lines.hours[rows],
        lines.durations_s[rows],
        lines.probabilities_e9[rows],
        lines.certain[rows],
        lines.picked[rows],
    )


def lists_by_hand(month: str) -> dict[str, list[str]]:
    """The lists that people entered by hand into the queue."""
    return draws.hand_picks(month)
