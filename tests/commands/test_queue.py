from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flows.test_draw_queue import fill
from tingjian.cli import run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def seed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "seeds"
    monkeypatch.setenv("TINGJIAN_DRAW_SEED_FILE", str(path))
    return path


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict:
    assert run([*arguments, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


def test_draw_when_run_then_picks_with_lane_probability_and_seed_id(capsys, seed_file: Path) -> None:
    fill(0, 60)
    (month,) = as_json(capsys, "queue", "draw", "--per-agent", "4")["months"]
    assert (month["month"], month["calls"], month["lanes"]["probability"]) == ("2026-03", 60, 8)
    pick = month["picks"][0]
    assert 0 < pick["probability"] < 1
    assert "score" not in str(month["picks"])
    assert month["seed_id"] not in seed_file.read_text()
    assert as_json(capsys, "queue", "verify", "2026-03")["differences"] == []


def test_draw_when_text_then_lanes_in_words_and_no_machine_score(capsys) -> None:
    fill(0, 60)
    assert run(["queue", "draw", "--per-agent", "4"]) == 0
    text = capsys.readouterr().out
    assert "8 of 60 new calls go into the queue" in text
    assert "heard blind" in text
    assert "chance" not in text.split("heard blind")[1], "it would give the machine's score away"
    assert run(["queue", "draw"]) == 0
    assert "no new calls" in capsys.readouterr().out


def test_draw_when_there_are_no_calls_then_said(capsys) -> None:
    assert run(["queue", "draw"]) == 0
    assert "There are no calls yet" in capsys.readouterr().out
    assert as_json(capsys, "queue", "draw", "--month", "2026-03")["months"][0]["calls"] == 0


def test_plan_when_file_then_entered_shown_and_replaced(tmp_path: Path, capsys) -> None:
    path = tmp_path / "plans.csv"
    path.write_text("reviewer,day,calls\n质检一,2026-03-02,10\n质检二,2026-03-02,12\n", encoding="gb18030")
    assert as_json(capsys, "queue", "plan", str(path))["calls"] == 22
    document = as_json(capsys, "queue", "plan", "--reviewer", "质检一", "--calls", "5", "--from", "2026-03-02")
    assert (document["entered"], document["calls"]) == (1, 17)
    assert run(["queue", "plan", "--month", "2026-03"]) == 0
    assert "质检二" in capsys.readouterr().out


def test_plan_when_range_then_working_days_unless_weekends_too(capsys) -> None:
    asked = ("queue", "plan", "--reviewer", "r", "--calls", "5", "--from", "2026-03-02", "--until", "2026-03-08")
    assert as_json(capsys, *asked)["entered"] == 5
    assert as_json(capsys, *asked, "--weekends")["entered"] == 7


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["plan"], "nothing to do", id="nothing"),
        pytest.param(["plan", "--reviewer", "r"], "needs --calls and --from", id="reviewer alone"),
        pytest.param(
            ["plan", "--reviewer", "r", "--calls", "5", "--from", "2026-03-02", "--until", "2026-03-01"],
            "expected a day from 2026-03-02 on",
            id="backwards",
        ),
        pytest.param(["plan", "--reviewer", "r", "--calls", "5", "--from", "monday"], "--from is 'monday'", id="day"),
        pytest.param(["plan", "none.csv"], "cannot be read", id="no file"),
        pytest.param(["draw", "--month", "2026-3"], "the month is '2026-3'", id="month"),
        pytest.param(["verify", "2026-03"], "was not drawn", id="verify"),
        pytest.param(["close", "2026-03"], "was not drawn", id="close"),
    ],
)
def test_wrong_use_then_exit_2_and_explained(arguments: list[str], says: str, capsys) -> None:
    assert run(["queue", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_draw_when_nothing_is_to_be_drawn_then_explained(capsys) -> None:
    fill(0, 10)
    assert run(["queue", "draw", "--per-agent", "0"]) == 2
    assert "expected more than 0" in capsys.readouterr().err


def test_verify_when_log_was_changed_then_exit_1(capsys) -> None:
    from store.models import DrawnCall

    fill(0, 40)
    run(["queue", "draw", "--per-agent", "4"])
    DrawnCall.objects.filter(picked=True).update(picked=False)
    capsys.readouterr()
    assert run(["queue", "verify", "2026-03"]) == 1
    assert "differ from what the seed gives" in capsys.readouterr().out


def test_close_and_seed_when_run_then_said(capsys, seed_file: Path) -> None:
    fill(0, 10)
    run(["queue", "draw"])
    capsys.readouterr()
    assert as_json(capsys, "queue", "close", "2026-03")["next_stratum"] == 1
    first = as_json(capsys, "queue", "seed")["seed_id"]
    assert as_json(capsys, "queue", "seed", "--new")["seed_id"] != first
    assert seed_file.stat().st_mode & 0o777 == 0o600
