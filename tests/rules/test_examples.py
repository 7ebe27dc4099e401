from __future__ import annotations

import pytest

from pipeline.rules import check_examples
from pipeline.rules.example_calls import call_from_lines
from pipeline.types import ChannelLayout, Role
from tests.rules.rulebook_text import LATE, TALK, small


def test_examples_that_come_out_as_written_give_no_failure() -> None:
    assert check_examples(small()) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            ('hit: ["agent: 别烦我。"]', 'hit: ["agent: 别烦我。", "agent: 您好。"]'),
            "TALK.01: hit example 2 (agent: 您好。) gave miss",
            id="missed",
        ),
        pytest.param(
            ('"customer: 别烦我。"', '"agent: 先别烦我。"'),
            "TALK.01: miss example 1 (agent: 先别烦我。) gave hit",
            id="accused",
        ),
        pytest.param(
            ('"customer: 别烦我。"', '"unknown: 别烦我。"'),
            "TALK.01: miss example 1 (unknown: 别烦我。) gave not assessable",
            id="not_assessable",
        ),
    ],
)
def test_example_that_comes_out_otherwise_is_told(change: tuple[str, str], told: str) -> None:
    (failure,) = check_examples(small(TALK.replace(*change), LATE))
    assert str(failure).startswith(told)


def test_lines_follow_each_other_unless_they_give_times() -> None:
    spoken = call_from_lines(["agent: 您好", "customer@9: 你好", "agent@9.5-12: 请讲", "customer：好"])
    turns = [(turn.role, turn.start_s, turn.end_s) for turn in spoken.turns]
    assert turns[0] == (Role.AGENT, 0.5, pytest.approx(1.56))
    assert turns[1][:2] == (Role.CUSTOMER, 9.0)
    assert turns[2] == (Role.AGENT, 9.5, 12.0)
    assert turns[3][:2] == (Role.CUSTOMER, 12.5)
    assert [one.text for one in spoken.transcript.utterances] == ["您好", "你好", "请讲", "好"]
    assert spoken.recording.duration_s > spoken.turns[-1].end_s


def test_lines_in_mono_have_no_roles() -> None:
    spoken = call_from_lines(["agent: 您好"], layout=ChannelLayout.MONO)
    assert spoken.turns[0].role is Role.UNKNOWN
    assert spoken.recording.agent_channel is None


@pytest.mark.parametrize("line", ["您好", "boss: 您好", "agent 您好", "agent@: 您好", "agent@5-4: 您好", ""])
def test_line_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        call_from_lines([line])
