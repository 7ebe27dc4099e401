"""The log of a month's draws replayed: whoever holds the seed can show that nobody chose, dropped or changed a pick."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows import draw_seed
from pipeline.errors import UsageError
from quality.draw import SIZE_UNIT, Seed
from quality.types import PROBABILITY_UNIT, Lane
from store import draws

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found: ``differences`` names recordings whose log is not what the seed gives, and how."""

    month: str
    batches: int
    calls: int
    picked: int
    differences: tuple[tuple[str, str], ...]


def replay_month(month: str, seed_file: Path) -> Replay:
    """Draw a month again from its log and compare.

    Raises:
        UsageError: the month was not drawn.
    """
    if draws.month_of_draws(month) is None:
        raise UsageError(f"month {month} was not drawn; expected one with draws. Run `tingjian queue draw` first.")
    rates: dict[int, dict[str, int]] = {}
    sums: dict[tuple[int, str], int] = {}
    seeds: dict[str, Seed] = {}
    batches = calls = picked = 0
    differences: list[tuple[str, str]] = []
    for stratum, seed_id, log in draws.logs_of_month(month):
        batches += 1
        if stratum not in rates:
            rates[stratum] = {agent: line.rate_e9 for agent, line in draws.samplers(month, stratum).items()}
        if seed_id not in seeds:
            seeds[seed_id] = draw_seed.seed_of_id(seed_file, seed_id)
        for call in log:
            calls += 1
            picked += call.picked
            if call.lane != Lane.PROBABILITY.value:
                if not call.picked or call.probability_e9 != PROBABILITY_UNIT:
                    differences.append((call.recording_id, "a certain call that is not certain"))
                continue
            rate = min(rates[stratum][call.agent_id], PROBABILITY_UNIT)
            chance = min(max(rate * call.size_e6 // SIZE_UNIT, 1), PROBABILITY_UNIT)
            if chance != call.probability_e9:
                differences.append((call.recording_id, "another probability than rate and size give"))
            key = (stratum, call.agent_id)
            before = sums.setdefault(key, seeds[seed_id].start_e9(call.agent_id, month, stratum))
            sums[key] = before + chance
            hit = sums[key] // PROBABILITY_UNIT > before // PROBABILITY_UNIT
            if hit != call.picked:
                differences.append((call.recording_id, "picked" if call.picked else "not picked"))
    return Replay(month, batches, calls, picked, tuple(differences))
