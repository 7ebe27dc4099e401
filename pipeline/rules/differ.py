"""What changes between two rulebooks, in words: rules that come and go, and every key that says something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from pipeline.rules.operators.base import Parameters
from pipeline.rules.rulebook import Rulebook
from pipeline.rules.schema import ConditionParameters
from pipeline.rules.words import in_words, label, meaning

Kind = Literal["added", "removed", "changed"]

_NOTHING = "（不写）"
_WHERE = " › "
_HEADER = {
    "version": "版本",
    "title": "标题",
    "categories": "计分类别",
    "routing": "必听条件",
    "min_transcript_confidence": "转写置信度下限",
    "min_assessable_share": "可判满分下限",
    "points": "扣分",
}
"""What the parts of a rulebook are called that have no description of their own."""
_NOT_COMPARED = frozenset({"sha256", "rules", "lexicon", "name"})


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different; ``rule`` is empty where the rulebook as a whole is meant."""

    rule: str
    kind: Kind
    text: str


def rulebook_changes(before: Rulebook, after: Rulebook) -> tuple[Change, ...]:
    """Everything that differs, the rulebook's own keys first, then rule by rule in order of their ids."""
    changes = []
    for name, old, new in _parts(before, after):
        changes += [Change("", "changed", text) for text in _differences(_HEADER.get(name, name), old, new)]
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


def _parts(before: Rulebook, after: Rulebook) -> Iterator[tuple[str, Any, Any]]:
    """The parts of two rulebooks that are not their rules, whatever they are made of."""
    for field in fields(Rulebook):
        if field.name not in _NOT_COMPARED:
            old, new = getattr(before, field.name), getattr(after, field.name)
            if _is_plain(old) and _is_plain(new):
                yield field.name, old, new


def _is_plain(value: Any) -> bool:
    if value is None or isinstance(value, bool | int | float | str | Parameters):
        return True
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return is_dataclass(value) and all(_is_plain(getattr(value, field.name)) for field in fields(value))


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
    elif is_dataclass(old) and type(old) is type(new) and not isinstance(old, type):
        for one in fields(old):
            at = _inside(where, {"title": "标题", "maximum": "满分"}.get(one.name, one.name))
            yield from _differences(at, getattr(old, one.name), getattr(new, one.name))
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
    if is_dataclass(value) and not isinstance(value, type):
        return "、".join(_shown(getattr(value, field.name)) for field in fields(value))
    return in_words(value)


def _inside(where: str, part: str) -> str:
    return f"{where}{_WHERE}{part}" if where else part
