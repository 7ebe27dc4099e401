from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.risk import Calls, Reviewed, area_under_curve, learn, model_from, report, risk_by_points
from pipeline.errors import StatisticsError


def reviewed(n: int = 3000, seed: int = 1, drawn: float = 0.0) -> Reviewed:
    """Two rules take ten points each: the first is nearly always right, the second never tells anything.

    ``drawn`` is the chance by which calls without points are kept for review; 0 keeps all, all at random.
    """
    generator = np.random.default_rng(seed)
    right, noise = generator.random(n) < 0.1, generator.random(n) < 0.3
    serious = generator.random(n) < np.where(right, 0.8, 0.03)
    table = np.stack([right, noise, np.ones(n)], axis=1).astype(np.float64)
    points = 10.0 * (right + noise)
    chance = np.ones(n) if drawn == 0 else np.where(points > 0, 1.0, drawn)
    kept = generator.random(n) < chance
    ids = tuple(f"{seed}-{row}" for row in np.flatnonzero(kept))
    calls = Calls(ids, points[kept], ("rule A", "rule B", "always"), table[kept])
    return Reviewed(calls, serious[kept], 1 / chance[kept], np.ones(int(kept.sum()), dtype=np.bool_))


def test_learn_when_one_rule_is_noise_then_ranks_better_than_points_and_chances_come_true() -> None:
    model = learn(reviewed())
    assert model.learned
    found = report(model, reviewed(seed=2))
    assert found.area > found.area_by_points + 0.05
    tenth = next(one for one in found.caught if one.share == 0.1)
    assert tenth.caught > 0.65
    assert tenth.caught > tenth.caught_by_points + 0.2
    assert tenth.lift == pytest.approx(tenth.caught / 0.1)
    assert all(one.found == pytest.approx(one.predicted, abs=0.05) for one in found.calibration)
    assert found.brier is not None
    assert found.brier_of_none is not None
    assert found.brier < 0.6 * found.brier_of_none


def test_learn_when_calls_without_points_were_rarely_heard_then_still_true_of_all_calls() -> None:
    model = learn(reviewed(n=20000, drawn=0.05))
    everything = reviewed(seed=3, n=20000)
    assert model.risk(everything.calls).mean() == pytest.approx(everything.serious.mean(), abs=0.015)


def test_missed_when_serious_call_has_no_hit_then_named() -> None:
    test = reviewed(seed=4)
    found = report(learn(reviewed()), test, missed_at=0.1)
    no_hit = {
        name
        for name, row, bad in zip(test.calls.ids, test.calls.table, test.serious, strict=True)
        if bad and not row[0]
    }
    assert no_hit - set(found.missed) == set()
    assert 0 < len(found.missed) < test.serious.sum() / 2


def test_learn_when_order_of_calls_changes_then_the_same_to_the_bit() -> None:
    training = reviewed()
    order = np.random.default_rng(5).permutation(len(training.calls.ids))
    shuffled = Reviewed(
        Calls(
            tuple(training.calls.ids[row] for row in order),
            training.calls.points[order],
            training.calls.names,
            training.calls.table[order],
        ),
        training.serious[order],
        training.weight[order],
        training.random[order],
    )
    model = learn(training)
    assert learn(shuffled) == model
    assert model_from(json.loads(json.dumps(model.document()))) == model
    assert learn(replace(training, serious=~training.serious)).version != model.version


def test_risk_when_rule_is_new_or_gone_then_not_looked_at() -> None:
    model = learn(reviewed())
    calls = Calls(("a", "b"), np.array([10.0, 0.0]), ("new rule", "rule A"), np.array([[1.0, 1.0], [1.0, 0.0]]))
    risk = model.risk(calls)
    assert risk[0] > 0.5 > 0.1 > risk[1]


def test_learn_when_reviews_are_few_or_all_alike_then_points_rank_and_it_is_said() -> None:
    few = learn(reviewed(n=200))
    assert not few.learned
    assert "200 reviews" in (few.because or "")
    training = reviewed()
    clean = learn(replace(training, serious=np.zeros(training.serious.size, dtype=np.bool_)))
    assert "0 of them with a serious fault" in (clean.because or "")
    found = report(clean, training)
    assert found.calibration == ()
    assert found.brier is None
    assert found.area == found.area_by_points
    assert clean.risk(training.calls).tolist() == risk_by_points(training.calls.points).tolist()


def test_learn_when_points_say_it_all_then_points_rank() -> None:
    generator = np.random.default_rng(6)
    points = generator.integers(0, 60, 600).astype(np.float64)
    calls = Calls(tuple(map(str, range(600))), points, ("noise",), generator.normal(0, 1, (600, 1)))
    model = learn(Reviewed(calls, points > 40, np.ones(600), np.ones(600, dtype=np.bool_)))
    assert "no better than rule points" in (model.because or "")


def test_points_when_machine_could_not_score_then_first() -> None:
    assert risk_by_points(np.array([np.nan, 100.0, 30.0, 0.0])).tolist() == [1.0, 1.0, 0.3, 0.0]


def test_area_when_compared_with_scikit_learn_then_the_same() -> None:
    generator = np.random.default_rng(7)
    ranking = generator.integers(0, 12, 500).astype(np.float64)
    serious, weight = generator.random(500) < ranking / 15, generator.uniform(1, 30, 500)
    assert area_under_curve(ranking, serious, weight) == pytest.approx(
        roc_auc_score(serious, ranking, sample_weight=weight)
    )
    assert area_under_curve(ranking, np.zeros(500, dtype=np.bool_), weight) == 0.5


def test_wrong_input_then_told_what_was_expected() -> None:
    training = reviewed(n=50)
    with pytest.raises(StatisticsError, match="differ in length"):
        learn(replace(training, weight=np.ones(3)))
    broken = training.calls.table.copy()
    broken[0, 0] = np.nan
    with pytest.raises(StatisticsError, match="no finite number"):
        learn(replace(training, calls=replace(training.calls, table=broken)))
    with pytest.raises(StatisticsError, match="no review of the random lane"):
        report(learn(training), replace(training, random=np.zeros(50, dtype=np.bool_)))
