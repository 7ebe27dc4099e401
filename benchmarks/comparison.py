"""Who is found by comparing with the team, and who is accused wrongly: the old rule, and ``quality.compare``.

    python -m benchmarks.comparison --rounds 40

30 agents of a made-up centre who are equal but for three, whose true mean is lower by the gap; three months of draws
with n reviews each, the machine at correlation .8. The old rule accuses whoever is 4 points below the team's median in
three months in a row, by plain means of plain random samples.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from benchmarks.statistics import SCALE, drawn_months, plain_month
from quality import simulate
from quality.agent_month import AgentMonth, Bools, Floats, Quantity
from quality.compare import AgentMonths, compare_with_team
from quality.estimates import EstimateOptions, estimate_agents

AGENTS, BAD = 30, 3
BEFORE, MONTHS = 5, 3
WORSE = 4.0


def shift_for(world: simulate.World, gap: float) -> float:
    """The log odds that lower an average agent's mean by the gap."""
    low, high = 0.0, 3.0
    for _ in range(12):
        middle = (low + high) / 2
        ability = np.where(np.arange(world.agents) < world.agents // 2, middle, 0.0)
        centre = simulate.Centre(ability, np.zeros(world.agents), np.zeros(world.agents, dtype=np.bool_))
        truth = simulate.month_of_calls(world, centre, np.random.default_rng(1)).truth
        found = truth[world.agents // 2 :].mean() - truth[: world.agents // 2].mean()
        low, high = (middle, high) if found < gap else (low, middle)
    return (low + high) / 2


def direct(months: list[list[AgentMonth]], number: int) -> tuple[Floats, Floats, Floats]:
    """Values, variances and degrees of freedom of one month, with what was known by then."""
    report = estimate_agents(months[number], months[:number], Quantity.SCORE, EstimateOptions(scale=SCALE))
    known = [one.interval for one in report.estimates if one.interval is not None]
    return (
        np.array([one.value for one in known]),
        np.array([one.standard_error**2 for one in known]),
        np.array([one.df for one in known]),
    )


def found_by(columns: list[tuple[Floats, Floats, Floats]]) -> Bools:
    """Who is discovered below the median by the comparison, whatever the least effect."""
    values, variances, df = (np.stack(column) for column in zip(*columns, strict=True))
    agents = [AgentMonths(f"{i}", values[:, i], variances[:, i], df[:, i]) for i in range(values.shape[1])]
    return np.array([gap.discovered and gap.gap < 0 for gap in compare_with_team(agents)], dtype=np.bool_)


def main() -> int:
    """Print power and false discoveries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--gap", type=float, default=6.0)
    options = parser.parse_args()
    world = replace(simulate.world_with_correlation(0.8), agents=AGENTS)
    shift = shift_for(replace(world, agents=100), options.gap)
    bad = np.arange(AGENTS) < BAD
    print(f"gap {options.gap:g}, {options.rounds} rounds of {AGENTS} agents of whom {BAD} are worse")
    print("| reviews a month | method | found | share of wrong accusations | somebody innocent accused |")
    print("|---|---|---|---|---|", flush=True)
    for n in (4, 10):
        tally: dict[str, list[Bools]] = {}
        generator = np.random.default_rng(n)
        for _ in range(options.rounds):
            centre = simulate.Centre(
                shift * bad, generator.normal(0, simulate.BIAS_SD, AGENTS), np.zeros(AGENTS, dtype=np.bool_)
            )
            # Enough earlier months that the first compared one has its 500 reviews.
            before = max(BEFORE, -(-520 // (n * AGENTS)))
            months = [simulate.month_of_calls(world, centre, generator) for _ in range(before + MONTHS)]
            drawn = drawn_months(months, n, generator)
            plain = [plain_month(month, n, generator) for month in months[-MONTHS:]]
            means = np.array([[one.reviews.human.mean() for one in month] for month in plain])
            below = means <= np.median(means, axis=1, keepdims=True) - WORSE
            tally.setdefault("three months in a row lower by 4", []).append(below.all(axis=0))
            pooled = [direct([month], 0) for month in plain]
            tally.setdefault("mean of three, random samples", []).append(found_by(pooled))
            ours = [direct(drawn, before + k) for k in range(MONTHS)]
            tally.setdefault("mean of three, with the machine", []).append(found_by(ours))
        for method, rows in tally.items():
            table = np.array(rows)
            wrong = np.array([row[~bad].sum() / max(row.sum(), 1) for row in table])
            accused = table[:, ~bad].any(axis=1).mean()
            print(f"| {n} | {method} | {table[:, bad].mean():.2f} | {wrong.mean():.3f} | {accused:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
