from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from quality.types import Purpose, Review
from quality.verdicts import AppealOutcome, Verdict
from store import models
from store.reviews import record_reviews
from store.verdicts import decide_appeal, file_appeal, record_verdict
from tests.store.centre import RATERS, store_centre
from tests.store.months import FIRST
from tingjian.cli import run

pytestmark = pytest.mark.django_db


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["health", "raters", *arguments, "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    assert "Infinity" not in text
    return json.loads(text)


def centre() -> None:
    store_centre(("2026-02", "2026-03"), agents=6, calls=100, reviews=50, assess=True)


def test_severity_when_one_rater_is_stricter_then_named_in_points(capsys) -> None:
    centre()
    for row in models.Review.objects.filter(rater=RATERS[2], score__gte=8):
        models.Review.objects.filter(pk=row.pk).update(score=(row.score or 0) - 8)
    document = as_json(capsys, "2026-03", "--months", "2")
    assert (document["reviews"], len(document["severity"]["raters"])) == (600, 6)
    found = {one["rater"]: one for one in document["severity"]["raters"]}
    assert found[RATERS[2]]["stands_out"]
    assert found[RATERS[2]]["severity"] == pytest.approx(6.5, abs=2.0)
    assert sum(one["stands_out"] for one in found.values()) <= 2
    assert run(["health", "raters", "2026-03", "--months", "2"]) == 0
    assert "stricter" in capsys.readouterr().out


def test_severity_when_some_reviews_saw_the_machines_score_then_the_blind_ones_count(capsys) -> None:
    store_centre(("2026-03",), agents=6, calls=100, reviews=50, must=10, assess=True)
    document = as_json(capsys, "2026-03", "--months", "1")
    assert document["reviews"] == 360
    assert sum(one["reviews"] for one in document["severity"]["raters"]) == 300
    assert not any("blind" in reason for reason in document["reasons"])
    models.Review.objects.update(blind=False)
    document = as_json(capsys, "2026-03", "--months", "1")
    assert sum(one["reviews"] for one in document["severity"]["raters"]) == 360
    assert any("leans on it" in reason for reason in document["reasons"])


def test_drift_when_a_rater_changes_in_the_last_month_then_signalled(capsys) -> None:
    centre()
    for row in models.Review.objects.filter(rater=RATERS[1], recording__started_at__gte=FIRST, score__gte=12):
        models.Review.objects.filter(pk=row.pk).update(score=(row.score or 0) - 12)
    drifts = {one["rater"]: one for one in as_json(capsys, "2026-03", "--months", "2")["drift"]}
    assert drifts[RATERS[1]]["signal"] is not None
    assert drifts[RATERS[1]]["stricter"]
    assert drifts[RATERS[1]]["call"].startswith("2026-03")
    assert sum(one["signal"] is not None for one in drifts.values()) <= 2


def test_deducting_nothing_when_two_months_running_then_calls_to_hear_again(capsys) -> None:
    centre()
    models.Review.objects.filter(rater=RATERS[4]).update(score=100.0, fatal=False)
    document = as_json(capsys, "2026-03", "--months", "2")
    found = {one["rater"]: one for one in document["deducts_nothing"]}
    assert (found[RATERS[4]]["suspicious"], found[RATERS[4]]["month_before"]) == (True, True)
    assert 1 <= len(found[RATERS[4]]["listen_again"]) <= 10
    assert run(["health", "raters", "2026-03", "--months", "2"]) == 0
    assert "the second month running: listen again to 2026-03-" in capsys.readouterr().out


def test_agreement_when_calls_were_scored_twice_then_icc_and_items_with_intervals(capsys) -> None:
    store_centre(("2026-03",), agents=4, calls=60, reviews=20, assess=True)
    generator = np.random.default_rng(1)
    again = []
    for row in models.Review.objects.all():
        score = float(np.clip((row.score or 0) + generator.normal(0, 2), 0, 100))
        models.Review.objects.filter(pk=row.pk).update(deductions={"LANG.03": 10.0 * (score < 90)})
        other = RATERS[(RATERS.index(row.rater) + 1) % 6]
        later = row.submitted_at + timedelta(hours=1)
        deductions = {"LANG.03": 10.0 * (score < 88)}
        again.append(
            Review(row.recording_id, other, later, score, deductions=deductions, blind=True, purpose=Purpose.DOUBLE)
        )
    record_reviews(again)
    found = as_json(capsys, "2026-03", "--months", "1")["agreement"]
    assert found["totals_alpha"]["calls"] == 80
    assert 0.9 < found["totals_alpha"]["low"] <= found["totals_alpha"]["value"] <= 1
    assert {one["rater"] for one in found["raters"]} == set(RATERS)
    assert all(one["within_ten"] > 0.9 for one in found["raters"])
    assert found["raters"][0]["advice"] == "fewer than 30 double-scored calls"
    (item,) = found["items"]
    assert (item["item"], item["calls"]) == ("LANG.03", 80)
    assert item["kappa"]["low"] < item["kappa"]["value"] < 1
    assert item["alpha"] == pytest.approx(item["kappa"]["value"], abs=0.02)


def test_session_when_within_tolerance_then_passed_by_the_lower_bound(capsys) -> None:
    store_centre(("2026-03",), agents=2, calls=40, reviews=12, assess=True)
    picked = models.DrawnCall.objects.filter(picked=True).values_list("recording_id", flat=True)
    given = []
    for recording_id in picked:
        for rater, purpose, score in (
            ("组长", Purpose.STANDARD, 80.0),
            (RATERS[0], Purpose.CALIBRATION, 83.0),
            (RATERS[1], Purpose.CALIBRATION, 90.0),
        ):
            given.append(Review(recording_id, rater, FIRST, score, purpose=purpose, session="三月"))
    record_reviews(given)
    sessions = {one["rater"]: one["result"] for one in as_json(capsys, "2026-03", "--months", "1")["sessions"]}
    assert (sessions[RATERS[0]]["passed"], sessions[RATERS[1]]["passed"]) == (True, False)
    assert sessions[RATERS[0]]["share"]["n"] == 24
    assert run(["health", "raters", "2026-03", "--months", "1", "--tolerance", "10"]) == 0
    assert "质检二: 24 of 24 within tolerance" in capsys.readouterr().out


def test_appeals_when_decided_then_of_reviewed_and_of_appealed_by_who_let_them_stand(capsys) -> None:
    store_centre(("2026-03",), agents=2, calls=40, reviews=12, assess=True)
    rows = models.Review.objects.filter(rater=RATERS[0]).order_by("id")[:3]
    for number, row in enumerate(rows):
        finding = models.Finding.objects.create(
            assessment=models.Assessment.objects.get(recording=row.recording_id),
            rule="LANG.03",
            category="",
            severity="deduct",
            points=5.0,
            role="agent",
            start_s=1.0,
            end_s=2.0,
            match="exact",
            message="",
        )
        if number == 2:
            record_verdict(finding.id, Verdict.CONFIRM, RATERS[5])
        outcome = AppealOutcome.UPHELD if number != 1 else AppealOutcome.DISMISSED
        decide_appeal(file_appeal(finding.id, "坐席"), outcome, "组长")
    found = {one["rater"]: one for one in as_json(capsys, "2026-03", "--months", "1")["appeals"]}
    assert (found[RATERS[0]]["of_appealed"]["hits"], found[RATERS[0]]["of_appealed"]["n"]) == (1, 2)
    assert (found[RATERS[5]]["of_appealed"]["hits"], found[RATERS[5]]["of_appealed"]["n"]) == (1, 1)
    assert found[RATERS[1]]["of_appealed"] is None
    assert 0 < found[RATERS[1]]["of_reviewed"]["value"] < found[RATERS[0]]["of_reviewed"]["value"]


def test_raters_when_month_is_empty_or_one_review_or_all_equal_then_clear_outcome(capsys) -> None:
    assert run(["health", "raters", "2026-03"]) == 2
    assert "no review of 2026-01, 2026-02, 2026-03" in capsys.readouterr().err
    store_centre(("2026-03",), agents=2, calls=40, reviews=6, assess=True)
    models.Review.objects.update(score=100.0, fatal=False)
    models.Assessment.objects.update(score=100.0)
    document = as_json(capsys, "2026-03")
    assert not any(one["stands_out"] for one in document["severity"]["raters"])
    assert all(one["p_value"] is None for one in document["spread"])
    keep = models.Review.objects.values_list("id", flat=True)[0]
    models.Review.objects.exclude(id=keep)._raw_delete("default")
    document = as_json(capsys, "2026-03")
    assert document["severity"] is None
    assert any("at least 2 raters" in reason for reason in document["reasons"])
    assert run(["health", "raters", "2026-03"]) == 0
