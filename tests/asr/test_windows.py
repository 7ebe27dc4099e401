from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.asr.windows import WINDOW_RATE_HZ, cut, pack, to_recording_time, to_window_time
from pipeline.types import Audio, Role, Span, Turn

ROLES = (Role.AGENT, Role.CUSTOMER)


def turn(channel: int, *pieces: tuple[float, float]) -> Turn:
    spans = tuple(Span(*piece) for piece in pieces)
    return Turn(ROLES[channel], channel, spans[0].start_s, spans[-1].end_s, spans)


@st.composite
def calls(draw) -> tuple[Turn, ...]:
    turns = []
    for channel in (0, 1):
        at = 0.0
        for _ in range(draw(st.integers(0, 6))):
            at += draw(st.floats(1.0, 5.0))
            pieces = []
            for _ in range(draw(st.integers(1, 5))):
                length = draw(st.floats(0.1, 40.0))
                pieces.append((at, at + length))
                at += length + draw(st.floats(0.2, 0.9))
            turns.append(turn(channel, *pieces))
    return tuple(sorted(turns, key=lambda one: (one.start_s, one.channel)))


LIMITS = {"max_window_s": st.floats(5, 30), "margin_s": st.floats(0, 0.5), "max_turns": st.none() | st.integers(1, 3)}


@given(calls(), st.fixed_dictionaries(LIMITS))
def test_pack_of_any_call_keeps_every_limit(turns, limits) -> None:
    for window in pack(turns, **limits):
        assert window.duration_s <= limits["max_window_s"] + 1e-6
        assert len({piece.channel for piece in window.pieces}) == 1
        if limits["max_turns"] is not None:
            assert len({piece.turn for piece in window.pieces}) <= limits["max_turns"]
        for before, after in pairwise(window.pieces):
            assert after.offset_s >= before.offset_s + before.source.duration_s


@given(calls(), st.fixed_dictionaries(LIMITS))
def test_pack_of_any_call_holds_all_speech_once_and_in_order(turns, limits) -> None:
    packed: dict[int, list[Span]] = {}
    for window in pack(turns, **limits):
        for piece in window.pieces:
            packed.setdefault(piece.turn, []).append(piece.speech)
    assert sorted(packed) == list(range(len(turns)))
    for index, one in enumerate(turns):
        parts = packed[index]
        assert (parts[0].start_s, parts[-1].end_s) == (one.start_s, one.end_s)
        assert all(before.end_s <= after.start_s for before, after in pairwise(parts))
        for speech in one.pieces:
            inside = sum(max(0.0, min(part.end_s, speech.end_s) - max(part.start_s, speech.start_s)) for part in parts)
            assert inside == pytest.approx(speech.duration_s)


@given(calls(), st.fixed_dictionaries(LIMITS))
def test_pack_margins_never_reach_into_other_speech_of_the_channel(turns, limits) -> None:
    for window in pack(turns, **limits):
        for piece in window.pieces:
            assert 0 <= piece.source.start_s <= piece.speech.start_s
            assert piece.speech.end_s <= piece.source.end_s
            for index, other in enumerate(turns):
                if other.channel == piece.channel and index != piece.turn:
                    assert other.end_s <= piece.source.start_s + 1e-9 or piece.source.end_s <= other.start_s + 1e-9


@given(calls(), st.fixed_dictionaries(LIMITS), st.floats(0, 1))
def test_mapping_into_the_window_and_back_is_the_identity(turns, limits, share) -> None:
    for window in pack(turns, **limits):
        for piece in window.pieces:
            # Not the very edge, which two parts of a turn cut in its speech have in common.
            time_s = piece.speech.start_s + (0.01 + 0.98 * share) * piece.speech.duration_s
            index, back_s = to_recording_time(window, to_window_time(window, piece.turn, time_s))
            assert index == piece.turn
            assert back_s == pytest.approx(time_s, abs=1e-6)


def test_to_recording_time_outside_the_speech_is_clamped_to_the_nearest_turn() -> None:
    (window,) = pack([turn(0, (1.0, 2.0)), turn(0, (5.0, 6.0))], margin_s=0.25, gap_s=0.4)
    assert to_recording_time(window, -1.0) == (0, 1.0)
    assert to_recording_time(window, 1.30) == (0, 2.0)
    assert to_recording_time(window, 2.10) == (1, 5.0)
    assert to_recording_time(window, 99.0) == (1, 6.0)


def test_to_window_time_of_a_moment_that_is_not_inside_is_refused() -> None:
    (window,) = pack([turn(0, (1.0, 2.0))])
    with pytest.raises(ValueError, match="turn 0"):
        to_window_time(window, 0, 3.0)


def test_pack_of_a_long_turn_cuts_at_its_longest_pause() -> None:
    windows = pack([turn(0, (0.0, 15.0), (15.3, 20.0), (20.9, 35.0))], max_window_s=28.0, max_turns=1)
    assert [piece.speech for window in windows for piece in window.pieces] == [Span(0.0, 20.0), Span(20.9, 35.0)]


def test_pack_without_room_for_speech_is_refused() -> None:
    with pytest.raises(ValueError, match="no speech fits"):
        pack([turn(0, (0.0, 1.0))], max_window_s=1.0, margin_s=0.5)


def test_cut_places_each_turn_at_its_offset() -> None:
    samples = np.zeros((2, 8 * WINDOW_RATE_HZ), np.float32)
    samples[1, WINDOW_RATE_HZ : 2 * WINDOW_RATE_HZ] = 0.5
    samples[1, 5 * WINDOW_RATE_HZ : 6 * WINDOW_RATE_HZ] = 0.25
    (window,) = pack([turn(1, (1.0, 2.0)), turn(1, (5.0, 6.0))], margin_s=0.25, gap_s=0.4)
    heard = cut(Audio(samples, WINDOW_RATE_HZ), window)
    assert len(heard) == round((1.5 + 0.4 + 1.5) * WINDOW_RATE_HZ)
    assert np.flatnonzero(heard == 0.5)[[0, -1]].tolist() == [4000, 4000 + WINDOW_RATE_HZ - 1]
    assert np.flatnonzero(heard == 0.25)[0] == round((1.9 + 0.25) * WINDOW_RATE_HZ)


def test_cut_of_telephone_audio_comes_up_to_16_khz_and_ends_with_the_recording() -> None:
    audio = Audio(np.full((1, 8000), 0.5, np.float32), 8000)
    (window,) = pack([turn(0, (0.2, 1.0))], margin_s=0.25)
    heard = cut(audio, window)
    assert len(heard) == round(1.25 * WINDOW_RATE_HZ)
    assert heard[8000] == pytest.approx(0.5, abs=0.01)
    assert not heard[-3000:].any()
