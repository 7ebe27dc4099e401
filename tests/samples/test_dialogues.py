from collections import Counter

import pytest

from pipeline.rules import load_rulebook
from pipeline.types import ChannelLayout
from samples.dialogue import DialogueError, load_dialogues
from samples.telephone import ENCODINGS
from samples.truth import BY_EXAMPLES_ONLY, RULES

DIALOGUES = load_dialogues()
CALLS = DIALOGUES.calls

SMALL = """
agents: [{id: A1, name: 坐席甲, team: 一组, voice: {variant: f1}}]
calls:
  - id: C1
    title: 一通电话
    agent: A1
    customer: {variant: m1}
    time: "09:00:00"
    business_type: 话费查询
    encoding: pcm
    turns:
      - agent: 您好。
"""


def read(tmp_path, text):
    path = tmp_path / "dialogues.yaml"
    path.write_text(text, encoding="utf-8")
    return load_dialogues(path)


def test_load_dialogues_when_well_written_then_gives_lines_in_order(tmp_path):
    (call,) = read(tmp_path, SMALL + "      - customer: 你好。\n").calls
    assert [(line.role, line.text) for line in call.turns] == [("agent", "您好。"), ("customer", "你好。")]
    assert call.started_at.isoformat() == "2026-03-02T09:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(SMALL.replace("encoding: pcm", "encodign: pcm"), "encodign", id="unknown_key"),
        pytest.param(SMALL.replace("agent: A1", "agent: A9"), "no agent A9", id="unknown_agent"),
        pytest.param(SMALL + "      - {agent: 您好。, customer: 你好。}\n", "one speaker", id="two_speakers"),
        pytest.param(SMALL + "      - {agent: 您好。, after_s: 1, at_s: 2}\n", "one time", id="two_starts"),
        pytest.param(SMALL + SMALL.split("calls:")[1], "twice", id="same_call_twice"),
        pytest.param("agents: [", "dialogues.yaml", id="no_yaml"),
    ],
)
def test_load_dialogues_when_wrong_then_names_file_and_mistake(tmp_path, text, words):
    with pytest.raises(DialogueError, match=r"dialogues\.yaml") as error:
        read(tmp_path, text)
    assert words in str(error.value)


def test_bundled_dialogues_expect_every_rule_of_the_default_rulebook_that_they_can():
    in_rulebook = {rule.id for rule in load_rulebook("mobile_service").rules}
    assert set(RULES) == in_rulebook
    assert {item.rule for call in CALLS for item in call.expect} == in_rulebook - BY_EXAMPLES_ONLY.keys()


def test_bundled_dialogues_break_every_kind_of_forbidden_phrase_in_two_calls_at_least():
    calls_by_rule = Counter(rule for call in CALLS for rule in {item.rule for item in call.expect})
    assert all(calls_by_rule[f"LANG.0{kind}"] >= 2 for kind in range(1, 8)), calls_by_rule


def test_bundled_dialogues_hold_enough_good_calls_and_every_layout_and_encoding():
    stereo = [call for call in CALLS if call.layout is ChannelLayout.STEREO]
    assert len(CALLS) >= 24
    assert sum(not call.expect for call in stereo) >= 6
    assert {call.layout for call in CALLS} == set(ChannelLayout)
    assert {call.encoding for call in CALLS} == set(ENCODINGS)
    assert {call.agent_channel for call in stereo} == {0, 1}
    assert len(stereo) > len(CALLS) / 2


def test_bundled_dialogues_never_let_one_voice_play_both_parties():
    for call in CALLS:
        assert DIALOGUES.profile(call.agent).voice.variant != call.customer.variant, call.id
