"""A month's estimates of a large centre: seconds and memory.

    python -m benchmarks.estimates --agents 2000 --calls 9000

Exit code 1 when it takes more than 60 s of processor time or 2 GB.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from quality.agent_month import AgentMonth, Quantity, reviews_from
from quality.estimates import EstimateOptions, estimate_agents

MOST_SECONDS, MOST_BYTES = 60.0, 2e9


def made_up_month(agents: int, calls: int, n: int, seed: int) -> list[AgentMonth]:
    """Months with plausible scores; only size matters here."""
    generator = np.random.default_rng(seed)
    months = []
    for agent in range(agents):
        machine = 100.0 - generator.choice(np.array([0.0, 0, 0, 3, 5, 8, 15, 40]), calls)
        drawn = generator.permutation(calls)[:n]
        human = np.clip(machine[drawn] + generator.normal(0, 6, n), 0, 100)
        probability = np.full(calls, n / calls)
        months.append(
            AgentMonth(
                f"{agent:05d}", f"{seed}", machine, probability, reviews_from(machine[drawn], human, probability[drawn])
            )
        )
    return months


def main() -> int:
    """Estimate score, pass rate and fatal rate, and print the cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=9000)
    parser.add_argument("--reviews", type=int, default=9)
    options = parser.parse_args()
    past = made_up_month(options.agents, 10, min(options.reviews, 9), 1)
    current = made_up_month(options.agents, options.calls, options.reviews, 2)
    began = time.process_time()
    for quantity in Quantity:
        report = estimate_agents(current, [past], quantity, EstimateOptions())
        print(f"{quantity.value}: {sum(one.interval is not None for one in report.estimates)} agents estimated")
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{options.agents} agents x {options.calls} calls: {seconds:.1f} s processor time, peak {peak / 1e9:.2f} GB")
    return 0 if seconds <= MOST_SECONDS and peak <= MOST_BYTES else 1


if __name__ == "__main__":
    raise SystemExit(main())
