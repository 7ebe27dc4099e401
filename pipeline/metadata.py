"""What a recording platform says of a call: manifest columns and ``--meta`` values, read into typed metadata."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime

from pipeline.errors import ManifestError
from pipeline.types import CallMetadata, Role

ANNOUNCED = "test"
"""``CallMetadata.call_type`` of an announced test call."""

MANIFEST_COLUMNS: dict[str, str] = {
    "call_id": "any text, unique in the manifest",
    "file": "path of the recording, relative to the recordings folder",
    "agent_id": "any text",
    "agent_name": "any text",
    "team": "any text",
    "started_at": "ISO 8601 with zone, for example 2026-03-02T09:30:00+08:00",
    "direction": "inbound or outbound",
    "business_type": "any text",
    "answered_at_s": "seconds from the start of the recording, 0 or more",
    "hung_up_by": "agent or customer",
    "agent_channel": "0 or 1",
    "customer": "any text",
    "ring_count": "whole number, 0 or more",
    "duration_s": "seconds, more than 0",
    "call_type": "customer, or test (明访, 公告拨测) for an announced test call",
}
"""Columns that have a meaning, with what is expected in them; all others are kept as they are."""


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError
    return value


def _positive_seconds(text: str) -> float:
    value = _seconds(text)
    if value == 0:
        raise ValueError
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        word = text.lower()
        if word not in words:
            raise ValueError
        return word

    return read


def _call_type(text: str) -> str:
    if text in ("明访", "明訪", "公告拨测", "拨测"):
        return ANNOUNCED
    return _one_of("customer", ANNOUNCED)("customer" if text == "客户" else text)


def _hung_up_by(text: str) -> Role:
    return Role(_one_of("agent", "customer")(text))


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def _channel(text: str) -> int:
    return int(_one_of("0", "1")(text))


_READERS: dict[str, Callable[[str], object]] = {
    "started_at": _moment,
    "direction": _one_of("inbound", "outbound"),
    "answered_at_s": _seconds,
    "hung_up_by": _hung_up_by,
    "agent_channel": _channel,
    "ring_count": _count,
    "duration_s": _positive_seconds,
    "call_type": _call_type,
}


def parse_metadata(values: Mapping[str, str], source: str) -> CallMetadata:
    """Read one manifest row, or the ``--meta`` pairs of a command, into typed metadata.

    Args:
        values: column name to text; surrounding white space and empty texts count as absent. ``call_id`` is required.
        source: where the values stand, for messages: ``manifest.csv line 7``.

    Raises:
        ManifestError: naming source, column and what was expected.
    """
    known: dict[str, object] = {}
    extra: dict[str, str] = {}
    for name, raw in values.items():
        text = raw.strip()
        if not text:
            continue
        if name not in MANIFEST_COLUMNS:
            extra[name] = text
            continue
        try:
            known[name] = _READERS.get(name, str)(text)
        except (ValueError, OverflowError) as error:
            raise ManifestError(
                f"{source}, column {name}: got {text!r}; expected {MANIFEST_COLUMNS[name]}. "
                f"Correct the value or leave it empty if it is not known."
            ) from error
    known.pop("file", None)
    if "call_id" not in known:
        raise ManifestError(f"{source}: call_id is empty; expected a text that names this call alone.")
    return CallMetadata(**known, extra=extra)  # type: ignore[arg-type]
