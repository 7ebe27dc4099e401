"""Agents against their team and in order, from the estimates of some months."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flows.agent_estimates import Months, estimates_of_month
from flows.quality_health import months_ending
from pipeline.errors import StatisticsError
from quality.agent_month import Quantity
from quality.compare import MIN_AGENTS, AgentMonths, Gap, compare_with_team
from quality.estimates import Estimate, EstimateOptions, Method, Use
from quality.ranking import Ranking, rank_agents

EVERYBODY = ""
"""The group that is compared where teams are not."""


@dataclass(frozen=True, slots=True)
class TeamGaps:
    """A team's agents against its median, the worst first; ``left_out`` says who is not compared and why."""

    team: str
    gaps: tuple[Gap, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All teams over the same months."""

    months: tuple[str, ...]
    teams: tuple[TeamGaps, ...]


@dataclass(frozen=True, slots=True)
class RankedMonth:
    """The order of a month; ``left_out`` says who has no place in it and why."""

    month: str
    ranking: Ranking
    left_out: tuple[tuple[str, str], ...]


def compare_agents(month: str, count: int, options: EstimateOptions, *, min_effect: float, by_team: bool) -> Comparison:
    """Compare each agent's mean of the months with the median of the team.

    Args:
        month: the last month.
        count: how many months.
        options: of the estimates, which are direct ones of each month.
        min_effect: points below the median from which something is done.
        by_team: against the agent's own team (of the last month), else against the whole centre.

    Raises:
        StatisticsError: a month was not drawn from, or no team is large enough.
    """
    months = months_ending(month, count)
    store = Months()
    found: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for one_month in months:
        for one in estimates_of_month(one_month, [Quantity.SCORE], options, store).reports[0].estimates:
            found[one.agent][one_month] = one
    teams: dict[str, list[AgentMonths]] = defaultdict(list)
    left_out: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for agent, of_month in found.items():
        last = of_month[max(of_month)]
        team = last.team if by_team else EVERYBODY
        known = [of_month[name].interval for name in months if name in of_month]
        if len(known) < count or any(one is None for one in known):
            missing = [name for name in months if name not in of_month or of_month[name].interval is None]
            left_out[team].append((agent, f"no estimate for {', '.join(missing)}"))
            teams.setdefault(team, [])
            continue
        sure = [one for one in known if one is not None]
        teams[team].append(
            AgentMonths(
                agent,
                np.array([one.value for one in sure]),
                np.array([one.standard_error**2 for one in sure]),
                np.array([one.df for one in sure]),
            )
        )
    compared = []
    for team, agents in sorted(teams.items()):
        if len(agents) < MIN_AGENTS:
            why = f"the team has {len(agents)} agents with estimates of all months, {MIN_AGENTS} are needed"
            left_out[team] += [(one.agent, why) for one in agents]
            compared.append(TeamGaps(team, (), tuple(sorted(left_out[team]))))
            continue
        gaps = sorted(compare_with_team(agents, min_effect=min_effect), key=lambda gap: gap.gap)
        compared.append(TeamGaps(team, tuple(gaps), tuple(sorted(left_out[team]))))
    if not any(one.gaps for one in compared):
        raise StatisticsError(
            f"no team has {MIN_AGENTS} agents with estimates of {', '.join(months)}; expected reviews of drawn calls "
            f"in each of them. Take fewer months with --months, or compare with --whole-centre."
        )
    return Comparison(months, tuple(compared))


def rank_month(month: str, options: EstimateOptions, *, shares: Sequence[float]) -> RankedMonth:
    """Rank the agents of a month whose estimates may be used for that.

    Raises:
        StatisticsError: fewer than ten agents can be ranked.
    """
    report = estimates_of_month(month, [Quantity.SCORE], options).reports[0]
    ranked, left_out = [], []
    for one in report.estimates:
        if one.interval is None:
            left_out.append((one.agent, one.reason or "no estimate"))
        elif Use.RANKING not in one.uses:
            left_out.append((one.agent, f"±{one.interval.half_width:.1f} is too wide for a rank"))
        else:
            ranked.append(one)
    # Without the machine's help, and where everything was heard, there is no guess to lean on but the mean.
    with_guess = all(one.guess is not None or one.method is Method.CENSUS for one in ranked)
    known = [one.interval for one in ranked if one.interval is not None]
    values = np.array([one.value for one in known])
    guesses = [
        value if not with_guess or one.guess is None else one.guess for one, value in zip(ranked, values, strict=True)
    ]
    return RankedMonth(
        month,
        rank_agents(
            [one.agent for one in ranked],
            values,
            np.array([one.standard_error**2 for one in known]),
            np.array(guesses) if with_guess else np.zeros(len(ranked)),
            shares=shares,
        ),
        tuple(sorted(left_out)),
    )
