from __future__ import annotations

import pytest

from pipeline.features.measure import measure_call
from pipeline.rules.known_measures import KNOWN_MEASURES, readable
from pipeline.types import Evidence, MatchKind, Role
from tests.builders import call, measure, unmeasured
from tests.rules.rulebook_text import judgement, unknown

SPOKEN = call("agent: 您好", "customer: 你好")


@pytest.mark.parametrize(
    ("limits", "value", "fires"),
    [
        pytest.param("above: 2", 2.01, True, id="above"),
        pytest.param("above: 2", 2.0, False, id="not_above_its_limit"),
        pytest.param("at_least: 3", 3, True, id="at_least"),
        pytest.param("at_least: 3", 2, False, id="under_at_least"),
        pytest.param("below: 100", 99.9, True, id="below"),
        pytest.param("below: 100", 100, False, id="not_below_its_limit"),
        pytest.param("at_most: 1", 1, True, id="at_most"),
        pytest.param("above: 1, below: 3", 2, True, id="between"),
        pytest.param("above: 1, below: 3", 3, False, id="not_between"),
    ],
)
def test_measure_against_limits_fires_outside(limits: str, value: float, fires: bool) -> None:
    verdict = judgement(
        f"{{measure: {{name: overlap_s, {limits}}}}}", SPOKEN, {"overlap_s": measure("overlap_s", value)}
    )
    assert bool(verdict.findings) is fires


@pytest.mark.parametrize(
    ("name", "wanted", "value", "fires"),
    [
        pytest.param("hang_up_by", "agent", "agent", True, id="word"),
        pytest.param("hang_up_by", "agent", "customer", False, id="other_word"),
        pytest.param("closing_spoken", "false", False, True, id="no"),
        pytest.param("closing_spoken", "false", True, False, id="yes"),
    ],
)
def test_measure_is_fires_on_its_value(name: str, wanted: str, value: bool | str, fires: bool) -> None:
    verdict = judgement(f"{{measure: {{name: {name}, is: {wanted}}}}}", SPOKEN, {name: measure(name, value)})
    assert bool(verdict.findings) is fires


def test_measure_finding_carries_first_evidence_value_and_threshold() -> None:
    worst = Evidence(Role.UNKNOWN, 12.0, 22.0, "静默 10.0 秒")
    other = Evidence(Role.UNKNOWN, 3.0, 5.0, "静默 2.0 秒")
    taken = {"longest_silence_s": measure("longest_silence_s", 10.04, "s", worst, other)}
    (finding,) = judgement("{measure: {name: longest_silence_s, above: 8}}", SPOKEN, taken).findings
    assert (finding.start_s, finding.end_s, finding.quote, finding.role) == (12.0, 22.0, worst.text, Role.UNKNOWN)
    assert (finding.measured, finding.threshold, finding.match) == ("10.0 秒", "不超过 8 秒", MatchKind.MEASURE)


def test_measure_each_gives_a_finding_for_every_evidence() -> None:
    places = [Evidence(Role.AGENT, start, start + 1, "插话") for start in (5.0, 9.0)]
    taken = {"interruption_count": measure("interruption_count", 2, "次", *places)}
    found = judgement("{measure: {name: interruption_count, at_least: 1, each: true}}", SPOKEN, taken).findings
    assert [finding.start_s for finding in found] == [5.0, 9.0]


def test_measure_without_evidence_shows_the_whole_call() -> None:
    taken = {"agent_talk_ratio": measure("agent_talk_ratio", 0.95)}
    (finding,) = judgement("{measure: {name: agent_talk_ratio, above: 0.9}}", SPOKEN, taken).findings
    assert (finding.start_s, finding.end_s) == (0.0, SPOKEN.recording.duration_s)


def test_measure_not_assessable_passes_its_reason() -> None:
    taken = {"hang_up_by": unmeasured("hang_up_by", "清单里没有挂机方")}
    assert unknown("{measure: {name: hang_up_by, is: agent}}", SPOKEN, taken) == "清单里没有挂机方"


def test_measure_never_taken_is_not_assessable() -> None:
    assert "坐席打断客户的次数" in (unknown("{measure: {name: interruption_count, at_least: 1}}", SPOKEN) or "")


@pytest.mark.parametrize(
    ("limits", "value"),
    [pytest.param("above: 1", "agent", id="word_for_number"), pytest.param("above: 1", True, id="yes_for_number")],
)
def test_measure_of_another_type_is_an_error_never_a_finding(limits: str, value: str | bool) -> None:
    with pytest.raises(TypeError, match="overlap_s"):
        judgement(f"{{measure: {{name: overlap_s, {limits}}}}}", SPOKEN, {"overlap_s": measure("overlap_s", value)})


def test_known_measures_are_those_that_calls_have() -> None:
    taken = measure_call(call("agent: 您好", "customer: 你好"))
    assert {name: known.unit for name, known in KNOWN_MEASURES.items()} == {
        name: one.unit for name, one in taken.items()
    }


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        pytest.param("greeting_latency_s", 3.44, "3.4 秒", id="seconds"),
        pytest.param("agent_speaking_rate_cpm", 204.6, "205 字/分钟", id="rate"),
        pytest.param("agent_talk_ratio", 0.5, "0.50", id="share"),
        pytest.param("greeting_spoken", True, "是", id="yes"),
        pytest.param("hang_up_by", "agent", "坐席", id="party"),
    ],
)
def test_readable_of_value_names_its_unit(name: str, value: float | bool | str, text: str) -> None:
    assert readable(name, value) == text
