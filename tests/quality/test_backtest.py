from __future__ import annotations

from datetime import datetime

import pytest

from quality.backtest import SAMPLES, CallPair, Hit, Judged, Tally, appeal_case, unmatched
from quality.verdicts import AppealOutcome, DecidedAppeal, FindingVerdict, Verdict

NOON = datetime.fromisoformat("2026-03-05T12:00:00+08:00")


def judged(*hits: Hit, total: float | None = 100.0, must: bool = False) -> Judged:
    return Judged(total, must, hits)


def pair(
    number: int, before: Judged, after: Judged, *words: tuple[float, Verdict], day: str = "2026-03-02"
) -> CallPair:
    said = [FindingVerdict(f"rec{number}", "R", at, at + 1, word, "甲", NOON) for at, word in words]
    return CallPair(f"rec{number}", f"c{number}", "A1", day, before, after, said)


def hit(start_s: float, rule: str = "R") -> Hit:
    return Hit(rule, start_s, start_s + 1, "话")


@pytest.mark.parametrize(
    ("before", "after", "lost", "gained"),
    [
        pytest.param([1, 10], [1, 10], [], [], id="same"),
        pytest.param([1], [1.4], [], [], id="moved_a_little"),
        pytest.param([1], [20], [1], [20], id="elsewhere"),
        pytest.param([1], [1, 1.2], [], [1.2], id="one_twin_each"),
        pytest.param([], [5], [], [5], id="new"),
    ],
)
def test_hits_are_the_same_at_the_same_place(before: list, after: list, lost: list, gained: list) -> None:
    found = unmatched([hit(at) for at in before], [hit(at) for at in after])
    assert [[one.start_s for one in side] for side in found] == [lost, gained]


def test_tally_counts_hits_gained_lost_scores_and_review() -> None:
    tally = Tally()
    tally.add(pair(1, judged(hit(1)), judged(hit(1), hit(30), total=90.0, must=True)))
    tally.add(pair(2, judged(hit(1), total=90.0, must=True), judged(), day="2026-03-03"))
    tally.add(pair(3, judged(total=None), judged()))
    rule = tally.rules["R"]
    assert (rule.hits_before, rule.hits_after, rule.gained, rule.lost) == (2, 2, 1, 1)
    assert (rule.calls_before, rule.calls_after) == (2, 1)
    assert tally.changes == {-10: 1, 10: 1}
    assert (tally.scored_both, tally.scored_only_after, tally.scored_only_before) == (2, 1, 0)
    assert (tally.review_before, tally.review_after, tally.review_gained, tally.review_lost) == (1, 1, 1, 1)
    assert [one.call_id for one in tally.samples_review_gained.kept] == ["c1"]
    assert ([one.call_id for one in tally.falls.kept], [one.call_id for one in tally.rises.kept]) == (["c1"], ["c2"])
    assert tally.days == {"2026-03-02": 2, "2026-03-03": 1}


def test_precision_is_of_the_hits_that_people_judged() -> None:
    tally = Tally()
    for number in range(8):
        word = Verdict.CONFIRM if number < 4 else Verdict.REJECT
        after = judged(hit(1)) if number < 5 else judged()
        tally.add(pair(number, judged(hit(1)), after, (1.0, word)))
    tally.add(pair(9, judged(hit(1)), judged(hit(1)), (1.0, Verdict.UNSURE)))
    rule = tally.rules["R"]
    before, after = rule.precision_before(), rule.precision_after()
    assert (before.hits, before.judged, before.value) == (9, 8, 0.5)
    assert (after.hits, after.judged, after.value) == (6, 5, 0.8)
    assert after.low < 0.8 < after.high
    assert rule.verdicts_lost == {"reject": 3}


def test_tallies_of_several_processes_add_up_to_that_of_one() -> None:
    pairs = [
        pair(
            number,
            judged(*([hit(number)] if number % 3 else []), total=100.0 - number % 7),
            judged(*([hit(number + 50)] if number % 2 else []), total=100.0 - number % 5, must=number % 4 == 0),
            (float(number), Verdict.CONFIRM),
            day=f"2026-03-{1 + number % 9:02}",
        )
        for number in range(60)
    ]
    whole, parts = Tally(), [Tally(), Tally(), Tally()]
    for number, one in enumerate(pairs):
        whole.add(one)
        parts[number % 3].add(one)
    total = Tally()
    for part in reversed(parts):
        total.merge(part)
    assert total == whole
    assert len(whole.rules["R"].samples_gained.kept) == SAMPLES


@pytest.mark.parametrize(
    ("outcome", "found", "passed"),
    [
        (AppealOutcome.UPHELD, False, True),
        (AppealOutcome.UPHELD, True, False),
        (AppealOutcome.DISMISSED, True, True),
        (AppealOutcome.DISMISSED, False, False),
    ],
)
def test_appeal_is_a_test_case_of_the_new_rulebook(outcome: AppealOutcome, found: bool, passed: bool) -> None:
    appeal = DecidedAppeal("rec", "c", "R", 10.0, 11.0, outcome, "", NOON)
    here, elsewhere = judged(hit(10.5)), judged(hit(20), hit(10, "S"))
    case = appeal_case(appeal, here, here if found else elsewhere)
    assert (case.found_before, case.passed) == (True, passed)


@pytest.mark.parametrize(
    ("outcome", "before", "after", "passed"),
    [
        (AppealOutcome.UPHELD, False, False, True),
        (AppealOutcome.UPHELD, False, True, False),
        (AppealOutcome.DISMISSED, False, True, True),
        (AppealOutcome.DISMISSED, False, False, True),
        (AppealOutcome.DISMISSED, True, False, False),
    ],
)
def test_violation_that_a_person_added_asks_no_more_than_the_old_rulebook_found(
    outcome: AppealOutcome, before: bool, after: bool, passed: bool
) -> None:
    appeal = DecidedAppeal("rec", "c", "R", 10.0, 11.0, outcome, "", NOON, added=True)
    here, elsewhere = judged(hit(10.5)), judged(hit(20))
    assert appeal_case(appeal, here if before else elsewhere, here if after else elsewhere).passed is passed
