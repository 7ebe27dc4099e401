"""Made-up months of calls for tests of the draw."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from quality.draw import MUST, PROBABILITY, RISK, Drawn, Frame, Samplers, Seed, draw_batch, rate_e9
from quality.sizes import COLD_START

MONTH = "2026-03"


def a_month(calls: int = 661, agents: int = 1, days: int = 22, seed: int = 1, certain: float = 0.02) -> Frame:
    """Calls of a month: skewed scores, four application types, short calls among them."""
    random = np.random.default_rng(seed)
    scores = np.where(random.random(calls) < 0.48, 100.0, 100.0 - random.gamma(1.0, 12.0, calls).clip(0, 100))
    durations = random.lognormal(5.0, 0.9, calls)
    return Frame(
        ids=np.array([f"{number:08x}".encode() for number in random.permutation(calls)]),
        agents=random.integers(0, agents, calls),
        agent_ids=tuple(f"A{number:03d}" for number in range(agents)),
        applications=random.choice(4, calls, p=[0.5, 0.3, 0.15, 0.05]),
        days=random.integers(0, days, calls),
        hours=random.integers(8, 21, calls),
        durations_s=np.where(random.random(calls) < 0.02, np.nan, durations),
        sizes_e6=COLD_START.sizes(scores, (durations < 60) & (random.random(calls) < 0.1)),
        lanes=random.choice([PROBABILITY, MUST, RISK], calls, p=[1 - 2 * certain, certain, certain]),
    )


def fresh(frame: Frame, seed: Seed, target: float = 10.13, forecast: Frame | None = None) -> Samplers:
    """Samplers at the beginning of a month, with the target for every agent."""
    known = forecast or frame
    chance = known.lanes == PROBABILITY
    sums = np.bincount(known.agents[chance], known.sizes_e6[chance], minlength=len(frame.agent_ids))
    return Samplers(
        rates_e9=np.array([rate_e9(target, int(total)) for total in sums], dtype=np.int64),
        starts_e9=np.array([seed.start_e9(agent, MONTH) for agent in frame.agent_ids], dtype=np.int64),
        cumulated_e9=np.zeros(len(frame.agent_ids), dtype=np.int64),
    )


def rows(frame: Frame, chosen: np.ndarray) -> Frame:
    """Some of a frame's calls, in the order given."""
    columns = {field.name: getattr(frame, field.name)[chosen] for field in fields(frame) if field.name != "agent_ids"}
    return replace(frame, **columns)


def drawn_by_id(frame: Frame, drawn: Drawn) -> dict[bytes, tuple[bool, int]]:
    """Picked or not, and probability, by call."""
    return dict(
        zip(frame.ids.tolist(), zip(drawn.picked.tolist(), drawn.probabilities_e9.tolist(), strict=True), strict=True)
    )


def in_daily_batches(frame: Frame, samplers: Samplers, seed: Seed) -> dict[bytes, tuple[bool, int]]:
    """The same month, drawn night by night."""
    found: dict[bytes, tuple[bool, int]] = {}
    for day in np.unique(frame.days):
        batch = rows(frame, np.flatnonzero(frame.days == day))
        drawn = draw_batch(batch, samplers, seed)
        found.update(drawn_by_id(batch, drawn))
        samplers = replace(samplers, cumulated_e9=drawn.cumulated_e9)
    return found
