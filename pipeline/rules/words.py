"""Parameters of a rulebook in Chinese words, from the descriptions that the models themselves carry.

Nothing here knows an operator by name, so that a new one, or a new key of an old one, is put into words as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.rules.known_measures import KNOWN_MEASURES
from pipeline.rules.operators.base import Parameters

_VALUES = {
    "agent": "坐席",
    "customer": "客户",
    "anyone": "任何一方",
    "unknown": "未知一方",
    "inbound": "呼入",
    "outbound": "呼出",
    "first": "第一处",
    "last": "最后一处",
    "each": "每一处",
    "any": "任何一处",
    "same turn": "同一段话里",
}
"""Fixed words that a rulebook may hold, as people say them; any other value is shown as it stands."""

_NEAR = re.compile(r"(?P<amount>[\d.]+) (?P<unit>turn|second)s? (?P<side>before|after|around)")
_SIDES = {"before": "之前", "after": "之后", "around": "前后"}
_LABEL_ENDS = re.compile(r"[：；。（]|，例如|，写在|，至少")
_MEANING = re.compile(r"`(?P<value>[a-z_ ]+)` (?P<meaning>[^；。`]+)")
_NAMES = {
    "severity": "性质",
    "per": "算几次",
    "review": "转人工",
    "starts": "起点",
    "not_in": "不算的更长说法",
    "within": "只看命中处的附近",
    "turns": "只看该方的第几段到第几段话",
    "clause_at_most": "所在的分句最多几个字",
}
"""Keys whose description lists their values, or whose first words mislead alone; others are called by description."""

SHOWN_ITEMS = 40
"""A longer list is cut, with its length."""


def label(name: str, field: FieldInfo) -> str:
    """What a key is called: its description up to the first mark; the key itself where it has none."""
    text = (field.description or "").strip()
    if name in _NAMES:
        return _NAMES[name]
    if not text or text.startswith("`"):
        return field.alias or name
    return _LABEL_ENDS.split(text.replace("`", ""), maxsplit=1)[0].strip()


def meaning(field: FieldInfo, value: Any) -> str:
    """A value of a key in words: as the key's description explains it, where it does."""
    if isinstance(value, str):
        for told in _MEANING.finditer(field.description or ""):
            if told["value"] == value:
                return f"{told['meaning'].strip().split('（')[0]}（{value}）"
    return in_words(value)


def given(parameters: Parameters) -> Iterator[tuple[str, FieldInfo, Any]]:
    """The keys that say something: not left out, and not what they would be by default."""
    for name, field in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        default = () if field.default is PydanticUndefined else field.default
        if value is None or value == () or value == {} or (not field.is_required() and value == default):
            continue
        yield name, field, value


def in_words(value: Any) -> str:
    """Any value of a rulebook as a Chinese reader says it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float | int):
        return f"{value:g}"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Parameters):
        return _model(value)
    if isinstance(value, Mapping):
        return "、".join(f"{in_words(key)} {in_words(one)}" for key, one in value.items())
    if isinstance(value, tuple | list):
        items = [in_words(one) for one in value]
        if items and all(isinstance(one, int | float) for one in value) and len(items) == 2:
            return f"{items[0]} 到 {items[1]}"
        cut = items[:SHOWN_ITEMS]
        return "、".join(cut) + (f" 等 {len(items)} 项" if len(items) > len(cut) else "")
    return str(value)


def _text(value: str) -> str:
    if value in _VALUES:
        return _VALUES[value]
    near = _NEAR.fullmatch(value)
    if near is not None:
        unit = "段话" if near["unit"] == "turn" else "秒"
        return f"{_SIDES[near['side']]} {near['amount']} {unit}以内"
    if value in KNOWN_MEASURES:
        return f"{KNOWN_MEASURES[value].title}（{value}）"
    return f"“{value}”" if re.search(r"[\u4e00-\u9fff]", value) else value


def _model(parameters: Parameters) -> str:
    """A group of keys in one line: the first one that must be given stands alone, the others follow with labels."""
    parts = list(given(parameters))
    first = next((name for name, field, _ in parts if field.is_required()), None)
    head = "" if first is None else in_words(getattr(parameters, first))
    rest = "；".join(f"{label(name, field)}：{meaning(field, value)}" for name, field, value in parts if name != first)
    if not head:
        return rest
    return f"{head}（{rest}）" if rest else head
