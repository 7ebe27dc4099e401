"""What a rulebook's author reads when the schema refuses a value: got, expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pipeline.rules.operators.base import Parameters

_EXPECTED = {
    "string_type": "text; put it in quotes",
    "float_type": "a number; write it without quotes or unit",
    "int_type": "a whole number; write it without quotes or unit",
    "bool_type": "true or false; correct it",
    "dict_type": "keys with values; indent them below this key",
    "model_type": "keys with values; indent them below this key",
    "tuple_type": "a list; write [a, b] or one item a line after a dash",
    "finite_number": "a finite number; correct it",
    "float_parsing": "a number; correct it",
}


def expected_instead(error: Mapping[str, Any], model: type[Parameters]) -> str:
    """One sentence for one error of the schema."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        keys = _keys_at(model, error["loc"][:-1])
        return f"unknown key; expected {_options(str(error['loc'][-1]), keys)}; correct the spelling or remove it"
    if kind == "missing":
        return "missing; expected a value; add it"
    if kind == "value_error":
        text = str(context.get("error", error["msg"]))
        return text if text.startswith("got ") or ";" in text else f"{_got(error)}{text}; correct it"
    if kind == "literal_error":
        return f"{_got(error)}expected {context['expected']}; correct it"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        word, limit = {
            "greater_than": ("more than", "gt"),
            "greater_than_equal": ("at least", "ge"),
            "less_than": ("less than", "lt"),
            "less_than_equal": ("at most", "le"),
        }[kind]
        return f"{_got(error)}expected {word} {context[limit]:g}; correct it"
    if kind == "too_short" or (kind == "too_long" and "actual_length" in context):
        side, limit = ("at least", "min_length") if kind == "too_short" else ("at most", "max_length")
        return f"got {context['actual_length']} items; expected {side} {context[limit]}; correct it"
    if kind in _EXPECTED:
        return f"{_got(error)}expected {_EXPECTED[kind]}"
    return f"{_got(error)}{error['msg']}; correct it"


def _got(error: Mapping[str, Any]) -> str:
    value = error["input"]
    if isinstance(value, dict):
        return "got keys; " if error["type"] != "value_error" else ""
    if isinstance(value, tuple | Parameters):
        return "got a list; " if error["type"] != "value_error" else ""
    shown = repr(value)
    return f"got {shown if len(shown) <= 40 else shown[:39] + '…'}; "


def _options(word: str, keys: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, keys, n=1)
    return f"{near[0]} perhaps, one of {', '.join(keys)}" if near else f"one of {', '.join(keys)}"


def _keys_at(model: type[Parameters], loc: Sequence[str | int]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    current: type[Parameters] | None = model
    for part in loc:
        if isinstance(part, int) or current is None:
            continue
        for name, field in current.model_fields.items():
            if part in (name, field.alias):
                current = _model_in(field.annotation) or current
                break
    return [] if current is None else [field.alias or name for name, field in current.model_fields.items()]


def _model_in(annotation: Any) -> type[Parameters] | None:
    if isinstance(annotation, type) and issubclass(annotation, Parameters):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)
