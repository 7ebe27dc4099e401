"""``metadata`` and the logic of conditions."""

from __future__ import annotations

import itertools

import pytest

from pipeline.types import Role
from tests.builders import call, measure, unmeasured
from tests.rules.rulebook_text import judgement, unknown

SPOKEN = call("agent: 您好", direction="outbound", hung_up_by=Role.AGENT, ring_count=3, extra={"vip": "true"})


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        pytest.param("{field: direction, is: outbound}", True, id="text"),
        pytest.param("{field: direction, is: inbound}", False, id="other_text"),
        pytest.param("{field: direction, in: [inbound, outbound]}", True, id="one_of"),
        pytest.param("{field: hung_up_by, is: agent}", True, id="party"),
        pytest.param("{field: ring_count, is: 3}", True, id="number"),
        pytest.param("{field: vip, is: true}", True, id="own_column"),
        pytest.param("{field: vip, is: 'false'}", False, id="own_column_other"),
    ],
)
def test_metadata_field_fires_on_its_value(condition: str, fires: bool) -> None:
    assert bool(judgement(f"{{metadata: {condition}}}", SPOKEN).findings) is fires


@pytest.mark.parametrize("field", ["team", "no_such_column", "extra"])
def test_metadata_missing_is_not_assessable(field: str) -> None:
    assert unknown(f"{{metadata: {{field: {field}, is: x}}}}", SPOKEN) == f"清单里没有“{field}”这一项"


STATES = {
    "yes": "{measure: {name: overlap_s, above: 1}}",
    "no": "{measure: {name: overlap_s, below: 1}}",
    "unknown": "{measure: {name: hang_up_by, is: agent}}",
}
MEASURES = {"overlap_s": measure("overlap_s", 2.0), "hang_up_by": unmeasured("hang_up_by", "不知道谁挂机")}


def state(when: str) -> str:
    verdict = judgement(when, SPOKEN, MEASURES)
    if verdict.not_assessable:
        assert not verdict.findings
        return "unknown"
    return "yes" if verdict.findings else "no"


@pytest.mark.parametrize(("left", "right"), list(itertools.product(STATES, STATES)))
def test_all_and_any_of_three_values_follow_kleene(left: str, right: str) -> None:
    order = ["no", "unknown", "yes"]
    pair = f"[{STATES[left]}, {STATES[right]}]"
    assert state(f"{{all: {pair}}}") == min(left, right, key=order.index)
    assert state(f"{{any: {pair}}}") == max(left, right, key=order.index)


@pytest.mark.parametrize(("inside", "outside"), [("yes", "no"), ("no", "yes"), ("unknown", "unknown")])
def test_not_turns_yes_and_no_and_keeps_unknown(inside: str, outside: str) -> None:
    assert state(f"{{not: {STATES[inside]}}}") == outside
    assert state(f"{{not: {{not: {STATES[inside]}}}}}") == inside


@pytest.mark.parametrize("inside", list(STATES))
def test_not_over_all_and_any_shows_evidence(inside: str) -> None:
    for word in ("all", "any"):
        expected = {"yes": "no", "no": "yes", "unknown": "unknown"}[inside]
        assert state(f"{{not: {{{word}: [{STATES[inside]}]}}}}") == expected


def test_all_shows_the_first_evidence_and_every_value() -> None:
    when = "{all: [{say: {role: agent, any: [您好]}}, {measure: {name: overlap_s, above: 1}}]}"
    (finding,) = judgement(when, SPOKEN, MEASURES).findings
    assert (finding.quote, finding.measured, finding.threshold) == ("您好", "2.0 秒", "不超过 1 秒")


def test_any_shows_every_evidence() -> None:
    when = "{any: [{say: {role: agent, any: [您]}}, {say: {role: agent, any: [好]}}]}".replace(
        "[您]", "[{text: 您, clause_at_most: 9}]"
    ).replace("[好]", "[{text: 好, clause_at_most: 9}]")
    assert [finding.quote for finding in judgement(when, SPOKEN).findings] == ["您", "好"]


def test_unless_unknown_is_held_against_nobody() -> None:
    when = "{say: {role: agent, any: [您好]}}"
    verdict = judgement(when, SPOKEN, MEASURES, unless=STATES["unknown"])
    assert not verdict.findings
    assert [item.reason for item in verdict.not_assessable] == ["不知道谁挂机"]


def test_unless_over_a_measure_looks_near_its_place() -> None:
    spoken = call("agent@1-2: 抱歉", "agent@10-11: 您好", "agent@20-21: 再见")
    when = "{measure: {name: overlap_s, above: 1}}"
    near = "{say: {role: agent, within: 1 turn before, any: [%s]}}"
    # Without evidence the measure stands for the whole call, whose first turn is the one around its start.
    assert judgement(when, spoken, MEASURES, unless=near % "抱歉").findings == ()
    assert len(judgement(when, spoken, MEASURES, unless=near % "再见").findings) == 1
