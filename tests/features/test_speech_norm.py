import pytest

from pipeline.features.measure import measure_call
from pipeline.features.speech_norm import flagged_in_words, natural_range, norm_readings, verdict_of
from pipeline.rules import parse_rulebook
from tests.features.scenes import agent, customer, scene
from tests.rules.rulebook_text import HEADER, LATE, TALK, text_of

TWENTY = "您好请问有什么可以帮您查询的业务请您说吧"


def readings_of(*lines, **more):
    return {one.measure: one for one in norm_readings(measure_call(scene(*lines, **more)))}


def test_one_call_by_four_definitions_gives_four_answers():
    # 40 characters: 8 s of sound, 16 s of turns, a call of 30 s.
    lines = [
        agent(start, start + 8.0, TWENTY, pieces=((start, start + 2.0), (start + 6.0, start + 8.0)))
        for start in (0.0, 12.0)
    ]
    readings = readings_of(*lines, customer(21.0, 29.0))
    assert {name: (one.value, one.verdict) for name, one in readings.items() if name.endswith("cpm")} == {
        "agent_articulation_rate_cpm": (300.0, "above"),
        "agent_speaking_rate_cpm": (150.0, "above"),
        "agent_call_rate_cpm": (80.0, "below"),
    }
    words = readings["agent_word_rate_wpm"]
    assert words.value == pytest.approx(60 * dict(words.inputs)["words"] / 16)


def test_readings_without_a_call_have_no_values_and_of_a_call_without_words_the_reason():
    assert all(one.value is None and one.reason is None for one in norm_readings())
    assert all(one.value is None and one.reason for one in readings_of(agent(0.0, 5.0, "")).values())


@pytest.mark.parametrize(
    ("value", "verdict"), [(99.9, "below"), (100.0, "within"), (120.0, "within"), (120.1, "above")]
)
def test_limits_of_the_norm_belong_to_it(value, verdict):
    assert verdict_of(value, 100.0, 120.0) == verdict


@pytest.mark.parametrize(
    ("natural", "words"),
    [
        ((200.0, 260.0), "全都“过快”"),
        ((50.0, 90.0), "全都“过慢”"),
        ((102.0, 118.0), "都在规范内"),
        ((110.0, 130.0), "约 50% “过快”"),
        ((90.0, 140.0), "约 40% “过快”、约 20% “过慢”"),
    ],
    ids=str,
)
def test_whom_the_norm_flags_in_words(natural, words):
    assert words in flagged_in_words(natural, 100.0, 120.0)


def test_natural_speech_is_slower_the_more_time_counts():
    ranges = [natural_range(one.measure) for one in norm_readings()]
    assert ranges[0] > ranges[1] > ranges[2]


def test_the_line_of_each_reading_is_one_that_a_rulebook_takes():
    for reading in norm_readings():
        rule = LATE.replace("when: {measure: {name: greeting_latency_s, above: 2}}", reading.rule)
        rule = rule.replace("greeting_latency_s: 3", f"{reading.measure}: 300")
        rule = rule.replace("greeting_latency_s: 1", f"{reading.measure}: 90")
        assert "greeting" not in rule
        assert parse_rulebook(text_of(TALK, rule, header=HEADER).encode(), "norm.yaml").rules
