"""The queue draw: systematic sampling with probability proportional to size over each agent's month, batch by batch.

For each agent and month the inclusion probabilities of the calls are laid end to end on a line that begins at a secret
random start; a call is picked when its stretch holds a whole number (Madow 1949; Särndal, Swensson and Wretman, Model
Assisted Survey Sampling, 3.6.1). So the number of picks is the sum of the probabilities rounded down or up, each call
has exactly its probability, and a batch that comes later goes on where the line ended: it never changes an earlier
pick. The order on the line (application type, length, time, each serpentine) spreads the sample over the agent's own
mix of calls. Start and ties come from a keyed hash, so a draw can be replayed by whoever holds the seed and foreseen by
nobody else. All arithmetic is in whole units of 1e-9.

Nothing is excluded: length is used for the order alone, so a call of five seconds has its chance like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.errors import StatisticsError
from quality.types import PROBABILITY_UNIT, Lane

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.bytes_]
Floats = npt.NDArray[np.float64]

SIZE_UNIT = 1_000_000
"""Sizes are whole numbers of 1e-6."""

LENGTH_EDGES_S = (60.0, 180.0, 300.0, 600.0)
"""Ends of the length classes by which calls are ordered: under one minute, one to three, three to five, to ten, more.
A call of unknown length is in a class of its own behind them."""

LANES = (Lane.PROBABILITY, Lane.MUST, Lane.RISK)
"""Lanes by the code that a frame holds."""
PROBABILITY, MUST, RISK = range(3)

SHORTEST_SEED = 16


class Seed:
    """The secret of a draw: 16 bytes or more, named in logs by ``id`` alone."""

    def __init__(self, secret: bytes) -> None:
        """Prepare the keyed hash (HMAC-SHA-256)."""
        if len(secret) < SHORTEST_SEED:
            raise StatisticsError(
                f"the seed has {len(secret)} bytes; expected {SHORTEST_SEED} or more, so that nobody can guess it."
            )
        block = (secret if len(secret) <= 64 else hashlib.sha256(secret).digest()).ljust(64, b"\0")
        # The two halves of HMAC (RFC 2104) with the key taken in once: three times as fast over millions of calls.
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
        self.id = self.digest(b"id").hex()[:12]

    def digest(self, message: bytes) -> bytes:
        """HMAC-SHA-256 of a message under the seed."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    def start_e9(self, agent_id: str, month: str, stratum: int = 0) -> int:
        """The random start of an agent's month, 0 to 999,999,999."""
        message = b"\0".join((b"start", agent_id.encode(), month.encode(), str(stratum).encode()))
        return int.from_bytes(self.digest(message)[:16], "big") % PROBABILITY_UNIT

    def order(self, keys: Iterable[bytes]) -> npt.NDArray[np.uint64]:
        """A random-looking number for each call id, the same for the same id."""
        digest = self.digest
        joined = b"".join([digest(b"order\0" + key)[:8] for key in keys])
        return np.frombuffer(joined, dtype=">u8").astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Frame:
    """One batch of calls to draw from, as arrays of one entry for each call, in any order.

    Attributes:
        ids: the recordings' ids; no two are equal.
        agents: index into ``agent_ids``.
        agent_ids: the agents; sorted, so that the log's order does not hang on the input's.
        applications: index into an alphabetical list of application types.
        days: day of the call, as a number that grows by one a day.
        hours: hour of the day, 0 to 23.
        durations_s: length, NaN where unknown.
        sizes_e6: size in units of 1e-6, at least 1.
        lanes: PROBABILITY, MUST or RISK, fixed before the draw.
    """

    ids: Keys
    agents: Integers
    agent_ids: tuple[str, ...]
    applications: Integers
    days: Integers
    hours: Integers
    durations_s: Floats
    sizes_e6: Integers
    lanes: Integers

    def __post_init__(self) -> None:
        """Refuse what would draw wrongly: arrays of different length, a size of nothing, an id that comes twice."""
        count = len(self.ids)
        columns = (self.agents, self.applications, self.days, self.hours, self.durations_s, self.sizes_e6, self.lanes)
        if any(column.shape != (count,) for column in columns):
            raise StatisticsError("a frame's columns differ in length; expected one entry for each call.")
        if list(self.agent_ids) != sorted(set(self.agent_ids)):
            raise StatisticsError("agent_ids are not sorted or not unique; expected each agent once, in order.")
        if count and (self.agents.min() < 0 or self.agents.max() >= len(self.agent_ids)):
            raise StatisticsError("a call's agent is not among agent_ids; expected an index into them.")
        if len(set(self.ids.tolist())) != count:
            raise StatisticsError("a call stands twice in one batch; expected each call once. Remove one of the two.")
        if count and self.sizes_e6.min() < 1:
            raise StatisticsError(
                "a call has size 0, so it could never be drawn; expected every size to be more than 0. "
                "Give it the smallest size instead."
            )


@dataclass(frozen=True, slots=True)
class Samplers:
    """How far each agent's line has come, one entry for each of the frame's agents.

    ``rates_e9`` is the inclusion probability of a call of size 1, frozen for the month; ``starts_e9`` the random
    start; ``cumulated_e9`` the sum of the probabilities passed. All in units of 1e-9.
    """

    rates_e9: Integers
    starts_e9: Integers
    cumulated_e9: Integers


@dataclass(frozen=True, slots=True)
class Drawn:
    """What became of a batch. The arrays follow the frame's order; ``order`` lists its rows as they were passed.

    ``cumulated_e9`` is each agent's sum after the batch: the beginning of the next one.
    """

    order: Integers
    probabilities_e9: Integers
    picked: Flags
    cumulated_e9: Integers


def draw_batch(frame: Frame, samplers: Samplers, seed: Seed) -> Drawn:
    """Pass one batch of calls over the agents' lines and say which are picked.

    Args:
        frame: the calls. Their order does not matter.
        samplers: where the agents' lines stand.
        seed: the seed that gave the starts.

    Raises:
        StatisticsError: an agent's rate is 0, or an id comes twice.
    """
    if samplers.rates_e9.shape != (len(frame.agent_ids),):
        raise StatisticsError("samplers and agents differ in number; expected one sampler for each agent.")
    if samplers.rates_e9.size and samplers.rates_e9.min() < 1:
        agent = frame.agent_ids[int(np.argmin(samplers.rates_e9))]
        raise StatisticsError(
            f"agent {agent!r}: the sampling rate is 0, so no call could be drawn; expected a target of more than "
            f"0 calls. Raise the target or leave the agent out of the plan by name."
        )
    if not len(frame.ids):
        nothing = np.zeros(0, dtype=np.int64)
        return Drawn(nothing, nothing, np.zeros(0, dtype=np.bool_), samplers.cumulated_e9.copy())
    order = line_order(frame, seed)
    by_chance = frame.lanes == PROBABILITY
    chances = np.where(by_chance, probabilities_e9(frame, samplers.rates_e9), PROBABILITY_UNIT)
    steps = np.where(by_chance, chances, 0)[order]
    agents = frame.agents[order]

    # One running sum over all agents; what stood before an agent's first call is taken off again.
    passed = np.concatenate(([0], np.cumsum(steps)))
    ends = np.cumsum(np.bincount(agents, minlength=len(frame.agent_ids)))
    starts = np.concatenate(([0], ends[:-1]))
    offset = samplers.starts_e9 + samplers.cumulated_e9 - passed[starts]
    after = passed[1:] + offset[agents]
    hit = after // PROBABILITY_UNIT > (after - steps) // PROBABILITY_UNIT

    picked = ~by_chance
    picked[order] |= hit
    return Drawn(order, chances, picked, samplers.cumulated_e9 + passed[ends] - passed[starts])


def probabilities_e9(frame: Frame, rates_e9: Integers) -> Integers:
    """Inclusion probability of each call in the probability lane: rate times size, at most 1, never 0."""
    # A rate above 1 makes every call certain; held there, the product stays within 63 bits.
    rates = np.minimum(rates_e9, PROBABILITY_UNIT)[frame.agents]
    return np.clip(rates * frame.sizes_e6 // SIZE_UNIT, 1, PROBABILITY_UNIT)


def rate_e9(target: float, forecast_e6: int) -> int:
    """The rate that gives ``target`` picks over calls whose sizes sum to ``forecast_e6``.

    Raises:
        StatisticsError: target or forecast is not more than 0.
    """
    if not target > 0 or forecast_e6 <= 0:
        raise StatisticsError(
            f"{target:g} calls are to be drawn from a forecast size of {forecast_e6 / SIZE_UNIT:g}; "
            f"expected both to be more than 0."
        )
    return max(1, round(target * PROBABILITY_UNIT) * SIZE_UNIT // forecast_e6)


def line_order(frame: Frame, seed: Seed) -> Integers:
    """The rows in the order in which they are passed: by agent and day, then type, length and hour, serpentine.

    The length runs up in one application type and down in the next, the hour up in one cell of both and down in the
    next, so that neighbours on the line are alike; equal calls follow the keyed hash of their ids.
    """
    if not len(frame.ids):
        return np.zeros(0, dtype=np.int64)
    lengths = np.digitize(frame.durations_s, LENGTH_EDGES_S).astype(np.int64)
    classes = len(LENGTH_EDGES_S) + 2
    lengths[np.isnan(frame.durations_s)] = classes - 1

    group, _, _ = _numbered(frame.agents, frame.days - frame.days.min())
    kind, turn, group_of_kind = _numbered(group, frame.applications)
    lengths = np.where(turn % 2 == 0, lengths, classes - 1 - lengths)
    cells, cell = np.unique(kind * classes + lengths, return_inverse=True)
    # Cells count within agent and day, so that another agent's calls never turn this one's order.
    turn = _turns(group_of_kind[cells // classes])[cell]
    hours = np.where(turn % 2 == 0, frame.hours, 23 - frame.hours)
    return _by_line_then_hash(cell * 24 + hours, frame.ids, seed)


def _numbered(major: Integers, minor: Integers) -> tuple[Integers, Integers, Integers]:
    """Number the pairs that occur, in order.

    Returns the number of each row's pair, the how-manieth of its major value that pair is, and the major value of
    each pair.
    """
    span = int(minor.max()) + 1
    pairs, number = np.unique(major * span + minor, return_inverse=True)
    owner = pairs // span
    return number, _turns(owner)[number], owner


def _turns(owner: Integers) -> Integers:
    """The how-manieth of its owner each entry is, where entries of one owner stand together in order."""
    return np.arange(owner.size) - np.searchsorted(owner, owner)


def _by_line_then_hash(line: Integers, ids: Keys, seed: Seed) -> Integers:
    order = np.argsort(line, kind="stable")
    placed = line[order]
    same = placed[1:] == placed[:-1]
    tied = np.concatenate(([False], same)) | np.concatenate((same, [False]))
    rows = order[tied]
    order[tied] = rows[np.lexsort((seed.order(ids[rows].tolist()), line[rows]))]
    return order
