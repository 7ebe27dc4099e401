"""The measures that a rulebook can name, with the words in which people read them."""

from __future__ import annotations

from pipeline.features.catalogue import CATALOGUE
from pipeline.types import Role

KNOWN_MEASURES = CATALOGUE
"""Everything that ``pipeline.features.measure.measure_call`` gives, in its order; a test keeps the two in step."""

ROLE_NAMES: dict[str, str] = {
    Role.AGENT.value: "坐席",
    Role.CUSTOMER.value: "客户",
    Role.UNKNOWN.value: "未知一方",
}


def readable(name: str, value: float | int | bool | str) -> str:
    """A value of a measure with its unit, as a person reads it: ``3.4 秒``."""
    known = KNOWN_MEASURES[name]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return ROLE_NAMES.get(value, value)
    number = f"{value:.{known.decimals}f}"
    unit = "秒" if known.unit == "s" else known.unit
    return f"{number} {unit}".rstrip()
