"""Agents' estimates over the store: which months are read, and what is estimated from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows.quality_health import months_ending
from pipeline.errors import StatisticsError
from quality.agent_month import AgentMonth, Quantity, pooled
from quality.basis import WANTED_POOL
from quality.estimates import AgentReport, EstimateOptions, estimate_agents
from quality.rolling import MONTHS
from store.agent_months import LeftOut, MonthRead, drawn_months, read_month
from store.draws import report_version

OLDEST = 12
"""Months before that are looked at for reviews to learn from: machines and forms change."""


@dataclass(frozen=True, slots=True)
class MonthEstimates:
    """A month's reports, one for each quantity, and what of the month was left out.

    ``version`` grows with each supplement of calls that came after the month was ``closed``. ``teams`` are the same
    reports with each team's calls taken together.
    """

    month: str
    reports: tuple[AgentReport, ...]
    left_out: LeftOut
    version: int = 1
    closed: bool = False
    teams: tuple[AgentReport, ...] = ()


class Months:
    """Months as they are read, each at most once with its calls and once without."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._read: dict[tuple[str, bool], MonthRead] = {}
        self._drawn = set(drawn_months())

    def read(self, month: str, *, calls: bool) -> MonthRead:
        """A month; empty where no draw was made."""
        if month not in self._drawn:
            return MonthRead(month, ())
        known = self._read.get((month, True)) or self._read.get((month, calls))
        if known is None:
            known = self._read[(month, calls)] = read_month(month, calls=calls)
        return known

    def before(self, month: str, *, with_calls: int) -> list[Sequence[AgentMonth]]:
        """The months before, the oldest first, as far back as their reviews are wanted to learn from.

        Args:
            month: the month.
            with_calls: so many of the newest are read with all calls.
        """
        found: list[Sequence[AgentMonth]] = []
        reviews = 0
        for number, earlier in enumerate(reversed(months_ending(month, OLDEST + 1)[:-1])):
            if number >= with_calls and (reviews >= WANTED_POOL or earlier < min(self._drawn, default="")):
                break
            agents = self.read(earlier, calls=number < with_calls).agents
            reviews += sum(int((one.reviews.probability < 1).sum()) for one in agents)
            found.append(agents)
        return list(reversed(found))


def newest_month() -> str:
    """The newest month with draws.

    Raises:
        StatisticsError: there is none.
    """
    drawn = drawn_months()
    if not drawn:
        raise StatisticsError(
            "no month was drawn from; expected calls that a draw has passed. Run `tingjian queue draw` first."
        )
    return drawn[-1]


def estimates_of_month(
    month: str, quantities: Sequence[Quantity], options: EstimateOptions, months: Months | None = None
) -> MonthEstimates:
    """Estimate every agent's month.

    Raises:
        StatisticsError: no call of the month was drawn from.
    """
    months = months or Months()
    current = months.read(month, calls=True)
    if not current.agents:
        raise StatisticsError(
            f"no call of {month} was drawn from; expected a month with draws. Run `tingjian queue draw` first, "
            f"or name another month with --month."
        )
    earlier = months.before(month, with_calls=MONTHS - 1 if options.rolling else 0)
    reports = tuple(estimate_agents(current.agents, earlier, quantity, options) for quantity in quantities)
    of_teams = [pooled(team, agents) for team, agents in _by_team(current.agents).items()]
    # A team's month rests on its own many calls; earlier ones are for agents with few.
    alone = replace(options, rolling=False)
    teams = tuple(estimate_agents(of_teams, earlier, quantity, alone) for quantity in quantities) if of_teams else ()
    return MonthEstimates(month, reports, current.left_out, *report_version(month), teams)


def _by_team(agents: Sequence[AgentMonth]) -> dict[str, list[AgentMonth]]:
    found: dict[str, list[AgentMonth]] = {}
    for one in sorted(agents, key=lambda agent: (agent.team, agent.agent)):
        if one.team and one.calls:
            found.setdefault(one.team, []).append(one)
    return found
