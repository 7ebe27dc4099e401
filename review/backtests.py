"""A back-test's result as the pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shown(result: Mapping[str, Any]) -> dict[str, Any]:
    """The document of `tingjian rules backtest` with what the pages need worked out: rules that hit otherwise."""
    changed = [
        {**one, "precisions": (one["precision_before"], one["precision_after"])}
        for one in result.get("rules", ())
        if one["gained"] or one["lost"]
    ]
    changed.sort(key=lambda one: (-(one["gained"] + one["lost"]), one["rule"]))
    appeals = result.get("appeals", ())
    return {
        **result,
        "changed": changed,
        "appeals_passed": sum(1 for one in appeals if one["passed"]),
        "broken": [one for one in appeals if one["outcome"] == "upheld" and not one["passed"]],
    }
