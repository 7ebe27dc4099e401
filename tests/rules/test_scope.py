"""Where an operator looks: seconds, turns, near an anchor, in every turn."""

from __future__ import annotations

import pytest

from pipeline.features.measure import measure_call
from pipeline.rules import Rulebook, judge
from pipeline.rules.operators import OPERATORS
from pipeline.rules.operators.scope import ScopedOperator
from pipeline.types import Call
from tests.builders import call
from tests.rules.operator_calls import HELD, LOUD, SLOW, TALK_OVER, found, quotes
from tests.rules.rulebook_text import HEADER, judgement, rule_when, small

LATE_EVENTS = {
    "say": ("role: agent, any: [三十六元]", SLOW),
    "regex": ("role: agent, pattern: 三十.元", SLOW),
    "similar": ("role: agent, sentences: [好的三十五元], score: 60", SLOW),
    "repeat": ("role: customer", call("customer: 我的话费多扣了三十块", "customer: 我的话费多扣了三十块")),
    "question": ("role: customer, asked: [查话费], expected: [三十六元]", SLOW),
    "entity": ("role: agent, kind: amount", SLOW),
    "silence": ("above_s: 8", SLOW),
    "response": ("above_s: 5", SLOW),
    "rate": ("role: agent, per: turn, above_cpm: 100, min_characters: 5", SLOW),
    "interruption": ("role: agent", TALK_OVER),
    "backchannel": ("role: agent", TALK_OVER),
    "hold": ("announced: true", HELD),
    "level": ("role: agent, rise_db: 8", LOUD),
    "duration": ("of: turn, role: customer, above_s: 3", SLOW),
    "turn_count": ("role: agent, at_least: 2", SLOW),
    "hang_up": ("by: agent", HELD),
    "measure": ("name: interruption_count, above: 0", TALK_OVER),
}


def test_scope_is_taken_by_every_operator() -> None:
    scoped = {name for name, operator in OPERATORS.items() if issubclass(operator, ScopedOperator)}
    assert LATE_EVENTS.keys() == scoped - {"rule"}


@pytest.mark.parametrize("name", LATE_EVENTS)
@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        pytest.param("between_percent: [0, 100]", "between_percent: [0, 3]", id="percent"),
        pytest.param("first_s: 1000", "first_s: 0.6", id="first_seconds"),
        pytest.param("between_s: [0.6, -0.001]", "between_s: [0, 0.6]", id="seconds"),
        pytest.param("last_s: 1000", "last_s: 0.001", id="last_seconds"),
    ],
)
def test_operator_in_scope_and_out_of_it(name: str, inside: str, outside: str) -> None:
    keys, spoken = LATE_EVENTS[name]
    taken = judgement(f"{{{name}: {{{keys}, {inside}}}}}", spoken, measure_call(spoken))
    assert taken.findings
    left = judgement(f"{{{name}: {{{keys}, {outside}}}}}", spoken, measure_call(spoken))
    assert not left.findings


@pytest.mark.parametrize("name", ["say", "regex", "similar", "entity", "rate", "duration", "level"])
def test_operator_in_chosen_turns(name: str) -> None:
    keys, spoken = LATE_EVENTS[name]
    every = judgement(f"{{{name}: {{{keys}, turns: [1, -1]}}}}", spoken, measure_call(spoken)).findings
    none = judgement(f"{{{name}: {{{keys}, turns: [9, 9]}}}}", spoken, measure_call(spoken)).findings
    assert (bool(every), none) == (True, ())


THANKED = "{say: {role: agent, any: [感谢您的耐心等候], near: {anchor: hold, hit: %s, within: 2 turns after}}}"


TWO_HOLDS = call(
    "agent@1-4: 请别挂机，稍等片刻",
    "agent@10-12: 感谢您的耐心等候",
    "customer@13-14: 还要查别的",
    "agent@15-17: 请别挂机，稍等片刻",
    "agent@30-31: 查好了",
    "agent@33-34: 再见",
)


def anchored(when: str, *anchors: str) -> Rulebook:
    header = HEADER.replace("maximum: 60", "maximum: 100").replace("  time: {title: 时间, maximum: 40}\n", "")
    text = "".join(f"    {anchor}\n" for anchor in anchors or ("hold: {hold: {announced: true}}",))
    rule = rule_when(when).replace("  when:", f"  anchors:\n{text}  when:")
    return small(rule, header=header)


def near(when: str, spoken: Call, *anchors: str) -> list[float]:
    verdict = judge(spoken, measure_call(spoken), anchored(when, *anchors), raise_failures=True)
    assert not verdict.not_assessable, verdict.not_assessable
    return [finding.start_s for finding in verdict.findings]


@pytest.mark.parametrize(
    ("hit", "said_at", "missing_at"),
    [
        pytest.param("first", [10.0], [], id="first"),
        pytest.param("last", [], [30.0], id="last"),
        pytest.param("1", [10.0], [], id="nth"),
        pytest.param("2", [], [30.0], id="second"),
        pytest.param("3", [], [], id="no_such_hit"),
        pytest.param("any", [10.0], [], id="any"),
        pytest.param("each", [], [30.0], id="each"),
    ],
)
def test_near_an_anchor_looks_around_the_chosen_hit(hit: str, said_at: list[float], missing_at: list[float]) -> None:
    # Turns of the agent after the hold: the announcement's own turn is the hold's, the thanks come after it.
    assert near(THANKED % hit, TWO_HOLDS) == said_at
    assert near("{not: %s}" % (THANKED % hit), TWO_HOLDS) == missing_at


def test_near_an_anchor_that_never_hits_is_neither_found_nor_missing() -> None:
    spoken = call("agent: 您好", "customer: 你好")
    assert near(THANKED % "any", spoken) == near("{not: %s}" % (THANKED % "each"), spoken) == []


def test_near_seconds_and_anchors_of_anchors() -> None:
    spoken = call("customer@1-2: 我要投诉", "agent@3-4: 您好", "agent@20-21: 对不起", "agent@60-61: 再见")
    complaint = "complaint: {say: {role: customer, any: [投诉]}}"
    sorry = "sorry: {say: {role: agent, any: [对不起], near: {anchor: complaint, within: 30 seconds after}}}"
    bye = "{say: {role: agent, any: [再见], near: {anchor: sorry, within: %s}}}"
    assert near(bye % "45 seconds after", spoken, complaint, sorry) == [60.0]
    assert near(bye % "30 seconds after", spoken, complaint, sorry) == []


@pytest.mark.parametrize(
    ("scope", "count"),
    [
        pytest.param("between_s: [0, 5]", 1, id="seconds"),
        pytest.param("between_s: [-3, -0.1]", 1, id="seconds_from_the_end"),
        pytest.param("between_percent: [0, 50]", 1, id="percent"),
        pytest.param("between_percent: [50, 100]", 2, id="percent_rest"),
        pytest.param("times: 3", 3, id="often_enough"),
        pytest.param("times: 4", 0, id="not_often_enough"),
        pytest.param("every_turn: true", 0, id="not_every_turn"),
        pytest.param("turns: [1, 1], every_turn: true", 1, id="every_turn_in_scope"),
    ],
)
def test_say_in_wider_scopes(scope: str, count: int) -> None:
    spoken = call("agent@1-2: 一二", "agent@10-12: 五六一二", "agent@14-15: 七八", "agent@18-19: 一二", duration_s=20.0)
    assert len(found(f"{{say: {{role: agent, any: [一二], {scope}}}}}", spoken)) == count


def test_not_every_turn_names_each_turn_without() -> None:
    spoken = call("agent: 请讲", "customer: 你好", "agent: 稍等", "agent: 请稍等", "agent: 再见")
    assert quotes("{not: {say: {role: agent, any: [{text: 请, clause_at_most: 9}], every_turn: true}}}", spoken) == [
        "稍等",
        "再见",
    ]
