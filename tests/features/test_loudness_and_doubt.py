import pytest

from pipeline.types import Outcome
from tests.features.scenes import agent, customer, measures_of, value_of


def test_loudness_rise_compares_the_loudest_turn_with_the_agents_own_median():
    lines = (
        agent(0.0, 3.0, level_dbfs=-22.0),
        agent(5.0, 8.0, level_dbfs=-20.0),
        customer(9.0, 12.0, level_dbfs=-3.0),
        agent(13.0, 16.0, "您听我说", level_dbfs=-9.0),
    )
    measure = measures_of(*lines)["loudness_rise_db"]
    assert measure.value == pytest.approx(11.0)
    assert measure.evidence[0].text == "您听我说"


def test_loudness_rise_ignores_turns_too_short_for_a_level():
    lines = [agent(i * 5.0, i * 5.0 + 2.0, level_dbfs=-20.0) for i in range(3)]
    assert value_of("loudness_rise_db", *lines, agent(20.0, 20.4, level_dbfs=-2.0)) == pytest.approx(0.0)


def test_loudness_rise_over_two_turns_is_not_assessable():
    measures = measures_of(agent(0.0, 3.0), agent(5.0, 8.0))
    assert measures["loudness_rise_db"].outcome is Outcome.NOT_ASSESSABLE
    assert measures["agent_level_dbfs"].value == pytest.approx(-20.0)


def test_agent_level_is_the_power_mean_over_speech():
    lines = (agent(0.0, 3.0, level_dbfs=-10.0), agent(5.0, 8.0, level_dbfs=-90.0))
    assert value_of("agent_level_dbfs", *lines) == pytest.approx(-13.01, abs=0.01)


def test_transcript_confidence_weighs_by_characters():
    lines = (agent(0.0, 3.0, "好" * 9, confidence=1.0), customer(5.0, 8.0, "嗯", confidence=0.0))
    assert value_of("transcript_confidence", *lines) == pytest.approx(0.9)


def test_transcript_confidence_shows_the_least_sure_words():
    lines = (agent(0.0, 3.0, "很清楚", confidence=0.95), customer(5.0, 8.0, "听不清", confidence=0.2))
    assert measures_of(*lines)["transcript_confidence"].evidence[0].text == "听不清"


@pytest.mark.parametrize("text", ["", "您好"], ids=["nothing recognised", "engine without confidence"])
def test_transcript_confidence_without_any_is_not_assessable(text):
    measure = measures_of(agent(0.0, 3.0, text, confidence=None))["transcript_confidence"]
    assert measure.outcome is Outcome.NOT_ASSESSABLE
    assert measure.reason
