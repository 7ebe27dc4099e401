"""Whose mean of three months lies below the team's, beyond what chance explains.

In place of "three months in a row lower by four", which finds a true gap of four in one case of eight and innocent
agents in a third of all years: the gap between the agent's mean of the months and the team's median, with its standard
error (months differ, too), under control of the false discovery rate, and large enough to matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.errors import StatisticsError
from quality import checks
from quality.agent_month import Bools, Floats

FALSE_DISCOVERY_RATE = 0.10

MIN_EFFECT = 4.0
"""Points below the team's median from which something is done about it, by default."""

MIN_AGENTS = 5
"""Agents that a team needs for a median to compare with."""


@dataclass(frozen=True, slots=True, eq=False)
class AgentMonths:
    """One agent's direct estimates of the same months, in order: values, variances, degrees of freedom."""

    agent: str
    values: Floats
    variances: Floats
    df: Floats


@dataclass(frozen=True, slots=True)
class Gap:
    """An agent against the team: ``gap`` below 0 is worse; ``act`` when discovered and large enough.

    ``half_width`` is that of the gap's own 95 % interval, one agent at a time.
    """

    agent: str
    mean: float
    gap: float
    standard_error: float
    half_width: float
    p_value: float
    discovered: bool
    act: bool


def benjamini_hochberg(p_values: Floats, rate: float = FALSE_DISCOVERY_RATE) -> Bools:
    """Which hypotheses are rejected at this false discovery rate (Benjamini and Hochberg 1995)."""
    order = np.argsort(p_values, kind="stable")
    below = np.flatnonzero(p_values[order] <= rate * np.arange(1, p_values.size + 1) / max(p_values.size, 1))
    rejected = np.zeros(p_values.size, dtype=np.bool_)
    if below.size:
        rejected[order[: below[-1] + 1]] = True
    return rejected


def compare_with_team(agents: Sequence[AgentMonths], *, min_effect: float = MIN_EFFECT) -> tuple[Gap, ...]:
    """Compare every agent of a team with its median.

    Args:
        agents: the team, each with the same months.
        min_effect: points below the median from which to act.

    Raises:
        StatisticsError: too few agents, months that differ, or a number that is none.
    """
    if len(agents) < MIN_AGENTS:
        raise StatisticsError(
            f"comparison: the team has {len(agents)} agents with estimates; expected at least {MIN_AGENTS}. "
            "Compare a larger team."
        )
    months = agents[0].values.size
    for one in agents:
        if {one.values.size, one.variances.size, one.df.size} != {months}:
            raise StatisticsError("comparison: agents have different numbers of months; expected the same for all.")
        for name, column in (("values", one.values), ("variances", one.variances), ("df", one.df)):
            checks.values(f"comparison, {name}", column)
    values = np.stack([one.values for one in agents])
    variances = np.stack([one.variances for one in agents])
    means = values.mean(axis=1)
    wander = _month_variance(values, variances)
    own = variances.sum(axis=1) / months**2 + wander / months
    median = float(np.median(means))
    # The median's own variance, as for the normal; an agent is part of it, which makes the gap's smaller, not larger.
    gap_variance = own + np.pi / 2 * float(own.mean()) / len(agents)
    df = np.array([one.df.sum() for one in agents])
    gaps = means - median
    errors = np.sqrt(np.maximum(gap_variance, 1e-12))
    p_values = 2 * stats.t.sf(np.abs(gaps) / errors, df)
    found = benjamini_hochberg(p_values)
    return tuple(
        Gap(
            agent=one.agent,
            mean=float(means[i]),
            gap=float(gaps[i]),
            standard_error=float(errors[i]),
            half_width=float(stats.t.ppf(0.975, df[i]) * errors[i]),
            p_value=float(p_values[i]),
            discovered=bool(found[i]),
            act=bool(found[i] and gaps[i] <= -min_effect),
        )
        for i, one in enumerate(agents)
    )


def _month_variance(values: Floats, variances: Floats) -> float:
    """How an agent's true months differ beyond sampling error and beyond what all agents share; never below 0."""
    agents, months = values.shape
    if months < 2:
        return 0.0
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    between = float((rest**2).sum()) / ((agents - 1) * (months - 1))
    excess: float = between - float(variances.mean())
    return max(0.0, excess)
