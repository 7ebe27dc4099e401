from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import StatisticsError
from quality.item_health import WeightChange, cumulated, item_health, propose_weights, proposed_changes

ITEMS = ("greeting", "manner", "dead", "abuse")


def sheet(calls: int = 1200, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    chances, points = (0.2, 0.08, 0.0, 0.013), (2.0, 10.0, 5.0, 100.0)
    return np.column_stack([(random.random(calls) < p) * w for p, w in zip(chances, points, strict=True)])


def by_item(found):
    return {one.item: one for one in found}


def test_shares_when_added_up_then_one_each_and_variance_as_numpy_has_it() -> None:
    points = sheet()
    found = by_item(item_health(ITEMS, points, np.ones(1200), fatal=["abuse"]))
    for share in ("of_count", "of_points", "of_variance"):
        assert sum(getattr(one, share) for one in found.values()) == pytest.approx(1)
    total = points.sum(axis=1)
    for column, item in enumerate(ITEMS):
        truth = np.cov(points[:, column], total, ddof=0)[0, 1] / total.var()
        assert found[item].of_variance == pytest.approx(truth)
    assert found["abuse"].of_count < 0.06
    assert found["abuse"].of_variance > 0.5, "a rare fatal item is most of the variance"


def test_shares_when_weighted_then_as_if_calls_were_repeated() -> None:
    points = sheet(200)
    weights = np.random.default_rng(3).integers(1, 5, 200)
    once = by_item(item_health(ITEMS, points, weights.astype(float)))
    repeated = by_item(item_health(ITEMS, np.repeat(points, weights, axis=0), np.ones(weights.sum())))
    for item in ITEMS:
        assert once[item].of_variance == pytest.approx(repeated[item].of_variance)
        assert once[item].rate == pytest.approx(repeated[item].rate)


def test_garbage_when_600_zeros_then_proposed_but_not_after_300() -> None:
    many = by_item(item_health(ITEMS, sheet(600), np.ones(600)))["dead"]
    assert (many.proposal, many.fails) == ("warning", 0)
    few = by_item(item_health(ITEMS, sheet(300), np.ones(300)))["dead"]
    assert few.proposal is None
    assert "still allow 0.99% of calls" in few.reason


def test_garbage_when_compliance_or_fatal_then_never_proposed() -> None:
    for given in ({"compliance": ["dead"]}, {"fatal": ["dead"]}):
        found = item_health(ITEMS, sheet(1200), np.ones(1200), **given)
        assert by_item(found)["dead"].proposal is None
        assert "stays" in by_item(found)["dead"].reason
        assert proposed_changes(found) == []


def test_garbage_when_rare_but_heavy_then_kept() -> None:
    points = np.zeros((3000, 2))
    points[:4, 0] = 100.0
    points[::10, 1] = 1.0
    found = by_item(item_health(("rare", "light"), points, np.ones(3000)))["rare"]
    assert found.rate_high < 0.005
    assert found.proposal is None
    assert "of the variance" in found.reason


def test_item_when_not_judged_then_not_counted() -> None:
    points = sheet(100)
    points[:, 0] = np.nan
    points[:40, 1] = np.nan
    found = by_item(item_health(ITEMS, points, np.ones(100)))
    assert (found["greeting"].reviews, found["greeting"].rate) == (0, None)
    assert found["greeting"].reason == "not judged in any review"
    assert found["manner"].reviews == 60


def test_shares_when_nothing_was_deducted_then_none_instead_of_nan() -> None:
    for one in item_health(ITEMS, np.zeros((20, 4)), np.ones(20)):
        assert (one.of_count, one.of_points, one.of_variance, one.rate) == (None, None, None, 0.0)


def test_pareto_line_when_cumulated_then_ends_at_one() -> None:
    line = cumulated(item_health(ITEMS, sheet(), np.ones(1200)), "of_count")
    assert [item for item, _ in line][:2] == ["greeting", "manner"]
    assert line[-1][1] == pytest.approx(1)


def test_proposal_when_tried_then_order_and_line_are_told() -> None:
    points = sheet(900)
    points[:300, 1] += 20
    agents = np.repeat([0, 1, 2], 300)
    changes = [WeightChange("manner", 0.0, "try")]
    fatal = points[:, 3] > 0
    proposal = propose_weights(ITEMS, points, fatal, agents, ("A", "B", "C"), changes, line=80.0)
    first = proposal.agents[0]
    kept = np.where(fatal, 0, np.clip(100 - points[:, [0, 2, 3]].sum(axis=1), 0, None))
    assert first.after == pytest.approx(kept[:300].mean())
    assert (first.crosses, [agent.agent_id for agent in proposal.crossing]) == (True, ["A"])
    assert proposal.rank_correlation is not None
    assert -1 <= proposal.rank_correlation <= 1
    again = propose_weights(ITEMS, points, fatal, agents, ("A", "B", "C"), changes, line=80.0)
    assert again.version == proposal.version
    other = propose_weights(ITEMS, points, fatal, agents, ("A", "B", "C"), changes, line=85.0)
    assert other.version != proposal.version


def test_proposal_when_nothing_changes_then_same_order() -> None:
    points = sheet(300)
    agents = np.repeat([0, 1, 2], 100)
    proposal = propose_weights(ITEMS, points, np.zeros(300, bool), agents, ("A", "B", "C"), [], line=80)
    assert proposal.rank_correlation == pytest.approx(1)
    assert proposal.crossing == ()
    same = propose_weights(ITEMS, points * 0, np.zeros(300, bool), agents, ("A", "B", "C"), [], line=80)
    assert same.rank_correlation is None


@pytest.mark.parametrize(
    ("call", "says"),
    [
        pytest.param(lambda: item_health(ITEMS, np.zeros((0, 4)), np.zeros(0)), "no reviews", id="empty month"),
        pytest.param(lambda: item_health(ITEMS, np.zeros((3, 2)), np.ones(3)), "have shape", id="shape"),
        pytest.param(lambda: item_health(ITEMS, -np.ones((3, 4)), np.ones(3)), "negative points", id="negative"),
        pytest.param(lambda: item_health(ITEMS, np.ones((3, 4)), np.zeros(3)), "weight", id="weight"),
        pytest.param(
            lambda: propose_weights(
                ITEMS, sheet(3), np.zeros(3, bool), np.zeros(3, int), ("A",), [WeightChange("x", 1, "")], line=80
            ),
            "'x' is unknown",
            id="unknown item",
        ),
        pytest.param(
            lambda: propose_weights(
                ITEMS,
                sheet(3),
                np.zeros(3, bool),
                np.zeros(3, int),
                ("A",),
                [WeightChange("dead", float("nan"), "")],
                line=80,
            ),
            "the factor is nan",
            id="nan factor",
        ),
        pytest.param(
            lambda: propose_weights(ITEMS, sheet(0), np.zeros(0, bool), np.zeros(0, int), (), [], line=80),
            "no scored calls",
            id="no calls",
        ),
    ],
)
def test_wrong_input_then_told_what_was_expected(call, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        call()
