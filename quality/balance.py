"""Is a sample like the agent's own calls? The MITLA check: Measurements, Index, Time, Length, Application type.

A sample is compared with the mix of the same agent's calls, never with other agents'. The difference in each class is
a standardised mean difference (SMD) with the sample weighted by inverse probability (Hájek). The textbook's limit of
0.1 holds for pools of 400 calls and more: ten calls differ by 0.25 on average when nothing is wrong. So the yardstick
is chance itself: the same sampler run again under other seeds, or, for calls picked by hand, random picks of as many.
Over all agents and dimensions the false-discovery rate is held at 10 % (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from statsmodels.stats.multitest import multipletests

from pipeline.errors import StatisticsError
from quality.draw import SIZE_UNIT, Frame, Seed, line_order
from quality.types import PROBABILITY_UNIT

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FALSE_DISCOVERY_RATE = 0.1

REDRAWS = 999
ORDERS = 37
"""The redraws use 37 orders of ties with 27 starts each: the start decides nearly everything, the order little."""

HAND_DRAWS = 9999

POOL_FOR_LIMIT = 400
"""Calls from which on the textbook's limit of 0.1 means something."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to look at calls: the classes, and the class of each call by its index."""

    name: str
    levels: tuple[str, ...]
    classes: Integers


@dataclass(frozen=True, slots=True)
class Lines:
    """What a redraw needs of an agent's calls.

    Attributes:
        ids: recordings' ids.
        lines: the sampler that passed the call: 0 for the month, 1 and up for its supplements.
        blocks: number that grows by one with each day of each batch; the order of passing.
        applications, hours, durations_s: as in ``quality.draw.Frame``.
        probabilities_e9: inclusion probability in units of 1e-9.
        certain: calls of the must and risk lanes.
        picked: what the draw took, the certain calls among them.
    """

    ids: npt.NDArray[np.bytes_]
    lines: Integers
    blocks: Integers
    applications: Integers
    hours: Integers
    durations_s: Floats
    probabilities_e9: Integers
    certain: Flags
    picked: Flags


@dataclass(frozen=True, slots=True)
class Margin:
    """One class: its share of all calls and of the (weighted) sample; ``smd`` None where all or no calls are in it."""

    dimension: str
    level: str
    of_calls: float
    of_sample: float
    smd: float | None


@dataclass(frozen=True, slots=True)
class Check:
    """One dimension: mean absolute SMD over its classes, how often chance gives as much, and whether it stands out.

    All None where every call is in the same class, so that nothing can be out of balance.
    """

    dimension: str
    mean_smd: float | None
    p_value: float | None
    q_value: float | None = None
    unusual: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """The check of one agent's sample, or of one person's picks.

    ``reason`` says why nothing could be checked; then there are no checks.
    """

    name: str
    calls: int
    sample: int
    checks: tuple[Check, ...] = ()
    margins: tuple[Margin, ...] = ()
    reason: str | None = None

    @property
    def unusual(self) -> tuple[str, ...]:
        """The dimensions that stand out."""
        return tuple(check.dimension for check in self.checks if check.unusual)


def check_draw(
    name: str,
    dimensions: Sequence[Dimension],
    lines: Lines,
    taken: Flags,
    *,
    redraws: int = REDRAWS,
) -> Balance:
    """Compare a drawn sample with all calls of its agent.

    Args:
        name: the agent.
        dimensions: the classes of every call.
        lines: how the calls were drawn.
        taken: the sample: the calls picked, or those of them that somebody has heard. Where some are missing, each
            redraw leaves out the same share at random: hearing only some of the picks must be no choice either.
        redraws: draws under other seeds.

    Raises:
        StatisticsError: the columns differ in length, or a probability is not more than 0.
    """
    count = len(lines.ids)
    _same_length(count, dimensions, taken)
    if count and lines.probabilities_e9.min() < 1:
        raise StatisticsError(f"agent {name!r}: a call has probability 0; expected more than 0 for every call.")
    early = _nothing_to_compare(name, count, int(taken.sum()))
    if early:
        return early
    if (taken & ~lines.picked).any():
        raise StatisticsError(f"agent {name!r}: a call of the sample was not picked by the draw; expected picks alone.")
    weights = PROBABILITY_UNIT / lines.probabilities_e9
    design = _Design(dimensions)
    rows = np.flatnonzero(taken)
    seen = design.shares(rows, weights[rows])
    chance = np.array([design.shares(picks, weights[picks]) for picks in _redrawn(lines, taken, redraws)])
    return design.judged(name, seen, chance, int(taken.sum()))


def pooled_margins(dimensions: Sequence[Dimension], probabilities_e9: Integers, taken: Flags) -> tuple[Margin, ...]:
    """The margins of all agents' samples together; their SMD means something from ``POOL_FOR_LIMIT`` calls on.

    Raises:
        StatisticsError: the columns differ in length.
    """
    _same_length(len(probabilities_e9), dimensions, taken)
    rows = np.flatnonzero(taken)
    if not rows.size:
        return ()
    design = _Design(dimensions)
    seen = design.shares(rows, PROBABILITY_UNIT / probabilities_e9[rows])
    return design.judged("all", seen, seen[None, :], int(rows.size)).margins


def check_hand_picks(
    name: str,
    dimensions: Sequence[Dimension],
    agents: Integers,
    picked: Flags,
    *,
    draws: int = HAND_DRAWS,
    seed: int = 0,
) -> Balance:
    """Compare calls that a person picked with random picks of as many calls of the same agents.

    Args:
        name: who picked.
        dimensions: the classes of every call of the agents concerned.
        agents: the agent of each call, as a code.
        picked: the calls on the list.
        draws: random picks to compare with (multinomial, for each agent as many calls as the list has).
        seed: of the comparison, so that a report can be repeated.

    Raises:
        StatisticsError: the columns differ in length.
    """
    _same_length(len(agents), dimensions, picked)
    concerned = np.isin(agents, agents[picked])
    picked, agents = picked[concerned], agents[concerned]
    dimensions = [replace(one, classes=one.classes[concerned]) for one in dimensions]
    early = _nothing_to_compare(name, len(agents), int(picked.sum()))
    if early:
        return early
    _, codes = np.unique(agents, return_inverse=True)
    per_agent = np.bincount(codes[picked], minlength=int(codes.max()) + 1)
    # The yardstick is the mix that random picks of the same agents would have: agents in the list's proportions.
    weights = (per_agent / np.bincount(codes))[codes]
    design = _Design(dimensions, weights)
    seen = design.shares(np.flatnonzero(picked), np.ones(int(picked.sum())))
    random = np.random.default_rng(seed)
    chance = np.zeros((draws, design.columns))
    for number, one in enumerate(dimensions):
        width = len(one.levels)
        counts = np.zeros((draws, width))
        for agent, wanted in enumerate(per_agent):
            mix = np.bincount(one.classes[codes == agent], minlength=width)
            counts += random.multinomial(wanted, mix / mix.sum(), size=draws)
        chance[:, design.slice_of(number)] = counts / counts.sum(axis=1, keepdims=True)
    return design.judged(name, seen, chance, int(picked.sum()))


def with_false_discovery_control(found: Sequence[Balance], rate: float = FALSE_DISCOVERY_RATE) -> list[Balance]:
    """Mark the dimensions that stand out, with the share of false alarms among them held at ``rate`` over all."""
    p_values = [check.p_value for balance in found for check in balance.checks if check.p_value is not None]
    if not p_values:
        return list(found)
    unusual, q_values, _, _ = multipletests(p_values, alpha=rate, method="fdr_bh")
    marks = iter(zip(unusual.tolist(), q_values.tolist(), strict=True))

    def marked(check: Check) -> Check:
        if check.p_value is None:
            return check
        stands_out, q_value = next(marks)
        return replace(check, unusual=stands_out, q_value=q_value)

    return [replace(balance, checks=tuple(marked(check) for check in balance.checks)) for balance in found]


def in_classes(name: str, values: Floats, edges: Sequence[float], levels: Sequence[str]) -> Dimension:
    """Numbers as classes: below the first edge, from edge to edge, from the last; NaN is a class "unknown" if any.

    Raises:
        StatisticsError: levels do not fit the edges.
    """
    if len(levels) != len(edges) + 1:
        raise StatisticsError(f"dimension {name!r} has {len(levels)} levels for {len(edges)} edges; expected one more.")
    unknown = np.isnan(values)
    classes = np.where(unknown, len(levels), np.digitize(values, edges))
    return Dimension(name, (*levels, "unknown") if unknown.any() else tuple(levels), classes.astype(np.int64))


def by_name(name: str, values: Sequence[str], most: int = 6) -> Dimension:
    """Texts as classes: the most frequent ones, the rest together as "other"."""
    known, counts = np.unique(np.array(values, dtype=np.str_), return_counts=True)
    ranked = [str(text) for text in known[np.lexsort((known, -counts))]]
    kept = ranked[:most] if len(ranked) > most else ranked
    code = {text: number for number, text in enumerate(kept)}
    levels = tuple(text or "–" for text in kept)
    if len(ranked) > len(kept):
        levels = (*levels, "other")
    return Dimension(name, levels, np.array([code.get(text, len(kept)) for text in values], dtype=np.int64))


class _Design:
    """The classes of all calls side by side, with the shares that a sample should have."""

    def __init__(self, dimensions: Sequence[Dimension], weights: Floats | None = None) -> None:
        self.dimensions = dimensions
        self.ends = np.cumsum([len(one.levels) for one in dimensions])
        self.columns = int(self.ends[-1]) if len(self.ends) else 0
        count = len(dimensions[0].classes)
        self.indicators = np.zeros((count, self.columns))
        for number, one in enumerate(dimensions):
            self.indicators[np.arange(count), self.slice_of(number).start + one.classes] = 1.0
        self.calls = count
        shares = np.average(self.indicators, axis=0, weights=weights)
        self.wanted = shares
        self.spread = np.sqrt(np.clip(shares * (1 - shares), 0.0, None))
        # Shares come from sums of floats, so nothing and everything are so only nearly.
        self.varies = (shares > 1e-9) & (shares < 1 - 1e-9)

    def slice_of(self, number: int) -> slice:
        return slice(int(self.ends[number]) - len(self.dimensions[number].levels), int(self.ends[number]))

    def shares(self, rows: Integers, weights: Floats) -> Floats:
        # A redraw that picks nothing cannot differ from anything; it counts as if it agreed.
        if not rows.size:
            return self.wanted
        result: Floats = weights @ self.indicators[rows] / weights.sum()
        return result

    def judged(self, name: str, seen: Floats, chance: Floats, sample: int) -> Balance:
        spread = np.where(self.varies, self.spread, 1.0)
        differences, by_chance = (seen - self.wanted) / spread, (chance - self.wanted) / spread
        checks, margins = [], []
        for number, one in enumerate(self.dimensions):
            part = self.slice_of(number)
            varies = self.varies[part]
            for level, of_calls, of_sample, smd, real in zip(
                one.levels, self.wanted[part], seen[part], differences[part], varies, strict=True
            ):
                margins.append(Margin(one.name, level, float(of_calls), float(of_sample), float(smd) if real else None))
            if not varies.any():
                checks.append(Check(one.name, None, None))
                continue
            own = float(np.abs(differences[part][varies]).mean())
            others = np.abs(by_chance[:, part][:, varies]).mean(axis=1)
            # Within rounding, as far from the mix as chance goes counts as chance.
            p_value = (1 + int((others >= own - 1e-12).sum())) / (1 + len(others))
            checks.append(Check(one.name, own, p_value))
        return Balance(name, self.calls, sample, tuple(checks), tuple(margins))


def _redrawn(lines: Lines, taken: Flags, redraws: int) -> list[Integers]:
    """The samples of the same sampler under other seeds, thinned to the share of the draw that was taken."""
    certain = np.flatnonzero(lines.certain)
    others = np.flatnonzero(~lines.certain)
    agents, numbers = np.unique(lines.lines[others], return_inverse=True)
    frame = Frame(
        ids=lines.ids[others],
        agents=numbers,
        agent_ids=tuple(f"{number:06d}" for number in range(len(agents))),
        applications=lines.applications[others],
        days=lines.blocks[others],
        hours=lines.hours[others],
        durations_s=lines.durations_s[others],
        sizes_e6=np.full(len(others), SIZE_UNIT),
        lanes=np.zeros(len(others), dtype=np.int64),
    )
    chances = lines.probabilities_e9[others]
    share = float((taken & lines.picked).sum()) / max(int(lines.picked.sum()), 1)
    thinning = np.random.default_rng(len(others))
    samples: list[Integers] = []
    for number in range(-(-redraws // ORDERS) * ORDERS):
        if number % (-(-redraws // ORDERS)) == 0:
            seed = Seed(b"other seeds, to compare with: %06d" % number)
            order = line_order(frame, seed)
            ends = np.cumsum(np.bincount(numbers, minlength=len(agents)))
            passed = [(line, np.cumsum(chances[line])) for line in np.split(order, ends[:-1]) if line.size]
        picks = [certain]
        for position, (line, total) in enumerate(passed):
            start = seed.start_e9(str(number), str(position))
            wholes = np.arange(1, (int(total[-1]) + start) // PROBABILITY_UNIT + 1) * PROBABILITY_UNIT - start
            picks.append(others[line[np.searchsorted(total, wholes)]])
        rows = np.concatenate(picks)
        if share < 1.0:
            keep = max(round(share * len(rows)), 1)
            rows = thinning.permutation(rows)[:keep]
        samples.append(rows)
    return samples[:redraws]


def _same_length(count: int, dimensions: Sequence[Dimension], flags: Flags) -> None:
    if not dimensions:
        raise StatisticsError("there are no dimensions to compare; expected one or more.")
    if any(len(one.classes) != count for one in dimensions) or len(flags) != count:
        raise StatisticsError("the columns differ in length; expected one entry for each call.")


def _nothing_to_compare(name: str, calls: int, sample: int) -> Balance | None:
    if not calls:
        return Balance(name, 0, 0, reason="there are no calls")
    if not sample:
        return Balance(name, calls, 0, reason="no call is in the sample")
    return None
