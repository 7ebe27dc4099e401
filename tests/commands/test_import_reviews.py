from __future__ import annotations

import json
from pathlib import Path

import pytest

from store.reviews import reviews_of_month
from tests.store.months import assessed, open_batch
from tingjian.cli import run

pytestmark = pytest.mark.django_db

HEADER = "call_id,rater,submitted_at,score,fatal,blind,item:LANG.03,item:SIL.01"


@pytest.fixture
def calls() -> list[str]:
    batch = open_batch()
    return [assessed(batch, name) for name in ("a", "b")]


def imported(folder: Path, text: str, encoding: str = "utf-8") -> int:
    path = folder / "reviews.csv"
    path.write_text(text, encoding=encoding)
    return run(["queue", "import-reviews", str(path), "--format", "json"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_import_when_good_then_stored_once(calls: list[str], tmp_path: Path, encoding: str, capsys) -> None:
    text = f"{HEADER}\na,质检一,2026-03-05 10:00,85,否,是,10,0\n\nb,质检一,2026-03-05T11:00:00+08:00,,1,0,,\n"
    assert imported(tmp_path, text, encoding) == 0
    assert json.loads(capsys.readouterr().out) == {"read": 2, "new": 2, "stored_before": 0}
    first, second = (item.review for item in reviews_of_month("2026-03"))
    assert (first.rater, first.score, first.blind) == ("质检一", 85.0, True)
    assert dict(first.deductions) == {"LANG.03": 10.0, "SIL.01": 0.0}
    assert first.submitted_at.isoformat() == "2026-03-05T02:00:00+00:00"
    assert (second.score, second.fatal, dict(second.deductions)) == (0.0, True, {})
    assert imported(tmp_path, text, encoding) == 0
    assert json.loads(capsys.readouterr().out)["stored_before"] == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "no column rater", id="empty file"),
        pytest.param(f"{HEADER}\n", "holds no reviews", id="header alone"),
        pytest.param("call_id,rater,submitted_at,scores\n", "no column score", id="column misspelt"),
        pytest.param(f"{HEADER},raters\n", "Did you mean rater?", id="unknown column"),
        pytest.param(f"{HEADER}\nx,r,2026-03-05,90,,,,\n", "line 2: there is no recording of call 'x'", id="no call"),
        pytest.param(f"{HEADER}\n,r,2026-03-05,90,,,,\n", "line 2: call_id is empty", id="call missing"),
        pytest.param(f"{HEADER}\na,r,2026-03-05,190,,,,\n", "score is '190'; expected a number", id="190"),
        pytest.param(f"{HEADER}\na,r,2026-03-05,nan,,,,\n", "score is 'nan'", id="nan"),
        pytest.param(f"{HEADER}\na,r,5.3.2026,90,,,,\n", "submitted_at is '5.3.2026'", id="time"),
        pytest.param(f"{HEADER}\na,r,2026-03-05,90,perhaps,,,\n", "fatal is 'perhaps'", id="yes or no"),
        pytest.param(f"{HEADER}\na,r,2026-03-05,90,yes,,,\n", "fatal is yes but score is 90", id="fatal with points"),
        pytest.param(f"{HEADER}\na,r,2026-03-05,90,,,-3,\n", "item:LANG.03 is '-3'", id="negative deduction"),
        pytest.param(f"{HEADER}\na,,2026-03-05,90,,,,\n", "rater is empty", id="no rater"),
        pytest.param(f"{HEADER}\na,r,2026-03-05,90,,,,,9\n", "9 fields under 8 columns", id="too many fields"),
    ],
)
def test_import_when_wrong_then_place_and_remedy_and_nothing_stored(
    calls: list[str], tmp_path: Path, text: str, says: str, capsys
) -> None:
    assert imported(tmp_path, text) == 2
    assert says in capsys.readouterr().err
    assert list(reviews_of_month("2026-03")) == []


def test_import_when_recording_is_unknown_then_explained(calls: list[str], tmp_path: Path, capsys) -> None:
    text = "recording_id,rater,submitted_at,score,purpose\nid-none,r,2026-03-05,90,double\n"
    assert imported(tmp_path, text) == 2
    assert "no such recording" in capsys.readouterr().err
    text = text.replace("double", "twice")
    assert imported(tmp_path, text) == 2
    assert "purpose is 'twice'; expected review, double, calibration, standard" in capsys.readouterr().err


def test_import_when_call_has_two_recordings_then_asked_which(tmp_path: Path, capsys) -> None:
    batch = open_batch()
    for name in ("a", "b"):
        assessed(batch, name, call_id="same")
    assert imported(tmp_path, f"{HEADER}\nsame,r,2026-03-05,90,,,,\n") == 2
    assert "id-a, id-b" in capsys.readouterr().err


def test_import_when_file_is_missing_then_explained(db: None, tmp_path: Path, capsys) -> None:
    assert run(["queue", "import-reviews", str(tmp_path / "none.csv")]) == 2
    assert "cannot be read" in capsys.readouterr().err
