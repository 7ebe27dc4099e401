from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows import draw_seed
from flows.draw_queue import DrawOptions, MonthDrawn, draw_months
from flows.draw_replay import replay_month
from pipeline.errors import ConfigurationError, UsageError
from quality.words import Allocation
from store import draws, models
from store.calls import calls_of_month
from store.plans import Plan, set_plans
from tests.store.months import ZONE, Made, enrol, many, open_batch

pytestmark = pytest.mark.django_db

MONTH = "2026-03"


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "seeds"


def fill(
    first: int, count: int, *, agents: int = 2, days: tuple[int, int] = (2, 31), month: int = 3, **more: Any
) -> list[str]:
    """Calls with scores that vary, spread over some days of a month."""
    random, made = np.random.default_rng(first), []
    for number in range(first, first + count):
        day = int(random.integers(days[0], days[1] + 1))
        when = datetime(2026, month, day, int(random.integers(8, 20)), number % 60, tzinfo=ZONE)
        score = 100.0 if random.random() < 0.5 else float(random.uniform(60, 99))
        given = {"score": score, "agent_id": f"A{number % agents}", "started_at": when} | more
        made.append(Made(f"c{number:04d}", **given))
    return many(made)


def drawn(seed_file: Path, *, month: str = MONTH, **options: Any) -> MonthDrawn:
    (one,) = draw_months([month], DrawOptions(**options), frozenset(options), seed_file)
    return one


def log() -> dict[str, tuple[bool, int, str]]:
    rows = models.DrawnCall.objects.values_list("recording_id", "picked", "probability_e9", "lane")
    return {row[0]: row[1:] for row in rows}


def test_draw_when_month_is_complete_then_every_call_is_logged_and_the_number_is_met(seed_file: Path) -> None:
    fill(0, 200)
    done = drawn(seed_file, per_agent=7.0)
    assert (done.calls, done.lanes) == (200, {"probability": 14, "must": 0, "risk": 0})
    entries = log()
    assert len(entries) == 200
    assert min(chance for _, chance, _ in entries.values()) > 0
    seed = draw_seed.newest_seed(seed_file)
    assert set(models.DrawnCall.objects.values_list("seed_id", "model_version")) == {(seed.id, "cold-start 1")}
    assert seed.id == done.seed_id
    calls = list(calls_of_month(MONTH))
    assert sum(call.picked for call in calls) == 14
    assert {call.lane for call in calls} == {"probability"}


def test_draw_when_run_again_then_nothing_changes(seed_file: Path) -> None:
    fill(0, 60)
    drawn(seed_file, per_agent=5.0)
    before = log()
    again = drawn(seed_file)
    assert (again.calls, again.picked, log()) == (0, (), before)
    assert again.targets == {"A0": 5.0, "A1": 5.0}


def test_draw_when_late_calls_come_then_earlier_picks_stay_and_rates_too(seed_file: Path) -> None:
    fill(0, 100)
    first = drawn(seed_file, per_agent=5.0)
    before = log()
    fill(100, 100)
    second = drawn(seed_file)
    after = log()
    assert {key: after[key] for key in before} == before
    assert (second.calls, second.targets) == (100, first.targets)
    assert second.expected["A0"] > first.expected["A0"]
    assert replay_month(MONTH, seed_file).differences == ()


def test_draw_when_drawn_early_then_rate_looks_ahead_over_the_month(seed_file: Path) -> None:
    fill(0, 60, agents=1, days=(1, 10))
    done = drawn(seed_file, per_agent=9.0)
    assert done.expected["A0"] == pytest.approx(9 * 10 / 31, rel=0.02)
    fill(60, 126, agents=1, days=(11, 31))
    assert drawn(seed_file).expected["A0"] == pytest.approx(9, rel=0.15)


def test_draw_when_one_day_is_known_then_a_quiet_agent_does_not_get_a_wild_rate(seed_file: Path) -> None:
    fill(0, 120, agents=3, days=(2, 2))
    fill(200, 1, agents=1, days=(2, 2), agent_id="quiet")
    drawn(seed_file, per_agent=9.0)
    forecast = dict(models.DrawAgent.objects.values_list("agent_id", "forecast_e6"))
    assert forecast["quiet"] > 0.3 * forecast["A0"]


def test_draw_when_last_month_is_known_then_forecast_from_it(seed_file: Path) -> None:
    fill(0, 280, agents=1, month=2, days=(1, 28))
    drawn(seed_file, month="2026-02", per_agent=7.0)
    fill(300, 4, agents=1, days=(1, 1))
    done = drawn(seed_file, per_agent=7.0)
    # Four calls on the first day foretell 124 by themselves; last month had ten a day.
    row = models.DrawAgent.objects.get(month=MONTH)
    before = models.DrawAgent.objects.get(month="2026-02")
    assert row.forecast_e6 > 0.9 * before.forecast_e6
    assert done.targets == {"A0": 7.0}


def test_draw_when_must_and_risk_then_certain_and_random_lane_is_apart(seed_file: Path) -> None:
    fill(0, 80, days=(2, 5))
    fill(80, 3, days=(2, 5), must=True)
    fill(83, 1, days=(2, 2), fatal=True, score=0.0)
    done = drawn(seed_file, per_agent=4.0, risk_per_day=2)
    assert done.lanes["must"] == 4
    assert done.lanes["risk"] == 8
    entries = log()
    assert {chance for _, chance, lane in entries.values() if lane != "probability"} == {10**9}
    scores = {call.recording_id: call.machine_score for call in calls_of_month(MONTH)}
    risky = [scores[key] for key, (_, _, lane) in entries.items() if lane == "risk"]
    rest = [scores[key] for key, (_, _, lane) in entries.items() if lane == "probability"]
    assert np.mean(risky) < np.mean(rest) - 10
    fill(90, 20, days=(2, 5), score=61.0)
    assert drawn(seed_file).lanes["risk"] == 0, "the days had their two"


def test_draw_when_must_is_fatal_only_then_routed_calls_are_random_ones(seed_file: Path) -> None:
    fill(0, 30, must=True)
    fill(30, 2, fatal=True, must=True, score=0.0)
    assert drawn(seed_file, per_agent=4.0, must="fatal").lanes == {"probability": 8, "must": 2, "risk": 0}


def test_draw_when_agent_has_only_certain_calls_then_all_are_taken_and_nothing_breaks(seed_file: Path) -> None:
    fill(0, 5, agents=1, must=True)
    done = drawn(seed_file, per_agent=1.0)
    assert done.lanes == {"probability": 0, "must": 5, "risk": 0}
    fill(5, 50, agents=1)
    assert 0 < drawn(seed_file).lanes["probability"] < 50


def test_draw_when_short_call_is_hung_up_by_agent_then_size_is_uplifted_not_excluded(seed_file: Path) -> None:
    short, other = fill(0, 2, agents=1, score=100.0, duration_s=9.0)
    row = models.Assessment.objects.get(recording=short)
    row.document["measures"] = {"hang_up_by": {"value": "agent"}, "closing_spoken": {"value": False}}
    row.save()
    fill(2, 20, agents=1, score=100.0)
    drawn(seed_file, per_agent=3.0)
    sizes = dict(models.DrawnCall.objects.values_list("recording_id", "size_e6"))
    assert (sizes[short], sizes[other]) == (1_500_000, 1_000_000)


def test_draw_when_plans_are_set_then_they_give_the_rates(seed_file: Path) -> None:
    fill(0, 300, agents=3)
    fill(300, 6, agents=3, must=True)
    set_plans([Plan("质检一", date(2026, 3, day), 2) for day in range(1, 31)])
    done = drawn(seed_file)
    assert done.budget is not None
    assert (done.budget.capacity, done.budget.must, done.budget.probability) == (60, 6, 54)
    assert done.targets == {f"A{n}": pytest.approx(18) for n in range(3)}
    assert done.lanes["probability"] == 54


def test_draw_when_plans_are_too_small_then_says_what_is_short(seed_file: Path) -> None:
    fill(0, 60, agents=3)
    set_plans([Plan("质检一", date(2026, 3, 2), 4)])
    done = drawn(seed_file)
    assert done.budget is not None
    assert (done.budget.short, done.lanes["probability"]) == (2, 6)


def test_draw_when_precision_then_more_where_scores_spread(seed_file: Path) -> None:
    fill(0, 100, agents=1, agent_id="steady", score=99.0)
    fill(100, 100, agents=1, agent_id="varied")
    done = drawn(seed_file, per_agent=10.0, allocation=Allocation.PRECISION)
    assert done.targets["varied"] > 1.5 * done.targets["steady"]
    assert sum(done.targets.values()) == pytest.approx(20)


def test_draw_when_option_differs_from_what_is_frozen_then_refused(seed_file: Path) -> None:
    fill(0, 20)
    drawn(seed_file, per_agent=5.0)
    with pytest.raises(UsageError, match="rates are frozen"):
        drawn(seed_file, per_agent=6.0)
    assert drawn(seed_file, per_agent=5.0).calls == 0


def test_draw_when_month_is_closed_then_late_calls_form_a_supplement_with_the_old_rates(seed_file: Path) -> None:
    fill(0, 100)
    drawn(seed_file, per_agent=5.0)
    before = log()
    assert draws.close_month(MONTH) == 1
    draw_seed.add_seed(seed_file)
    fill(100, 60)
    fill(200, 9, agents=1, agent_id="new")
    late = drawn(seed_file)
    assert late.stratum == 1
    assert late.seed_id == draw_seed.newest_seed(seed_file).id
    assert {key: log()[key] for key in before} == before
    rates = dict(models.DrawAgent.objects.filter(agent_id="A0").values_list("stratum", "rate_e9"))
    assert rates[0] == rates[1]
    strata = {call.agent_id: call.stratum for call in calls_of_month(MONTH) if call.recording_id not in before}
    assert set(strata.values()) == {1}
    assert replay_month(MONTH, seed_file).differences == ()


def test_draw_when_month_is_empty_then_nothing_is_begun(seed_file: Path) -> None:
    done = drawn(seed_file)
    assert (done.calls, done.picked, done.batch) == (0, (), None)
    assert draws.month_of_draws(MONTH) is None
    assert not seed_file.exists()
    assert draws.months_to_draw() == []


def test_draw_when_one_call_then_it_is_heard(seed_file: Path) -> None:
    fill(0, 1)
    assert drawn(seed_file).lanes["probability"] == 1


def test_draw_when_machine_has_no_score_or_agent_is_unknown_then_drawn_all_the_same(seed_file: Path) -> None:
    fill(0, 10, agent_id="", score=None)
    batch = open_batch()
    recording_id = enrol(batch, "short", agent_id=None)
    models.LedgerEntry.objects.filter(recording=recording_id).update(state="quarantined", error_code="too_short")
    enrol(batch, "waiting")
    done = drawn(seed_file, per_agent=50.0)
    assert len(done.picked) == 11
    assert {pick.agent_id for pick in done.picked} == {""}
    assert done.left_out == {"waiting": 1}


def test_replay_when_log_was_changed_then_named(seed_file: Path) -> None:
    fill(0, 80)
    drawn(seed_file, per_agent=5.0)
    assert replay_month(MONTH, seed_file).picked == 10
    one, other = models.DrawnCall.objects.filter(picked=True)[:2]
    models.DrawnCall.objects.filter(id=one.id).update(picked=False)
    models.DrawnCall.objects.filter(id=other.id).update(lane="must")
    found = dict(replay_month(MONTH, seed_file).differences)
    assert found[one.recording_id] == "not picked"
    assert found[other.recording_id] == "a certain call that is not certain"


def test_seed_file_when_made_then_secret_and_not_in_the_database(seed_file: Path) -> None:
    fill(0, 5)
    drawn(seed_file)
    assert seed_file.stat().st_mode & 0o777 == 0o600
    secret = seed_file.read_text().splitlines()[-1]
    stored = str(list(models.DrawMonth.objects.values())) + str(list(models.DrawnCall.objects.values()))
    assert secret not in stored


def test_seed_file_when_others_can_read_it_then_refused(seed_file: Path) -> None:
    draw_seed.newest_seed(seed_file)
    os.chmod(seed_file, 0o644)
    with pytest.raises(ConfigurationError, match="expected 600"):
        draw_seed.newest_seed(seed_file)


@pytest.mark.parametrize(("text", "says"), [("# nothing\n", "holds no seed"), ("abc\n", "line 1 is not hexadecimal")])
def test_seed_file_when_broken_then_explained_without_its_content(seed_file: Path, text: str, says: str) -> None:
    draw_seed.newest_seed(seed_file)
    seed_file.write_text(text)
    with pytest.raises(ConfigurationError, match=says) as caught:
        draw_seed.newest_seed(seed_file)
    assert "abc" not in str(caught.value)


def test_draw_when_seed_of_the_month_is_gone_then_explained_and_nothing_drawn(seed_file: Path) -> None:
    fill(0, 20)
    drawn(seed_file)
    seed_file.unlink()
    draw_seed.newest_seed(seed_file)
    fill(20, 5)
    with pytest.raises(ConfigurationError, match="does not hold seed"):
        drawn(seed_file)
    assert models.DrawnCall.objects.count() == 20


def test_draw_when_another_seed_then_other_picks(seed_file: Path, tmp_path: Path) -> None:
    fill(0, 100)
    picks = set()
    for number in range(3):
        models.DrawMonth.objects.all().delete()
        path = tmp_path / f"seeds{number}"
        path.touch(0o600)
        path.write_text(f"{number}" * 64)
        done = drawn(path, per_agent=5.0)
        picks.add(frozenset(pick.call_id for pick in done.picked))
    assert len(picks) == 3
