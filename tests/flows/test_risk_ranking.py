"""The risk lane by what people's reviews teach: calls with the telling rule come, and the month keeps its ranking."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from flows.draw_queue import DrawOptions, MonthDrawn, draw_months
from pipeline.errors import UsageError
from store import models
from tests.store.centre import store_centre
from tests.store.months import FIRST, Made, many
from tingjian.cli import run

pytestmark = pytest.mark.django_db

COLUMNS = {"category": "", "role": "agent", "start_s": 1.0, "end_s": 2.0, "quote": "", "match": "exact", "message": ""}


def hit(rule: str, recordings: list[str], points: float) -> None:
    found = models.Assessment.objects.filter(recording__in=recordings)
    models.Finding.objects.bulk_create(
        models.Finding(assessment=one, rule=rule, severity="deduct", points=points, **COLUMNS) for one in found
    )


def past(rule: str = "LANG.03") -> None:
    """A month whose bad calls, and no others, have a hit of a rule that takes three points."""
    store_centre(("2026-02",), agents=6, calls=100, reviews=60, assess=True)
    models.DrawnCall.objects.update(machine_score=97.0)
    models.Assessment.objects.update(score=97.0)
    models.Review.objects.filter(score__range=(80, 95)).update(score=75.0)
    bad = models.Review.objects.filter(score__lt=80).values_list("recording_id", flat=True)
    hit(rule, list(bad), 3.0)


def night(day: int) -> list[str]:
    """Forty calls of one day: five with the telling hit at 97 points, five others at 80."""
    made = [
        Made(
            f"{day}-{number:02d}",
            f"A{number % 4}",
            FIRST + timedelta(days=day, minutes=number),
            score=97.0 if number < 5 else 80.0 if number < 10 else 100.0,
        )
        for number in range(40)
    ]
    ids = many(made)
    hit("LANG.03", ids[:5], 3.0)
    return ids


def drawn(tmp_path: Path, **options: object) -> MonthDrawn:
    wanted = DrawOptions(per_agent=2.0, risk_per_day=5, **options)  # type: ignore[arg-type]  # names of its fields
    (done,) = draw_months(["2026-03"], wanted, frozenset(options), tmp_path / "seeds")
    return done


def in_risk_lane(done: MonthDrawn) -> set[str]:
    return {pick.call_id for pick in done.picked if pick.lane == "risk"}


def test_draw_when_by_reviews_then_telling_calls_are_in_the_risk_lane_and_the_ranking_stays(tmp_path: Path) -> None:
    past()
    night(0)
    first = drawn(tmp_path, risk_by="reviews")
    assert in_risk_lane(first) == {f"0-{number:02d}" for number in range(5)}
    version = models.Draw.objects.get(pk=first.batch).summary["risk"]
    assert version.startswith("risk 360 ")
    # The random lane has the sizes and rates of any other month.
    open_calls = models.DrawnCall.objects.filter(draw=first.batch, lane="probability")
    assert open_calls.count() == 35
    assert not open_calls.filter(probability_e9=0).exists()
    # Other reviews come in: the month keeps what it began with.
    models.Review.objects.filter(recording__call_id__startswith="2026-02").update(score=100.0)
    night(1)
    second = drawn(tmp_path)
    assert in_risk_lane(second) == {f"1-{number:02d}" for number in range(5)}
    assert models.Draw.objects.get(pk=second.batch).summary["risk"] == version
    with pytest.raises(UsageError, match="--risk-by is points"):
        drawn(tmp_path, risk_by="points")


def test_draw_when_reviews_are_few_then_points_rank(tmp_path: Path, monkeypatch, capsys) -> None:
    night(0)
    monkeypatch.setenv("TINGJIAN_DRAW_SEED_FILE", str(tmp_path / "seeds"))
    command = ["queue", "draw", "--month", "2026-03", "--per-agent", "2", "--risk-per-day", "5", "--risk-by", "reviews"]
    assert run(command) == 0
    shown = capsys.readouterr().out
    assert "5  risk        the riskiest calls of the day" in shown
    assert "risk lane: rule points rank: 0 reviews" in shown
    picked = models.DrawnCall.objects.filter(lane="risk").values_list("recording__call_id", flat=True)
    assert set(picked) == {f"0-{number:02d}" for number in range(5, 10)}
    assert models.Draw.objects.get().summary["risk"] == "points"
