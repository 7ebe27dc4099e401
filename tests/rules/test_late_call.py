"""A stored call read part by part is judged as the whole of it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.service_calls import make_call, phrases
from pipeline.call_columns import ColumnCall, columns_of, read_columns
from pipeline.features.dialogue import read_dialogue
from pipeline.features.measure import measure_call
from pipeline.late_call import LateCall, read_call
from pipeline.rules import judge, load_rulebook
from pipeline.serialise import call_from_document, call_to_document, measures_from_document, measures_to_document
from pipeline.stored_measures import StoredMeasures, values_of
from pipeline.types import Acoustics, Call, CallMetadata, Rejected, Role, Span

Change = Callable[[Call], Call]


def with_words(call: Call, *words: Any) -> Call:
    return replace(call, transcript=replace(call.transcript, utterances=tuple(words)))


def halved(call: Call) -> Call:
    """Two utterances in every turn, the second one first."""
    words = []
    for one in call.transcript.utterances:
        middle_s, half = (one.start_s + one.end_s) / 2, len(one.text) // 2
        words.append(replace(one, start_s=middle_s, text=one.text[half:]))
        words.append(replace(one, end_s=middle_s, text=one.text[:half]))
    return with_words(call, *words)


def refused(call: Call) -> Call:
    first, second, *others = call.transcript.utterances
    lost = Rejected(second.role, second.channel, second.start_s, second.end_s, second.text, "silence")
    return replace(call, transcript=replace(call.transcript, utterances=(first, *others), rejected=(lost,)))


def one_party(call: Call) -> Call:
    turns = tuple(turn for turn in call.turns if turn.role is Role.CUSTOMER)
    words = [one for one in call.transcript.utterances if one.role is Role.CUSTOMER]
    return with_words(replace(call, turns=turns), *words)


def backwards(call: Call) -> Call:
    return with_words(replace(call, turns=call.turns[::-1]), *call.transcript.utterances[::-1])


def overlapping(call: Call) -> Call:
    """Every turn reaches into the next one of its channel."""
    return replace(call, turns=tuple(replace(turn, pieces=(replace(turn.pieces[0], end_s=turn.end_s + 30.0),),
                                             end_s=turn.end_s + 30.0) for turn in call.turns))  # fmt: skip


def by_character(call: Call) -> Call:
    words = []
    for one in call.transcript.utterances:
        step_s = (one.end_s - one.start_s) / len(one.text)
        starts = [round(one.start_s + step_s * number, 3) for number in range(len(one.text) + 1)]
        words.append(replace(one, characters=tuple(map(Span, starts, starts[1:]))))
    return with_words(call, *words)


CHANGES: dict[str, Change] = {
    "as_stored": lambda call: call,
    "halved": halved,
    "by_character": by_character,
    "refused": refused,
    "one_party": one_party,
    "backwards": backwards,
    "overlapping": overlapping,
    "nobody": lambda call: replace(call, turns=(), transcript=replace(call.transcript, utterances=())),
    "no_words": lambda call: with_words(call),
    "nobody_known": lambda call: replace(call, recording=replace(call.recording, agent_channel=None)),
    "no_metadata": lambda call: replace(call, recording=replace(call.recording, metadata=CallMetadata("c1"))),
    "unsure": lambda call: with_words(call, *(replace(one, confidence=0.3) for one in call.transcript.utterances)),
}


@pytest.fixture(scope="module")
def documents() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    planted = phrases(50)
    calls = [make_call(number, planted) for number in range(4)]
    return [(call_to_document(call), measures_to_document(measure_call(call))) for call in calls]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("name", ["mobile_service", "announced_test_call"])
def test_call_read_late_is_judged_as_the_whole_one(
    documents: list[tuple[dict[str, Any], dict[str, Any]]], name: str, change: Change
) -> None:
    rulebook = load_rulebook(name)
    for of_call, of_measures in documents:
        document = call_to_document(change(call_from_document(of_call)))
        whole, text = call_from_document(document), json.dumps(document)
        wanted = judge(whole, measures_from_document(of_measures), rulebook)
        for late in (LateCall(text), ColumnCall(columns(text), text.encode)):
            stored = StoredMeasures(values_of(of_measures), of_measures.__getitem__)
            assert list(read_dialogue(late).turns) == list(read_dialogue(whole).turns)
            assert judge(late, stored, rulebook) == wanted
            assert late.recording == whole.recording
            assert (late.turns, late.transcript, late.acoustics) == (whole.turns, whole.transcript, whole.acoustics)


def columns(text: str) -> str:
    made = columns_of(text)
    assert made is not None
    return made


def test_columns_are_judged_without_the_document_of_the_call() -> None:
    made = make_call(1, phrases(50))
    text, measures = json.dumps(call_to_document(made)), measures_to_document(measure_call(made))
    asked: list[str] = []
    call = read_columns(columns(text), lambda: (asked.append("whole"), text)[1])
    assert isinstance(call, ColumnCall)
    judge(call, StoredMeasures(values_of(measures), measures.__getitem__), load_rulebook("mobile_service"))
    utterances = tuple(map(call.utterance, range(len(call.words))))
    assert not asked
    assert utterances == call.transcript.utterances
    assert asked == ["whole"]


def test_columns_of_another_version_leave_it_to_the_document() -> None:
    text = json.dumps(call_to_document(make_call(1)))
    other = json.loads(columns(text))
    del other["words"]
    assert isinstance(read_columns(json.dumps(other), text.encode), LateCall)
    assert columns_of(json.dumps({"recording": {}})) is None


def test_call_in_columns_goes_to_another_process() -> None:
    text = json.dumps(call_to_document(make_call(1)))
    call = ColumnCall(columns(text), text.encode)
    assert pickle.loads(pickle.dumps(call)).transcript == call.transcript


def test_a_measure_is_read_whole_only_for_its_evidence() -> None:
    document = measures_to_document(measure_call(make_call(1)))
    asked: list[str] = []
    stored = StoredMeasures(values_of(document), lambda name: (asked.append(name), document[name])[1])
    assert stored.value("call_duration_s") == document["call_duration_s"]["value"]
    assert (stored.value("nonsense"), "nonsense" in stored, len(stored)) == (None, False, len(document))
    whole = measures_from_document(document)
    for name, measure in whole.items():
        assert stored.first_evidence(name) == (measure.evidence[0] if measure.evidence else None), name
    assert not asked
    assert stored["silence_ratio"] == measures_from_document(document)["silence_ratio"]
    assert asked == ["silence_ratio"]
    assert dict(stored) == whole


def test_values_stored_without_the_first_evidence_still_have_it() -> None:
    document = measures_to_document(measure_call(make_call(1)))
    values = {key: part for key, part in values_of(document).items() if key != "first"}
    stored = StoredMeasures(values, document.__getitem__)
    assert stored.first_evidence("silence_ratio") == measures_from_document(document)["silence_ratio"].evidence[0]


@pytest.mark.parametrize("missing", ["turns", "transcript", "recording"])
def test_document_of_another_time_is_known_at_once(missing: str) -> None:
    document = call_to_document(make_call(1))
    del document[missing]
    with pytest.raises(KeyError):
        read_call(json.dumps(document))


def test_turn_of_another_time_is_known_at_once() -> None:
    document = call_to_document(make_call(1))
    del document["turns"][3]["level_dbfs"]
    with pytest.raises(KeyError):
        read_call(json.dumps(document))


def test_call_of_the_first_version_is_read_late() -> None:
    document = call_to_document(make_call(1))
    del document["acoustics"], document["transcript"]["rejected"]
    call = read_call(json.dumps(document))
    assert isinstance(call, LateCall)
    assert (call.acoustics, call.transcript) == (Acoustics(), call_from_document(document).transcript)


def test_what_only_the_slow_parser_takes_is_read_too() -> None:
    document = call_to_document(make_call(1))
    document["transcript"]["utterances"][0]["text"] = "\ud800"
    assert read_call(json.dumps(document)) == call_from_document(document)
