"""What conditions say of one and the same quantity, whichever operator they ask it with: whether two can both hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from pipeline.rules.known_measures import KNOWN_MEASURES
from pipeline.rules.operators.duration import Duration
from pipeline.rules.operators.hang_up import HangUp
from pipeline.rules.operators.measure import MeasureIs
from pipeline.rules.operators.metadata import MetadataIs
from pipeline.rules.operators.scope import ScopedOperator
from pipeline.rules.operators.turn_count import TurnCount
from pipeline.rules.schema import ConditionParameters


@dataclass(frozen=True, slots=True)
class Asked:
    """A quantity, by the name of its measure, inside limits or of one of some values.

    ``without_low`` and ``without_high`` say that the limit itself does not count.
    """

    name: str
    low: float = -inf
    high: float = inf
    without_low: bool = False
    without_high: bool = False
    values: frozenset[str] | None = None


def exclude_each_other(first: ConditionParameters, second: ConditionParameters) -> str | None:
    """Why two conditions never hold together, None where they can."""
    if first.negated == second or second.negated == first:
        return "it is the opposite of another condition beside it"
    for one in _asked(first):
        for other in _asked(second):
            if one.name == other.name:
                reason = _never_both(one, other)
                if reason is not None:
                    return reason
    return None


def _never_both(one: Asked, other: Asked) -> str | None:
    if one.values is not None and other.values is not None and not one.values & other.values:
        if one.name.startswith("field "):
            return f"the {one.name} has one value only"
        return f"{one.name} cannot be {'/'.join(sorted(one.values))} and {'/'.join(sorted(other.values))}"
    low, without_low = max((one.low, one.without_low), (other.low, other.without_low))
    high, not_without_high = min((one.high, not one.without_high), (other.high, not other.without_high))
    if low > high or (low == high and (without_low or not not_without_high)):
        return f"no {one.name} is over {low:g} and under {high:g}"
    return None


def _asked(condition: ConditionParameters) -> Iterator[Asked]:
    measure, metadata, duration = condition.measure, condition.metadata, condition.duration
    turn_count, hang_up = condition.turn_count, condition.hang_up
    if isinstance(measure, MeasureIs):
        if measure.equals is not None:
            yield Asked(measure.name, values=frozenset((_written(measure.equals),)))
        else:
            yield _limits(measure.name, measure.above, measure.at_least, measure.below, measure.at_most)
    if isinstance(metadata, MetadataIs):
        values = metadata.one_of if metadata.equals is None else (metadata.equals,)
        name = "hang_up_by" if metadata.name == "hung_up_by" else f"field {metadata.name}"
        if values:
            yield Asked(name, values=frozenset(map(_written, values)))
        elif not metadata.contains:
            yield _limits(name, metadata.above, None, metadata.below, None)
    if isinstance(duration, Duration) and duration.of == "call":
        yield _limits("call_duration_s", duration.above_s, None, duration.below_s, None)
    if isinstance(turn_count, TurnCount) and not turn_count.min_characters and _of_the_whole_call(turn_count):
        name = f"{turn_count.role}_turn_count"
        if name in KNOWN_MEASURES:
            yield _limits(name, None, turn_count.at_least, None, turn_count.at_most)
    if isinstance(hang_up, HangUp) and hang_up.by != "anyone":
        yield Asked("hang_up_by", values=frozenset((hang_up.by,)))


def _limits(
    name: str, above: float | None, at_least: float | None, below: float | None, at_most: float | None
) -> Asked:
    low = above if above is not None else at_least
    high = below if below is not None else at_most
    return Asked(
        name,
        -inf if low is None else low,
        inf if high is None else high,
        without_low=above is not None,
        without_high=below is not None,
    )


def _of_the_whole_call(operator: ScopedOperator) -> bool:
    chosen = (operator.turns, operator.first_s, operator.last_s, operator.between_s, operator.between_percent,
              operator.within, operator.near)  # fmt: skip
    return all(one is None for one in chosen)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
