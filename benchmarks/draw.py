"""The queue draw measured: inclusion frequencies over many seeds, and a month of a large centre on one core.

``python -m benchmarks.draw`` prints both; times are processor seconds, since the machine may be shared.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
from dataclasses import replace

import numpy as np

from quality.draw import PROBABILITY, Frame, Samplers, Seed, draw_batch, rate_e9
from quality.sizes import COLD_START
from quality.types import PROBABILITY_UNIT

MONTH = "2026-03"


def calls_of_a_day(random: np.random.Generator, day: int, agents: int, calls_each: int) -> Frame:
    """One day of a made-up centre: skewed scores, four application types, short calls among them."""
    count = agents * calls_each
    scores = np.where(random.random(count) < 0.48, 100.0, 100.0 - random.gamma(1.0, 12.0, count).clip(0, 100))
    durations = random.lognormal(5.0, 0.9, count)
    numbers = np.arange(count, dtype=np.uint64) + np.uint64(day * count)
    # Recording ids are 32 hexadecimal digits.
    ids = _hexadecimal(numbers)
    return Frame(
        ids=ids,
        agents=np.repeat(np.arange(agents), calls_each),
        agent_ids=tuple(f"A{number:05d}" for number in range(agents)),
        applications=random.choice(4, count, p=[0.5, 0.3, 0.15, 0.05]),
        days=np.full(count, day),
        hours=random.integers(8, 21, count),
        durations_s=durations,
        sizes_e6=COLD_START.sizes(scores, (durations < 60) & (random.random(count) < 0.1)),
        lanes=np.where(random.random(count) < 0.01, 1, PROBABILITY),
    )


def _hexadecimal(numbers: np.ndarray) -> np.ndarray:
    shifts = np.arange(124, -4, -4)
    digits = np.where(shifts < 64, (numbers[:, None] >> np.minimum(shifts, 63).astype(np.uint64)) & np.uint64(15), 0)
    return np.frombuffer(b"0123456789abcdef", dtype="S1")[digits].view("S32").ravel()


def samplers_for(frame: Frame, seed: Seed, target: float, days: int) -> Samplers:
    """Samplers with the forecast that the first day gives."""
    chance = frame.lanes == PROBABILITY
    sums = np.bincount(frame.agents[chance], frame.sizes_e6[chance], minlength=len(frame.agent_ids))
    return Samplers(
        rates_e9=np.array([rate_e9(target, int(total) * days) for total in sums], dtype=np.int64),
        starts_e9=np.array([seed.start_e9(agent, MONTH) for agent in frame.agent_ids], dtype=np.int64),
        cumulated_e9=np.zeros(len(frame.agent_ids), dtype=np.int64),
    )


def measure_frequencies(seeds: int) -> bool:
    """Print how inclusion frequencies compare with the probabilities; True when within the limits."""
    frame = calls_of_a_day(np.random.default_rng(1), 0, 1, 661)
    frame = replace(frame, days=np.sort(np.random.default_rng(2).integers(0, 22, 661)))
    frame = replace(frame, lanes=np.zeros(661, dtype=np.int64))
    hits, sizes = np.zeros(661), []
    for number in range(seeds):
        seed = Seed(b"benchmark seed %016d" % number)
        drawn = draw_batch(frame, samplers_for(frame, seed, 10.13, 1), seed)
        hits += drawn.picked
        sizes.append(int(drawn.picked.sum()))
    chances = drawn.probabilities_e9 / PROBABILITY_UNIT
    z = (hits / seeds - chances) / np.sqrt(chances * (1 - chances) / seeds)
    expected = float(chances.sum())
    print(f"inclusion frequencies, {seeds} seeds, 661 calls, expectation {expected:.4f} calls")
    print(f"  z of the frequencies: mean {z.mean():+.4f}, sd {z.std():.3f} (limits 0.93 to 1.10)")
    print(f"  sample sizes: {sorted(set(sizes))}, mean {np.mean(sizes):.4f}")
    return bool(0.93 <= z.std() <= 1.10) and set(sizes) <= {math.floor(expected), math.ceil(expected)}


def measure_month(agents: int, calls_each: int, days: int) -> bool:
    """Print time and memory of a month's draw in daily batches; True when within the limits."""
    random, seed = np.random.default_rng(3), Seed(b"benchmark seed of a month")
    samplers, spent, picked, calls = None, 0.0, 0, 0
    for day in range(days):
        frame = calls_of_a_day(random, day, agents, calls_each)
        samplers = samplers or samplers_for(frame, seed, 9.0, days)
        begin = time.process_time()
        frame = replace(frame)  # the checks of a frame count too
        drawn = draw_batch(frame, samplers, seed)
        spent += time.process_time() - begin
        samplers = replace(samplers, cumulated_e9=drawn.cumulated_e9)
        picked += int((drawn.picked & (frame.lanes == PROBABILITY)).sum())
        calls += len(frame.ids)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"a month of {agents} agents with {calls_each} calls a day, {days} days: {calls:,} calls")
    print(f"  {spent:.1f} s of one core (limit 60), {spent / calls * 1e6:.2f} us a call")
    print(f"  {memory:.2f} GB at most (limit 2), {picked:,} picks in the probability lane")
    return spent < 60 and memory < 2


def main() -> int:
    """Measure, print, and return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4000)
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--days", type=int, default=30)
    wanted = parser.parse_args()
    held = [measure_frequencies(wanted.seeds), measure_month(wanted.agents, wanted.calls, wanted.days)]
    print("within the limits" if all(held) else "NOT within the limits")
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
