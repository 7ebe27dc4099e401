"""Speech whose words the guards refused: a rule that looks there is not assessable, and never clean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.types import Call, Rejected, Role
from tests.builders import call
from tests.rules.rulebook_text import quotes, unknown


def with_lost(start_s: float, end_s: float, *, role: Role = Role.AGENT, line: int | None = None) -> Call:
    """Five turns; the text from ``start_s`` to ``end_s`` was refused, and the utterance of this line went with it."""
    spoken = call(
        "agent@1-3: 您好请问",
        "customer@4-6: 查话费",
        "agent@10-14: 您的话费五十元",
        "customer@15-17: 谢谢",
        "agent@50-52: 再见",
        duration_s=60.0,
    )
    utterances = tuple(one for at, one in enumerate(spoken.transcript.utterances) if at != line)
    refused = Rejected(role, int(role is Role.CUSTOMER), start_s, end_s, "请不吝点赞", "credit_line", 0.9)
    return replace(spoken, transcript=replace(spoken.transcript, utterances=utterances, rejected=(refused,)))


LOST_MIDDLE = with_lost(10.0, 14.0, line=2)


@pytest.mark.parametrize(
    "when",
    [
        "{say: {role: agent, any: [不知道]}}",
        "{say: {role: agent, any: [您好], times: 2}}",
        "{not: {say: {role: agent, any: [请稍等]}}}",
        "{say: {role: agent, none: [请稍等]}}",
        "{say: {role: agent, all: [您好, 请稍等]}}",
        "{say: {role: agent, first_s: 12, any: [不知道]}}",
        "{say: {role: anyone, any: [不知道]}}",
    ],
)
def test_rule_over_words_that_are_lost_is_not_assessable(when: str) -> None:
    reason = unknown(when, LOST_MIDDLE)
    assert reason is not None
    assert "0:10 到 0:14" in reason


@pytest.mark.parametrize(
    ("when", "found"),
    [
        pytest.param("{say: {role: agent, any: [您好]}}", ["您好"], id="found elsewhere"),
        pytest.param("{say: {role: agent, turns: [1, 1], any: [不知道]}}", [], id="other turn"),
        pytest.param("{say: {role: agent, last_s: 15, any: [不知道]}}", [], id="other seconds"),
        pytest.param("{say: {role: customer, any: [不知道]}}", [], id="other party"),
        pytest.param("{not: {say: {role: agent, any: [再见]}}}", [], id="not missing"),
        pytest.param("{not: {say: {role: agent, last_s: 15, any: [感谢]}}}", ["再见"], id="missing elsewhere"),
    ],
)
def test_rule_that_does_not_depend_on_the_lost_words_is_judged(when: str, found: list[str]) -> None:
    assert unknown(when, LOST_MIDDLE) is None
    assert quotes(when, LOST_MIDDLE) == found


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param(with_lost(6.5, 9.5), id="where nobody speaks"),
        pytest.param(with_lost(10.0, 14.0), id="beside other words of the same stretch"),
        pytest.param(with_lost(13.7, 14.0, line=2), id="too short for words"),
    ],
)
def test_refused_text_without_speech_of_its_own_leaves_rules_assessable(heard: Call) -> None:
    assert unknown("{say: {role: agent, any: [不知道]}}", heard) is None
