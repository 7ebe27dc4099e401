"""A made-up call centre whose truth is known, so that intervals can be checked: do 95 % of them cover?

100 agents, 1,200 calls a month each, a form of 13 items worth 100 points. Items fail together (a bad call is bad in
several ways), so scores are what they are in real centres: about half of all calls at 100, a long tail below, a
standard deviation within agents of about 10, a skew of about -3. The machine marks the same form: it misses some
failures and finds some that are not there, more so for some agents than for others. Everything follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from quality.agent_month import AgentMonth, Bools, Floats, Ints, Reviews, reviews_from

ITEM_POINTS = np.array([40.0, 7.0, 7.0, 6.0, 6.0, 6.0, 5.0, 5.0, 5.0, 4.0, 4.0, 3.0, 2.0])
"""Points of the form's items; the first is the fatal one."""

ITEM_RATES = np.array([0.006, *[0.055] * 12])
"""How often each item fails for the average agent in a call of average difficulty."""

AGENT_SD, CALL_SD, BIAS_SD = 0.35, 1.2, 0.3
"""On the logit scale: how agents differ, how calls differ, how the machine's false alarms differ between agents."""

MONTH_SD = 0.15
"""On the logit scale: how an agent's own months differ, in ability and in the machine's bias."""

DIFFICULTY_KNOWN = 0.35
"""The share of the calls' variance that goes with application type, length and time of day."""


@dataclass(frozen=True, slots=True)
class World:
    """Size and character of the made-up centre.

    ``error`` is the machine's: the failures that it invents, as a share of the true ones, in the average call;
    ``miss_share`` times that is the share of the true ones that it misses. ``clustering`` says how much its errors
    crowd into the calls that it hears badly (sd of their logarithm; 0: spread evenly). The share ``shocked`` of the
    agents becomes worse by ``shock`` (log odds) in the last month. ``steady_noise`` makes a machine of another kind:
    the human score plus noise of this sd, the same everywhere, instead of a machine that marks items.
    """

    agents: int = 100
    calls: int = 1200
    error: float = 0.2
    miss_share: float = 0.1
    clustering: float = 1.2
    shocked: float = 0.0
    shock: float = 0.8
    steady_noise: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    """The agents of one population: ability, and the machine's bias, as log odds."""

    ability: Floats
    bias: Floats
    shocked: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """One month of all agents: arrays of shape (agents, calls).

    ``position`` orders the calls of each agent by application type, then length, then time (each inside the other, back
    and forth), as the queue draw does.
    """

    human: Floats
    machine: Floats
    fatal: Bools
    position: Ints

    @property
    def truth(self) -> Floats:
        """Each agent's mean, had a person scored every call."""
        truth: Floats = self.human.mean(axis=1)
        return truth


def population(world: World, generator: np.random.Generator) -> Centre:
    """Draw the agents."""
    ability = generator.normal(0, AGENT_SD, world.agents)
    bias = generator.normal(0, BIAS_SD, world.agents)
    return Centre(ability, bias, generator.permutation(world.agents) < round(world.shocked * world.agents))


def month_of_calls(world: World, centre: Centre, generator: np.random.Generator, *, last: bool = True) -> Month:
    """Draw one month of calls and have both the person and the machine mark every one."""
    shape = (world.agents, world.calls)
    application = generator.integers(0, 4, shape)
    length = generator.normal(0, 1, shape)
    hour = generator.random(shape)
    known = np.array([-1.2, -0.3, 0.4, 1.1])[application] + 0.5 * length + np.where(hour > 0.75, 0.6, -0.2)
    known = (known - known.mean()) / known.std()
    difficulty = CALL_SD * (
        np.sqrt(DIFFICULTY_KNOWN) * known + np.sqrt(1 - DIFFICULTY_KNOWN) * generator.normal(0, 1, shape)
    )
    level = centre.ability + generator.normal(0, MONTH_SD, world.agents)
    bias = centre.bias + generator.normal(0, MONTH_SD, world.agents)
    if last:
        level = level + world.shock * centre.shocked
    failed = generator.random((*shape, ITEM_POINTS.size)) < expit(
        logit(ITEM_RATES) + (level[:, None] + difficulty)[..., None]
    )
    human = 100.0 - failed @ ITEM_POINTS
    if world.steady_noise is None:
        draws = generator.random((*shape, ITEM_POINTS.size))
        badly_heard = world.error * np.exp(world.clustering * generator.normal(0, 1, shape) - world.clustering**2 / 2)
        missed = np.minimum(world.miss_share * badly_heard, 0.95)[..., None]
        invented = (badly_heard * np.exp(bias)[:, None])[..., None] * failed.mean(axis=(0, 1))
        marked = np.where(failed, draws >= missed, draws < np.minimum(invented, 0.9))
        machine = 100.0 - marked @ ITEM_POINTS
    else:
        noise = generator.normal(0, world.steady_noise, shape) + 3 * bias[:, None]
        machine = np.clip(human + noise, 0, 100)
    return Month(human, machine, failed[..., 0], _serpentine(application, length, hour))


def _serpentine(application: Ints, length: Floats, hour: Floats) -> Ints:
    """Order of the calls: by application, by length class (up, then down), by hour (up, then down)."""
    long = np.digitize(length, (-0.67, 0.0, 0.67))
    long = np.where(application % 2 == 0, long, 3 - long)
    stripe = application * 4 + long
    return np.argsort(stripe * 2 + np.where(stripe % 2 == 0, hour, 1 - hour), axis=1)


def correlation_within(month: Month) -> float:
    """The correlation of machine and human score within agents, over all calls."""
    x = month.machine - month.machine.mean(axis=1, keepdims=True)
    y = month.human - month.human.mean(axis=1, keepdims=True)
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))


def world_with_correlation(target: float, *, seed: int = 0, steady: bool = False, **character: float) -> World:
    """The world in which machine and human score correlate as wanted (to about .005), found by bisection."""
    base = replace(World(), **character)  # type: ignore[arg-type]  # the caller names fields of World
    low, high = (0.1, 60.0) if steady else (0.001, 8.0)
    for _ in range(15):
        middle = (low + high) / 2
        world = replace(base, steady_noise=middle) if steady else replace(base, error=middle)
        generator = np.random.default_rng(seed)
        month = month_of_calls(world, population(world, generator), generator)
        low, high = (middle, high) if correlation_within(month) > target else (low, middle)
    return replace(base, steady_noise=middle) if steady else replace(base, error=middle)


def systematic(probability: Floats, position: Ints, generator: np.random.Generator) -> Bools:
    """Systematic sampling with unequal probabilities in the given order, a random start for each agent."""
    ordered = np.take_along_axis(probability, position, axis=1)
    reached = ordered.cumsum(axis=1) + generator.random((ordered.shape[0], 1))
    steps = np.floor(reached)
    before = np.concatenate([np.floor(reached[:, :1] - ordered[:, :1]), steps[:, :-1]], axis=1)
    picked = np.zeros(probability.shape, dtype=np.bool_)
    np.put_along_axis(picked, position, steps > before, axis=1)
    return picked


def active_probabilities(spread: Floats, n: float, *, uniform: float = 0.3) -> Floats:
    """Probabilities in proportion to the residual spread, with a uniform floor, n picks expected for each agent."""
    calls = spread.shape[1]
    share = (1 - uniform) * spread / spread.sum(axis=1, keepdims=True) + uniform / calls
    probability: Floats = np.minimum(n * share, 1.0)
    return probability


def agent_months(month: Month, probability: Floats, picked: Bools, name: str) -> tuple[AgentMonth, ...]:
    """The month as the estimators take it: one value for each agent."""
    return tuple(
        AgentMonth(
            agent=f"{agent:04d}",
            month=name,
            machine=month.machine[agent],
            probability=probability[agent],
            reviews=_reviews(month, probability, picked, agent),
        )
        for agent in range(month.human.shape[0])
    )


def _reviews(month: Month, probability: Floats, picked: Bools, agent: int) -> Reviews:
    drawn = picked[agent]
    return reviews_from(
        month.machine[agent][drawn], month.human[agent][drawn], probability[agent][drawn], month.fatal[agent][drawn]
    )
