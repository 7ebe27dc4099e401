from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from statsmodels.stats.proportion import proportion_confint

from quality.verdicts import FindingVerdict, Verdict, adjudicated, precision, verdict_at, wilson_interval

NOON = datetime.fromisoformat("2026-03-05T12:00:00+08:00")
WORDS = {"c": Verdict.CONFIRM, "r": Verdict.REJECT, "u": Verdict.UNSURE}


def said(*words: str, start_s: float = 10.0, end_s: float = 12.0, rule: str = "R") -> list[FindingVerdict]:
    """Words such as ``c1`` (person 1 confirms), each a minute after the one before."""
    return [
        FindingVerdict("rec", rule, start_s, end_s, WORDS[word[0]], word[1:], NOON + timedelta(minutes=number))
        for number, word in enumerate(words)
    ]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param(["c1"], Verdict.CONFIRM, id="one"),
        pytest.param(["r1", "c1"], Verdict.CONFIRM, id="last_word_of_one_person"),
        pytest.param(["c1", "r2"], Verdict.UNSURE, id="one_each"),
        pytest.param(["c1", "r2", "r3"], Verdict.REJECT, id="majority"),
        pytest.param(["c1", "u2", "u3"], Verdict.CONFIRM, id="the_sure_ones_decide"),
        pytest.param(["u1"], Verdict.UNSURE, id="unsure"),
    ],
)
def test_words_of_several_people_come_to_one(words: list[str], outcome: Verdict | None) -> None:
    assert adjudicated(said(*words)) is outcome
    assert adjudicated(reversed(said(*words))) is outcome, "their order in the list does not matter"


@pytest.mark.parametrize(
    ("start_s", "end_s", "found"),
    [(10.0, 12.0, True), (12.9, 14.0, True), (13.1, 14.0, False), (5.0, 9.1, True), (5.0, 8.9, False)],
)
def test_verdict_counts_for_the_same_place(start_s: float, end_s: float, found: bool) -> None:
    words = said("c1")
    assert (verdict_at(words, "R", start_s, end_s) is not None) == found
    assert verdict_at(words, "S", 10.0, 12.0) is None


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (3, 10), (10, 10), (45, 50), (0, 200)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilson_interval_is_that_of_statsmodels(successes: int, trials: int, confidence: float) -> None:
    expected = proportion_confint(successes, trials, alpha=1 - confidence, method="wilson")
    assert wilson_interval(successes, trials, confidence) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (2, 1), (-1, 3)])
def test_wilson_interval_of_nonsense_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        wilson_interval(successes, trials)


def test_precision_without_verdicts_is_unknown_not_perfect() -> None:
    assert precision(7, 0, 0).value is None
    assert precision(7, 3, 1).value == 0.75
