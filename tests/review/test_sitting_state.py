from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.errors import UsageError
from quality.verdicts import Verdict
from review.sitting_state import Facts, SittingState, checked, state_of
from store.sittings import Event

TIMES = {"start_s": 1.0, "end_s": 2.0}
LINE = {"role": "agent", "start_s": 1.0, "end_s": 2.0, "text": "没法查"}
FACTS = Facts(frozenset({7, 8}), frozenset({"LANG.03"}), [LINE], 60.0)
ADDED = {"rule": "LANG.03", "role": "agent", "start_s": 1, "end_s": 2, "quote": "没法查", "comment": ""}


def history(*done: tuple[str, dict[str, Any]]) -> list[Event]:
    return [Event(n, kind, payload, "甲", datetime.now(UTC)) for n, (kind, payload) in enumerate(done, start=1)]


def test_last_word_on_a_flag_counts() -> None:
    state = state_of(
        history(("verdict", {"finding": 7, "verdict": "confirm"}), ("verdict", {"finding": 7, "verdict": "unsure"}))
    )
    assert state.verdicts[7].verdict is Verdict.UNSURE
    assert (state.version, state.undoable) == (2, 2)


def test_undo_brings_the_earlier_word_back() -> None:
    state = state_of(
        history(
            ("verdict", {"finding": 7, "verdict": "confirm"}),
            ("verdict", {"finding": 7, "verdict": "reject", "reason": "context"}),
            ("undo", {"event": 2}),
        )
    )
    assert state.verdicts[7].verdict is Verdict.CONFIRM
    assert (state.version, state.undoable) == (3, 1)


def test_added_violation_comment_and_correction_stand_until_undone() -> None:
    done = (
        ("add", {**ADDED, "start_s": 1.0, "end_s": 2.0}),
        ("comment", {"at_s": 3.0, "text": "口气不好"}),
        (
            "correct",
            {"line": 0, "role": "agent", "start_s": 1.0, "end_s": 2.0, "heard": "没法查", "corrected": "没办法"},
        ),
    )
    state = state_of(history(*done))
    assert (state.added[0].rule, state.comments[0].text, state.corrected[0].corrected) == (
        "LANG.03",
        "口气不好",
        "没办法",
    )
    without = state_of(history(*done, *(("undo", {"event": n}) for n in (1, 2, 3))))
    assert (without.added, without.comments, dict(without.corrected)) == ((), (), {})
    assert without.undoable is None


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("verdict", {"finding": 9, "verdict": "confirm"}),
        ("verdict", {"finding": 7, "verdict": "maybe"}),
        ("verdict", {"finding": 7, "verdict": "reject"}),
        ("verdict", {"finding": 7, "verdict": "reject", "reason": "because"}),
        ("add", {**ADDED, "rule": "NO.01"}),
        ("add", {**ADDED, "end_s": 400}),
        ("add", {**ADDED, "start_s": 5, "end_s": 2}),
        ("add", {**ADDED, "role": "nobody"}),
        ("correct", {"line": 3, "text": "a"}),
        ("correct", {"line": 0, "text": "  "}),
        ("comment", {"at_s": 1, "text": "x" * 2001}),
        ("comment", {"text": "no time"}),
        ("undo", {}),
        ("undo", {"event": 4}),
        ("drop tables", {}),
    ],
    ids=str,
)
def test_event_that_the_call_does_not_have_is_refused(kind: str, payload: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        checked(kind, payload, FACTS, SittingState())


def test_correction_keeps_what_the_engine_wrote() -> None:
    assert checked("correct", {"line": 0, "text": " 没办法 "}, FACTS, SittingState()) == {
        "line": 0,
        "role": "agent",
        "start_s": 1.0,
        "end_s": 2.0,
        "heard": "没法查",
        "corrected": "没办法",
    }
