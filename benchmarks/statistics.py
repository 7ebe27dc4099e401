"""Do the intervals hold? Coverage, half width and reviews needed in the made-up centre of ``quality.simulate``.

    python -m benchmarks.statistics --replicates 25

For each correlation of machine and human score: three populations of 100 agents, six months each time; the score model
is learned on the earlier months' drawn calls by the same functions that serve users. Exit code 1 when a claim of
docs/statistics.md does not hold.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from quality import simulate
from quality.agent_month import AgentMonth, Floats, Quantity
from quality.basis import learn_basis
from quality.estimates import EstimateOptions, estimate_agents

MONTHS = 6


def textbook(months: Sequence[AgentMonth]) -> list[tuple[float, float]]:
    """Mean and half width ``1.96 sd / sqrt(n)`` of a plain random sample."""
    found = []
    for month in months:
        human = month.reviews.human
        found.append((float(human.mean()), 1.96 * float(human.std(ddof=1)) / float(np.sqrt(human.size))))
    return found


def estimates(months: Sequence[Sequence[AgentMonth]], *, rolling: bool) -> list[tuple[float, float]]:
    """Value and half width of every agent in the last month."""
    report = estimate_agents(months[-1], months[:-1], Quantity.SCORE, EstimateOptions(rolling=rolling))
    return [(found.interval.value, found.interval.half_width) for found in report.estimates if found.interval]


def one_run(
    world: simulate.World, centre: simulate.Centre, n: int, generator: np.random.Generator
) -> tuple[dict[str, list[tuple[float, float]]], Floats]:
    """Six months of draws with n reviews per agent; the last month's estimates by each method, and the truth."""
    scale = EstimateOptions().scale
    past: list[tuple[AgentMonth, ...]] = []
    for number in range(MONTHS):
        month = simulate.month_of_calls(world, centre, generator, last=number == MONTHS - 1)
        model = learn_basis((), past, Quantity.SCORE, scale).model
        spread = np.sqrt(model.variance(month.machine))
        probability = simulate.active_probabilities(spread, n)
        picked = simulate.systematic(probability, month.position, generator)
        past.append(simulate.agent_months(month, probability, picked, f"{number}"))
    even = np.full(month.human.shape, n / world.calls)
    anyhow = np.argsort(generator.random(month.human.shape), axis=1)
    plain = simulate.agent_months(month, even, simulate.systematic(even, anyhow, generator), "plain")
    found = {
        "textbook z": textbook(plain),
        "direct": estimates(past, rolling=False),
        "rolling": estimates(past, rolling=True),
    }
    return found, month.truth


def study(
    world: simulate.World, n: int, *, populations: int, replicates: int, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """Coverage, coverage among the worst tenth of agents, and mean half width, by method."""
    rows: dict[str, list[tuple[bool, bool, float]]] = {}
    for population in range(populations):
        generator = np.random.default_rng([seed, population])
        centre = simulate.population(world, generator)
        for _ in range(replicates):
            found, truth = one_run(world, centre, n, generator)
            worst = truth <= np.quantile(truth, 0.1)
            for method, pairs in found.items():
                for (value, half), true, is_worst in zip(pairs, truth, worst, strict=True):
                    rows.setdefault(method, []).append((abs(value - true) <= half, bool(is_worst), half))
    result = {}
    for method, row in rows.items():
        hit, bad, half = (np.array(column, dtype=np.float64) for column in zip(*row, strict=True))
        result[method] = (float(hit.mean()), float(hit[bad == 1].mean()), float(half.mean()))
    return result


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=25)
    parser.add_argument("--populations", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| correlation | reviews a month | method | coverage | worst tenth | half width |")
    print("|---|---|---|---|---|---|", flush=True)
    held = True
    for rho in (0.5, 0.7, 0.8, 0.9):
        world = simulate.world_with_correlation(rho)
        for n in (4, 9, {0.5: 22, 0.7: 13, 0.8: 20, 0.9: 6}[rho]):
            table = study(world, n, populations=options.populations, replicates=options.replicates, seed=options.seed)
            for method, (coverage, worst, half) in table.items():
                print(f"| {rho} | {n} | {method} | {coverage:.3f} | {worst:.3f} | {half:.2f} |", flush=True)
            coverage, worst, half = table["direct"]
            if rho == 0.8 and n == 4:
                held = held and coverage >= 0.94
            if rho == 0.8 and n == 9:
                held = held and 0.94 <= coverage <= 0.985 and worst >= 0.93 and half <= 3.05
    print("claims hold" if held else "A CLAIM DOES NOT HOLD")
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
