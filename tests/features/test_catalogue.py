from pathlib import Path

import pytest

from pipeline.features.catalogue import CATALOGUE
from pipeline.features.docs import reference
from pipeline.features.measure import measure_call
from pipeline.features.words import word_count
from pipeline.types import Acoustics, ChannelSound, Outcome, Role, Span, VoiceEvent, VoicePitch
from tests.features.scenes import agent, customer, evenly_timed, scene

PAGE = Path(__file__).parents[2] / "docs" / "measures.md"
LONG = "您好请问有什么可以帮您查询的业务"
PITCH = VoicePitch(150.0, 130.0, 180.0, 9.0, (Span(1.0, 4.0),))

FULL = evenly_timed(
    scene(
        agent(1.0, 6.0, "您好，" + LONG),
        customer(7.0, 13.0, "我想问一下我的套餐还有多少流量没有用完"),
        agent(10.0, 16.0, "好的我先跟您说" + LONG),
        agent(18.0, 24.0, LONG + "再见"),
        customer(26.0, 27.0, "再见"),
        hung_up_by=Role.CUSTOMER,
        acoustics=Acoustics(
            probable_fillers=(VoiceEvent(Role.AGENT, 0, 3.0, 3.4),),
            channels=(
                ChannelSound(0, -50.0, 28.0, 0.001, 15.0, (Span(2.0, 2.1),), PITCH),
                ChannelSound(1, -45.0, 20.0, 0.0, 7.0),
            ),
        ),
    )
)


def test_page_is_what_the_catalogue_says():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run python -m pipeline.features.docs > docs/measures.md"


def test_catalogue_has_every_measure_in_its_order_with_its_unit():
    assert [(name, info.unit) for name, info in CATALOGUE.items()] == [
        (name, measure.unit) for name, measure in measure_call(FULL).items()
    ]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_measure_of_a_full_call_has_a_value_and_playable_evidence(name):
    measure = measure_call(FULL)[name]
    assert measure.outcome is Outcome.MEASURED, measure.reason
    for item in measure.evidence:
        assert 0.0 <= item.start_s < item.end_s <= FULL.recording.duration_s
    nothing_happened = not isinstance(measure.value, str) and not measure.value
    assert measure.evidence or nothing_happened or name == "overlap_s"


@pytest.mark.parametrize("name", [name for name, info in CATALOGUE.items() if info.inputs])
def test_inputs_that_the_catalogue_explains_are_given(name):
    assert set(CATALOGUE[name].inputs) <= set(measure_call(FULL)[name].inputs)


def test_rates_are_their_inputs_put_into_the_definition():
    measures = measure_call(FULL)
    for name, over in (
        ("agent_speaking_rate_cpm", "turn_s"),
        ("agent_articulation_rate_cpm", "speech_s"),
        ("agent_call_rate_cpm", "call_s"),
    ):
        inputs = measures[name].inputs
        assert measures[name].value == pytest.approx(60 * inputs["characters"] / inputs[over])
    words = measures["agent_word_rate_wpm"]
    assert words.value == pytest.approx(60 * words.inputs["words"] / words.inputs["turn_s"])
    difference = measures["rate_difference_cpm"]
    assert difference.value == pytest.approx(difference.inputs["agent_cpm"] - difference.inputs["customer_cpm"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("您好，请问有什么可以帮您？", 7),
        ("感谢您的来电", 4),
        ("办理VIP套餐3元", 5),
        ("", 0),
        ("，。", 0),
        ("龘", 1),
    ],
    ids=str,
)
def test_word_count(text, words):
    assert word_count(text) == words
