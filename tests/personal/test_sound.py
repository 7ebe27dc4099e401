from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.personal import bleeped, find_numbers, hearable_at
from pipeline.personal.hearing import MARGIN_S, with_rejected
from pipeline.rules.example_calls import call_from_lines
from pipeline.types import Call, Rejected, Role, Span

RATE = 8000


def with_times(call: Call) -> Call:
    """The call with its characters spread evenly over each utterance."""
    timed = []
    for one in call.transcript.utterances:
        step = (one.end_s - one.start_s) / len(one.text)
        spans = tuple(Span(one.start_s + at * step, one.start_s + (at + 1) * step) for at in range(len(one.text)))
        timed.append(replace(one, characters=spans))
    return replace(call, transcript=replace(call.transcript, utterances=tuple(timed)))


def heard(call: Call) -> tuple[Span, ...]:
    utterances = with_rejected(call)
    return hearable_at(utterances, find_numbers(utterances), call.turns)


NUMBER = "customer@10-20: 我的号码三六九二七二六一八"


def test_number_is_heard_where_its_characters_are_with_a_margin() -> None:
    (span,) = heard(with_times(call_from_lines([NUMBER])))
    step = 10 / 13
    assert abs(span.start_s - (10 + 4 * step - MARGIN_S)) < 1e-6
    assert abs(span.end_s - (20 + MARGIN_S)) < 1e-6


def test_number_without_character_times_takes_the_whole_turn() -> None:
    call = call_from_lines([NUMBER])
    turn = replace(call.turns[0], start_s=9.0, end_s=21.0)
    assert heard(replace(call, turns=(turn,))) == (Span(9.0 - MARGIN_S, 21.0 + MARGIN_S),)


def test_text_that_a_guard_refused_is_searched_too() -> None:
    call = with_times(call_from_lines(["agent@1-2: 您好"]))
    refused = Rejected(Role.CUSTOMER, 1, 5.0, 7.0, "三六九二七二六", "loop")
    call = replace(call, transcript=replace(call.transcript, rejected=(refused,)))
    assert heard(call) == (Span(5.0 - MARGIN_S, 7.0 + MARGIN_S),)


def test_speech_without_any_text_is_taken_for_a_number() -> None:
    call = with_times(call_from_lines(["agent@1-2: 您好", "customer@5-8: 好的好的好的好的"]))
    silent = replace(call, transcript=replace(call.transcript, utterances=call.transcript.utterances[:1]))
    assert heard(call) == ()
    assert heard(silent) == (Span(5.0 - MARGIN_S, 8.0 + MARGIN_S),)


def test_bleep_leaves_nothing_of_the_voice_on_any_channel() -> None:
    rng = np.random.default_rng(1)
    voice = np.asarray(rng.normal(0, 0.2, (2, 3 * RATE)), np.float32)
    other = np.asarray(rng.normal(0, 0.2, (2, 3 * RATE)), np.float32)
    span = Span(101.0, 102.0)
    one, two = (bleeped(samples, RATE, [span], starts_at_s=100.0) for samples in (voice, other))
    assert np.array_equal(one[:, RATE : 2 * RATE], two[:, RATE : 2 * RATE])
    assert np.array_equal(one[:, :RATE], voice[:, :RATE])
    assert np.array_equal(one[:, 2 * RATE :], voice[:, 2 * RATE :])
    assert np.abs(one[:, RATE + 400 : 2 * RATE - 400]).max() > 0.05
