"""What changes between two rulebooks, in words: rules that come and go, and every key that says something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.rules.operators.base import Parameters
from pipeline.rules.rulebook import Rulebook
from pipeline.rules.schema import ConditionParameters
from pipeline.rules.words import in_words, label, meaning

Kind = Literal["added", "removed", "changed"]

_NOTHING = "（不写）"
_WHERE = " › "


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different; ``rule`` is empty where the rulebook as a whole is meant."""

    rule: str
    kind: Kind
    text: str


def rulebook_changes(before: Rulebook, after: Rulebook) -> tuple[Change, ...]:
    """Everything that differs, the rulebook's own keys first, then rule by rule in order of their ids."""
    changes: list[Change] = []
    changes += [Change("", "changed", text) for text in _differences("", before.header, after.header)]
    old_rules = {rule.id: rule for rule in before.rules}
    new_rules = {rule.id: rule for rule in after.rules}
    for rule_id in sorted(old_rules.keys() | new_rules.keys()):
        if rule_id not in new_rules:
            changes.append(Change(rule_id, "removed", f"删去规则：{old_rules[rule_id].title}"))
        elif rule_id not in old_rules:
            changes.append(Change(rule_id, "added", f"新增规则：{new_rules[rule_id].title}"))
        else:
            old, new = old_rules[rule_id].parameters, new_rules[rule_id].parameters
            changes += [Change(rule_id, "changed", text) for text in _differences("", old, new)]
    return tuple(changes)


def _differences(where: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Parameters) and type(old) is type(new) and not _is_other_condition(old, new):
        for name, field in type(old).model_fields.items():
            was, is_now = getattr(old, name), getattr(new, name)
            if isinstance(was, str) and isinstance(is_now, str) and was != is_now:
                yield f"{_inside(where, label(name, field))}：由 {meaning(field, was)} 改为 {meaning(field, is_now)}"
            else:
                yield from _differences(_inside(where, label(name, field)), was, is_now)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differences(_inside(where, in_words(key)), old.get(key), new.get(key))
    elif isinstance(old, tuple) and isinstance(new, tuple):
        yield from _list_differences(where, old, new)
    else:
        yield f"{where}：由 {_shown(old)} 改为 {_shown(new)}"


def _list_differences(where: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[str]:
    """Lists by their items: what came, what went, and items of the same text that say something else."""
    old_items, new_items = {_name(item): item for item in old}, {_name(item): item for item in new}
    if (
        len(old_items) != len(old)
        or len(new_items) != len(new)
        or (old and all(isinstance(one, float | int) for one in old))
    ):
        yield f"{where}：由 {_shown(old)} 改为 {_shown(new)}"
        return
    gone = [item for name, item in old_items.items() if name not in new_items]
    come = [item for name, item in new_items.items() if name not in old_items]
    if len(gone) == len(come) == 1 and isinstance(gone[0], ConditionParameters):
        yield from _differences(where, gone[0], come[0])
        gone, come = [], []
    if gone:
        yield f"{where}：去掉 {_shown(tuple(gone))}"
    if come:
        yield f"{where}：增加 {_shown(tuple(come))}"
    for name in [name for name in old_items if name in new_items]:
        yield from _differences(_inside(where, name), old_items[name], new_items[name])
    if not gone and not come and list(old_items) != list(new_items):
        yield f"{where}：顺序不同"


def _is_other_condition(old: Parameters, new: Parameters) -> bool:
    """Whether two conditions are of different kinds, so that only the whole can be compared."""
    if not isinstance(old, ConditionParameters) or not isinstance(new, ConditionParameters):
        return False
    return [name for name, value in old if value is not None] != [name for name, value in new if value is not None]


def _name(item: Any) -> str:
    """What makes an item of a list the same item: a phrase's text, a version; else all of it."""
    if isinstance(item, Parameters) and not isinstance(item, ConditionParameters):
        first = next(iter(type(item).model_fields))
        value = getattr(item, first)
        if isinstance(value, str):
            return in_words(value)
    return _shown(item)


def _shown(value: Any) -> str:
    if value is None or value == () or value == {}:
        return _NOTHING
    return in_words(value)


def _inside(where: str, part: str) -> str:
    return f"{where}{_WHERE}{part}" if where else part
