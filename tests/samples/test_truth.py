import copy
import csv
from dataclasses import replace

import pytest

from pipeline.features.measure import measure_call
from pipeline.metadata import parse_metadata
from pipeline.rules import judge, load_rulebook
from pipeline.serialise import assessment_to_document
from pipeline.types import (
    Assessment,
    Call,
    ChannelLayout,
    Provenance,
    Recording,
    Role,
    Span,
    Transcript,
    Turn,
    Utterance,
)
from samples.make_calls import SAMPLES
from samples.truth import (
    TruthUtterance,
    broken_by_measures,
    compare,
    measure_script,
    pieces,
    read_truth,
    write_truth,
)

TRUTHS = {path.name.split(".")[0]: path for path in sorted((SAMPLES / "calls").glob("*.truth.json"))}


@pytest.fixture(scope="module")
def rulebook():
    return load_rulebook("mobile_service")


@pytest.fixture(scope="module")
def manifest():
    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return {row["call_id"]: parse_metadata(row, "manifest.csv") for row in csv.DictReader(stream)}


def perfect_run(truth, metadata, rulebook):
    """The assessment of a run that hears every word and every boundary exactly."""
    roles_known = truth.layout == "stereo"
    roles = {one: Role(one.role) if roles_known else Role.UNKNOWN for one in truth.utterances}
    # Recognisers write no marks.
    words = {one: "".join(character for character, _, _ in one.characters) for one in truth.utterances}
    turns = tuple(
        Turn(
            roles[one],
            one.channel,
            one.start_s,
            one.end_s,
            tuple(Span(start, end) for start, end in pieces(one)),
            -25.0 + one.gain_db,
        )
        for one in truth.utterances
    )
    utterances = tuple(
        Utterance(roles[one], one.channel, one.start_s, one.end_s, words[one], 0.9) for one in truth.utterances
    )
    recording = Recording(
        truth.call_id, "0" * 64, truth.duration_s, 8000, 1 if truth.layout == "mono" else 2,
        ChannelLayout(truth.layout), truth.agent_channel, metadata, ringing_end_s=truth.answered_at_s,
    )  # fmt: skip
    call = Call(recording, turns, Transcript("none", "none", "", "zh", {}, utterances, truth.duration_s, 1.0))
    measures = measure_call(call)
    provenance = Provenance("0" * 64, "none", "", {}, "none", rulebook.name, rulebook.version, "", "", {})
    return assessment_to_document(Assessment(call, measures, judge(call, measures, rulebook), provenance))


@pytest.mark.parametrize("call_id", TRUTHS)
def test_perfect_run_over_a_bundled_call_agrees_with_its_truth(call_id, rulebook, manifest):
    truth = read_truth(TRUTHS[call_id])
    assessment = perfect_run(truth, manifest[call_id], rulebook)
    assert compare(truth, assessment) == []
    for name, expected in truth.measures.items():
        near = expected if isinstance(expected, str) else pytest.approx(expected, abs=0.011, rel=0.002)
        assert assessment["measures"][name]["value"] == near, name


@pytest.mark.parametrize("call_id", TRUTHS)
def test_perfect_run_quotes_the_words_of_the_truth(call_id, rulebook, manifest):
    truth = read_truth(TRUTHS[call_id])
    quotes = {(item["rule"], item["quote"]) for item in perfect_run(truth, manifest[call_id], rulebook)["findings"]}
    for expected in truth.findings:
        if expected.quote:
            assert any(rule == expected.rule and expected.quote in quote for rule, quote in quotes), expected


def test_write_truth_then_read_gives_the_same(tmp_path):
    truth = read_truth(TRUTHS["20260302-017"])
    write_truth(truth, tmp_path / "again.json")
    assert read_truth(tmp_path / "again.json") == truth


# ---- compare ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def agreeing(rulebook, manifest):
    """A truth with findings of both kinds, and the assessment that agrees with it."""
    truth = read_truth(TRUTHS["20260302-018"])
    return truth, perfect_run(truth, manifest[truth.call_id], rulebook)


def shift_measure(name, factor=1.0, plus=0.0):
    def change(assessment):
        assessment["measures"][name]["value"] = assessment["measures"][name]["value"] * factor + plus

    return change


def drop_finding(rule):
    def change(assessment):
        assessment["findings"] = [item for item in assessment["findings"] if item["rule"] != rule]

    return change


def change_finding(rule, **values):
    def change(assessment):
        next(item for item in assessment["findings"] if item["rule"] == rule).update(values)

    return change


def add_finding(rule):
    def change(assessment):
        assessment["findings"].append({"rule": rule, "role": "agent", "start_s": 5.0, "end_s": 6.0, "quote": ""})

    return change


def unmeasure(name):
    def change(assessment):
        assessment["measures"][name].update(value=None, outcome="not_assessable")

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(shift_measure("greeting_latency_s", plus=0.2), "greeting_latency_s", id="latency"),
        pytest.param(shift_measure("greeting_latency_s", plus=-0.2), "greeting_latency_s", id="latency_early"),
        pytest.param(shift_measure("agent_speaking_rate_cpm", 1.06), "agent_speaking_rate_cpm", id="agent_rate"),
        pytest.param(shift_measure("agent_articulation_rate_cpm", 0.94), "articulation", id="articulation_rate"),
        pytest.param(shift_measure("customer_speaking_rate_cpm", 0.94), "customer_speaking", id="customer_rate"),
        pytest.param(unmeasure("agent_speaking_rate_cpm"), "agent_speaking_rate_cpm is None", id="rate_missing"),
        pytest.param(drop_finding("LANG.06"), "LANG.06 at", id="phrase_missed"),
        pytest.param(drop_finding("INT.01"), "INT.01 was not found", id="measured_rule_missed"),
        pytest.param(add_finding("LANG.03"), "LANG.03 was invented", id="phrase_invented"),
        pytest.param(add_finding("LANG.06"), "LANG.06 was invented", id="phrase_found_twice"),
        pytest.param(add_finding("SIL.01"), "SIL.01 was invented", id="measured_rule_invented"),
        pytest.param(change_finding("LANG.06", role="customer"), "LANG.06 at", id="wrong_role"),
        pytest.param(change_finding("LANG.06", start_s=1.0, end_s=2.0), "LANG.06 at", id="wrong_place"),
        pytest.param(lambda a: a["route"].update(must_review=False), "must_review is False", id="must_review"),
        pytest.param(lambda a: a["recording"].update(channel_layout="mono"), "layout is mono", id="layout"),
        pytest.param(
            lambda a: a["not_assessable"].append({"rule": "SIL.01", "reason": ""}),
            "SIL.01 should be assessable",
            id="not_assessable_invented",
        ),
    ],
)
def test_compare_when_the_assessment_departs_then_says_where(agreeing, change, words):
    truth, assessment = agreeing
    departed = copy.deepcopy(assessment)
    change(departed)
    differences = compare(truth, departed)
    assert any(words in difference for difference in differences), differences


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(shift_measure("greeting_latency_s", plus=0.14), id="latency"),
        pytest.param(shift_measure("agent_speaking_rate_cpm", 1.045), id="rate"),
        pytest.param(change_finding("LANG.06", quote="神经病吧"), id="quote_a_little_longer"),
    ],
)
def test_compare_within_tolerance_then_agrees(agreeing, change):
    truth, assessment = agreeing
    changed = copy.deepcopy(assessment)
    change(changed)
    assert compare(truth, changed) == []


def test_compare_when_a_rule_should_not_be_assessable_and_is_then_says_so(agreeing):
    truth, assessment = agreeing
    differences = compare(replace(truth, not_assessable=(*truth.not_assessable, "HANG.01")), assessment)
    assert differences == ["HANG.01 should be not assessable"]


# ---- measuring a script -------------------------------------------------------------------------------------------


def said(role, start_s, text, step_s=0.25, pause_after=None, pause_s=0.5):
    """An utterance whose characters take ``step_s`` each, with one pause."""
    characters, at = [], start_s
    for index, character in enumerate(text):
        characters.append((character, at, at + step_s))
        at += step_s + (pause_s if index == pause_after else 0.0)
    channel = 0 if role == "agent" else 1
    return TruthUtterance(role, channel, start_s, characters[-1][2], text, 0.0, tuple(characters))


def measured(*utterances, duration_s=30.0, hung_up_by="customer"):
    return measure_script(utterances, "stereo", 0.0, duration_s, hung_up_by)


def test_measure_script_counts_pauses_in_the_speaking_rate_alone():
    measures = measured(
        said("agent", 1.0, "您好请问有什么可以帮您", pause_after=1), said("customer", 6.0, "查一下我的话费还有多少")
    )
    assert measures["greeting_latency_s"] == 1.0
    assert measures["agent_speaking_rate_cpm"] == pytest.approx(60 * 11 / 3.25)
    assert measures["agent_articulation_rate_cpm"] == pytest.approx(60 * 11 / 2.75)
    assert measures["agent_talk_ratio"] == pytest.approx(3.25 / 6.0)


def test_measure_script_takes_the_answer_from_the_party_that_spoke_last():
    measures = measured(
        said("agent", 1.0, "您好"), said("customer", 2.0, "查话费"), said("agent", 9.0, "好的"), duration_s=12.0
    )
    assert measures["agent_longest_response_s"] == pytest.approx(9.0 - 2.75)
    assert measures["longest_silence_s"] == pytest.approx(9.0 - 2.75)


def test_measure_script_without_an_answer_has_no_response_time():
    assert "agent_longest_response_s" not in measured(said("customer", 1.0, "你好"), said("agent", 2.0, "您好"))


@pytest.mark.parametrize(
    ("text", "start_s", "count"),
    [
        pytest.param("您先听我说", 5.0, 1, id="takes_the_floor"),
        pytest.param("好的", 5.0, 0, id="back_channel"),
        pytest.param("您先听我说", 2.3, 0, id="starts_together"),
        pytest.param("您先听我说", 6.8, 0, id="overlaps_a_moment"),
    ],
)
def test_measure_script_tells_interruption_from_back_channel(text, start_s, count):
    customer = said("customer", 2.0, "我想问一下为什么每个月都要交十块钱呢")  # until 6.5 s
    if start_s > 6.5:
        customer = said("customer", 2.0, "我想问一下为什么每个月都要交十块钱呢为什么", step_s=0.238)
    assert measured(said("agent", 0.5, "您好"), customer, said("agent", start_s, text))["interruption_count"] == count


def test_broken_by_measures_when_the_agent_leaves_a_short_call_then_names_it():
    measures = measured(said("agent", 1.0, "您好"), said("customer", 2.0, "查话费"), hung_up_by="agent")
    assert set(broken_by_measures(measures)) == {"CLOSE.01", "HANG.01", "SIL.01", "AVOID.02"}
