from __future__ import annotations

import json
from pathlib import Path

import pytest

from quality.types import Review
from store import models
from store.draws import pick_by_hand
from store.reviews import record_reviews
from tests.flows.test_draw_queue import fill
from tests.store.months import FIRST
from tingjian.cli import run

pytestmark = pytest.mark.django_db

TYPES = ("话费查询", "套餐变更", "投诉")


@pytest.fixture(autouse=True)
def seed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "seeds"
    path.touch(0o600)
    path.write_text("7" * 64)
    monkeypatch.setenv("TINGJIAN_DRAW_SEED_FILE", str(path))
    return path


@pytest.fixture
def month(capsys: pytest.CaptureFixture[str]) -> list[str]:
    ids = [
        recording_id
        for number, kind in enumerate(TYPES)
        for recording_id in fill(number * 100, 80, business_type=kind, duration_s=40.0 + 200 * number)
    ]
    assert run(["queue", "draw", "--per-agent", "20"]) == 0
    capsys.readouterr()
    return ids


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert run(["queue", "balance", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_balance_when_drawn_then_each_agent_against_its_own_calls(month: list[str], capsys) -> None:
    document = as_json(capsys, "2026-03")
    assert [(one["name"], one["calls"], one["sample"]) for one in document["checked"]] == [
        ("A0", 120, 20),
        ("A1", 120, 20),
    ]
    assert [one["unusual"] for one in document["checked"]] == [[], []]
    first = document["checked"][0]
    assert [check["dimension"][0] for check in first["checks"]] == ["M", "I", "T", "T", "L", "A"]
    assert first["checks"][1] == {
        "dimension": "I flags",
        "mean_smd": None,
        "p_value": None,
        "q_value": None,
        "unusual": False,
    }
    assert (document["pool"]["sample"], document["pool"]["limit_applies"]) == (40, False)
    assert "NaN" not in json.dumps(document)


def test_balance_when_one_agent_then_that_one(month: list[str], capsys) -> None:
    assert [one["name"] for one in as_json(capsys, "2026-03", "--agent", "A1")["checked"]] == ["A1"]


def test_balance_when_only_short_calls_were_heard_then_length_stands_out(month: list[str], capsys) -> None:
    picks = models.DrawnCall.objects.filter(picked=True, recording__duration_s=40.0)
    picked = list(picks.values_list("recording_id", flat=True))
    record_reviews([Review(recording_id, "质检一", FIRST, 90.0) for recording_id in picked])
    document = as_json(capsys, "2026-03", "--heard")
    assert sum(one["sample"] for one in document["checked"]) == len(picked)
    assert all("L minutes" in one["unusual"] for one in document["checked"])
    assert run(["queue", "balance", "2026-03", "--heard"]) == 0
    assert "<1 100% of the sample" in capsys.readouterr().out


def test_balance_when_nothing_was_heard_then_said(month: list[str], capsys) -> None:
    found = as_json(capsys, "2026-03", "--heard")["checked"]
    assert {one["not_assessable"] for one in found} == {"no call is in the sample"}


def test_balance_when_list_is_cherry_picked_then_its_author_stands_out(
    month: list[str], tmp_path: Path, capsys
) -> None:
    path = tmp_path / "list.csv"
    lines = [f"c{number:04d},质检一" for number in range(0, 25)] + [
        f"c{number:04d},质检二" for number in range(0, 260, 12)
    ]
    lines = [line for line in lines if int(line[1:5]) % 100 < 80]
    path.write_text("\n".join(["call_id,picked_by", *lines]), encoding="utf-8")
    document = as_json(capsys, "2026-03", "--list", str(path))
    unusual = {one["name"]: one["unusual"] for one in document["checked"]}
    assert {"L minutes", "A type"} <= set(unusual["质检一"])
    assert unusual["质检二"] == []


def test_balance_when_picked_by_hand_in_the_queue_then_checked_and_never_in_the_draw(month: list[str], capsys) -> None:
    assert pick_by_hand(month[:20], "质检一") == 20
    assert pick_by_hand(month[:21], "质检一") == 1
    (found,) = as_json(capsys, "2026-03", "--by-hand")["checked"]
    assert (found["name"], found["sample"]) == ("质检一", 21)
    assert models.DrawnCall.objects.filter(lane="hand").count() == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["2026-04"], "no call of 2026-04 was drawn", id="other month"),
        pytest.param(["2026-03", "--agent", "nobody"], "no call of agent 'nobody'", id="nobody"),
        pytest.param(["2026-03", "--heard", "--by-hand"], "checks of their own", id="two checks"),
        pytest.param(["2026-03", "--by-hand"], "nobody picked a call", id="no picks"),
        pytest.param(["march"], "the month is 'march'", id="month"),
    ],
)
def test_balance_when_wrong_use_then_exit_2_and_explained(
    month: list[str], arguments: list[str], says: str, capsys
) -> None:
    assert run(["queue", "balance", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_balance_when_list_names_a_call_of_another_month_then_explained(
    month: list[str], tmp_path: Path, capsys
) -> None:
    fill(900, 1, month=2, days=(3, 3))
    path = tmp_path / "list.csv"
    path.write_text("call_id\nc0900\n", encoding="utf-8")
    assert run(["queue", "balance", "2026-03", "--list", str(path)]) == 2
    assert "is not a call of 2026-03" in capsys.readouterr().err
    path.write_text("call_id\nnone\n", encoding="utf-8")
    assert run(["queue", "balance", "2026-03", "--list", str(path)]) == 2
    assert "0 recordings have the call id 'none'" in capsys.readouterr().err
