"""Months that hold nothing, or nothing to learn from, through every command of statistics: said, and never NaN."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NoReturn

import pytest

from store import models
from tests.store.centre import store_centre
from tingjian.cli import run

pytestmark = pytest.mark.django_db

COMMANDS = {
    "agents": ["estimate", "agents", "--month", "2026-03"],
    "rolling": ["estimate", "agents", "--month", "2026-03", "--rolling"],
    "compare": ["estimate", "compare", "--month", "2026-03", "--months", "1", "--whole-centre"],
    "three months": ["estimate", "compare", "--month", "2026-03"],
    "rank": ["estimate", "rank", "--month", "2026-03"],
    "raters": ["health", "raters", "2026-03"],
    "rules": ["health", "rules", "2026-03"],
    "items": ["health", "items", "2026-03", "--weight", "LANG.03=0.5"],
    "scope": ["health", "scope", "2026-03"],
    "risk": ["health", "risk", "2026-03"],
    "balance": ["queue", "balance", "2026-03"],
    "heard": ["queue", "balance", "2026-03", "--heard"],
}


def centre(**sizes: int) -> None:
    store_centre(("2026-03",), **{"agents": 10, "calls": 12, "reviews": 4, **sizes}, assess=True)


def empty() -> None:
    """Nothing at all."""


def not_reviewed() -> None:
    centre()
    models.Review.objects.all()._raw_delete("default")


def one_call() -> None:
    centre(agents=2, calls=2, reviews=1)
    models.DrawnCall.objects.filter(picked=False).delete()
    gone = models.DrawnCall.objects.filter(agent_id="A01")
    models.Review.objects.filter(recording__agent_id="A01")._raw_delete("default")
    gone.delete()


def all_equal() -> None:
    centre()
    models.Review.objects.update(score=100.0, fatal=False, deductions={"LANG.03": 0.0})
    models.DrawnCall.objects.update(machine_score=100.0)
    models.Assessment.objects.update(score=100.0)


def all_nothing() -> None:
    centre()
    models.Review.objects.update(score=0.0, fatal=True, deductions={"LANG.03": 40.0})
    models.DrawnCall.objects.update(machine_score=0.0)
    models.Assessment.objects.update(score=0.0)


def machine_knows_nothing() -> None:
    centre()
    models.DrawnCall.objects.update(machine_score=None)
    models.Assessment.objects.update(score=None)


def people_gave_no_score() -> None:
    centre()
    models.Review.objects.update(score=None)


def probability_zero() -> None:
    centre()
    models.DrawnCall.objects.update(probability_e9=0)


def only_certain() -> None:
    centre()
    models.DrawnCall.objects.update(lane="must", probability_e9=10**9, picked=True)


def certain_and_not_heard() -> None:
    only_certain()
    models.Review.objects.all()._raw_delete("default")


def refused(text: str) -> NoReturn:
    raise AssertionError(f"{text} in JSON")


MONTHS: dict[str, Callable[[], None]] = {
    "empty": empty,
    "not reviewed": not_reviewed,
    "one call": one_call,
    "all equal": all_equal,
    "all at nothing": all_nothing,
    "no machine score": machine_knows_nothing,
    "no human score": people_gave_no_score,
    "probability 0": probability_zero,
    "only certain calls": only_certain,
    "certain calls, not heard": certain_and_not_heard,
}


@pytest.mark.parametrize("month", MONTHS)
def test_every_command_when_month_is_odd_then_number_or_reason_and_never_nan(
    month: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    MONTHS[month]()
    for name, command in COMMANDS.items():
        code = run(command)
        said = capsys.readouterr()
        assert code in (0, 2), (name, said.err)
        assert not re.search(r"\b(nan|inf)\b", said.out + said.err, re.IGNORECASE), (name, said.out, said.err)
        assert said.out.strip() if code == 0 else said.err.startswith("tingjian: "), name
        assert run([*command, "--format", "json"]) == code
        out = capsys.readouterr().out
        if code == 0:
            json.loads(out, parse_constant=refused)
