from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.asr.sidecar import SidecarEngine, find_sidecar
from pipeline.errors import SidecarError
from pipeline.types import Audio, Role, Span, Turn

AUDIO = Audio(np.zeros((2, 80_000), np.float32), 8000)
MONO = Audio(np.zeros((1, 80_000), np.float32), 8000)
TURNS = (
    Turn(Role.CUSTOMER, 0, 1.0, 2.0, (Span(1.0, 2.0),)),
    Turn(Role.AGENT, 1, 3.0, 5.0, (Span(3.0, 5.0),)),
)
OURS = {"role": "agent", "start_s": 3.0, "end_s": 5.0, "text": "您好", "confidence": 0.9}


def read(tmp_path: Path, content: object, audio: Audio = AUDIO, turns=TURNS):
    path = tmp_path / "t.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
    return SidecarEngine(path).transcribe(audio, turns, tmp_path / "call.wav").utterances


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"utterances": [OURS]}, id="ours_by_role"),
        pytest.param({"transcript": {"utterances": [OURS]}}, id="ours_inside_an_assessment"),
        pytest.param({"utterances": [{"channel": 1, "start_s": 3, "end_s": 5, "text": "您好"}]}, id="ours_by_channel"),
        pytest.param({"Result": {"Sentences": [
            {"ChannelId": 1, "BeginTime": 3000, "EndTime": 5000, "Text": "您好", "EmotionValue": 5.0}
        ]}}, id="alibaba_recordings"),
        pytest.param({"sentences": [
            {"channel_id": 1, "begin_time": 3000, "end_time": 5000, "text": "您好"}
        ]}, id="alibaba_small_letters"),
        pytest.param({"transcripts": [{"channel_id": 1, "sentences": [
            {"begin_time": 3000, "end_time": 5000, "text": "您好"}
        ]}]}, id="dashscope"),
        pytest.param({"text": "您好", "segments": [{"start": 3.0, "end": 5.0, "text": " 您好"}]}, id="whisper"),
    ],
)  # fmt: skip
def test_sidecar_in_every_known_shape_gives_the_same_utterance(tmp_path, content) -> None:
    (one,) = read(tmp_path, content)
    assert (one.role, one.channel, one.start_s, one.end_s, one.text) == (Role.AGENT, 1, 3.0, 5.0, "您好")


def test_sidecar_confidence_of_whisper_is_its_probability(tmp_path) -> None:
    (one,) = read(tmp_path, {"segments": [{"start": 3, "end": 5, "text": "您好", "avg_logprob": -0.3}]})
    assert one.confidence == pytest.approx(math.exp(-0.3))


def test_sidecar_text_is_normalised_sorted_and_never_empty(tmp_path) -> None:
    later, earlier = OURS | {"text": " 請 講 "}, OURS | {"start_s": 1, "end_s": 2, "role": "customer", "text": "喂"}
    said = read(tmp_path, {"utterances": [later, earlier, OURS | {"text": "  "}]})
    assert [one.text for one in said] == ["喂", "请讲"]


def test_sidecar_with_a_byte_order_mark_is_read(tmp_path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + json.dumps({"utterances": [OURS]}).encode())


def test_sidecar_without_speakers_where_both_speak_gives_nobody_the_words(tmp_path) -> None:
    both = (Turn(Role.CUSTOMER, 0, 3.0, 5.0, (Span(3.0, 5.0),)), TURNS[1])
    (one,) = read(tmp_path, {"segments": [{"start": 3, "end": 5, "text": "您好"}]}, turns=both)
    assert one.role is Role.UNKNOWN


def test_sidecar_role_of_a_channel_without_turns_follows_from_the_other(tmp_path) -> None:
    entry = {"channel": 0, "start_s": 1, "end_s": 2, "text": "喂"}
    (one,) = read(tmp_path, {"utterances": [entry]}, turns=TURNS[1:])
    assert one.role is Role.CUSTOMER


def test_sidecar_of_a_mono_recording_keeps_the_roles_it_names_and_invents_none(tmp_path) -> None:
    turns = (Turn(Role.UNKNOWN, 0, 1.0, 5.0, (Span(1.0, 5.0),)),)
    named, unnamed = read(tmp_path, {"utterances": [
        OURS | {"start_s": 1}, {"start_s": 4, "end_s": 5, "text": "好"}
    ]}, MONO, turns)  # fmt: skip
    assert (named.role, unnamed.role) == (Role.AGENT, Role.UNKNOWN)
    assert (named.channel, unnamed.channel) == (0, 0)


def test_sidecar_times_a_little_beyond_the_end_are_clamped(tmp_path) -> None:
    (one,) = read(tmp_path, {"utterances": [OURS | {"end_s": 11.0}]})
    assert one.end_s == 10.0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"{", "not JSON", id="broken_json"),
        pytest.param("您好".encode("gbk"), "not JSON", id="not_utf8"),
        pytest.param(b"[" * 100_000, "not JSON", id="too_deep"),
        pytest.param([OURS], "JSON object", id="list_at_the_top"),
        pytest.param({"words": []}, "expected one of the keys", id="unknown_shape"),
        pytest.param({"utterances": {"a": 1}}, "expected a list", id="no_list"),
        pytest.param({"transcripts": [{"channel_id": 0}]}, "expected a list", id="dashscope_without_sentences"),
        pytest.param({"utterances": ["秘密"]}, r"utterances\[0\]: expected an object", id="no_object"),
        pytest.param({"utterances": [OURS | {"text": 5}]}, r"\[0\]\.text", id="text_is_a_number"),
        pytest.param({"utterances": [OURS | {"start_s": "3"}]}, r"\[0\]\.start_s", id="time_is_a_text"),
        pytest.param({"utterances": [OURS | {"start_s": True}]}, r"\[0\]\.start_s", id="time_is_a_truth_value"),
        pytest.param({"utterances": [OURS | {"start_s": math.nan}]}, r"\[0\]\.start_s", id="time_is_nan"),
        pytest.param({"utterances": [OURS | {"start_s": 10**400}]}, r"\[0\]\.start_s", id="time_is_huge"),
        pytest.param({"utterances": [OURS | {"start_s": -1}]}, r"\[0\]\.end_s", id="time_below_zero"),
        pytest.param({"utterances": [OURS | {"end_s": 2}]}, r"\[0\]\.end_s", id="ends_before_it_starts"),
        pytest.param({"utterances": [OURS, OURS | {"start_s": 60, "end_s": 61}]}, r"\[1\]\.start_s", id="another_call"),
        pytest.param({"utterances": [OURS | {"role": "坐席"}]}, r"\[0\]\.role", id="unknown_role"),
        pytest.param({"utterances": [OURS | {"role": ["agent"]}]}, r"\[0\]\.role", id="role_is_a_list"),
        pytest.param({"utterances": [OURS | {"channel": 2}]}, r"\[0\]\.channel", id="channel_beyond"),
        pytest.param({"utterances": [OURS | {"confidence": 90}]}, r"\[0\]\.confidence", id="percent"),
    ],
)
def test_sidecar_that_cannot_be_understood_names_file_and_key_and_no_words(tmp_path, content, told) -> None:
    with pytest.raises(SidecarError, match=told) as caught:
        read(tmp_path, content)
    assert "t.json" in str(caught.value)
    assert not any(words in str(caught.value) for words in ("您好", "秘密", "坐席"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["utterances", "segments", "Result", "Sentences", "transcripts", "start", "end", "text"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_sidecar_of_any_json_is_read_or_refused_by_name(tmp_path, content) -> None:
    refusal = "t.json"
    try:
        read(tmp_path, content)
    except SidecarError as error:
        refusal = str(error)
    assert "t.json" in refusal


@pytest.mark.parametrize("name", ["call.wav.json", "call.json", "call.transcript.json"])
def test_find_sidecar_beside_the_recording_finds_each_name(tmp_path, name) -> None:
    (tmp_path / name).write_text(json.dumps({"utterances": [OURS]}))
    assert find_sidecar(tmp_path / "call.wav") == tmp_path / name
    transcript = SidecarEngine().transcribe(AUDIO, TURNS, tmp_path / "call.wav")
    assert [one.text for one in transcript.utterances] == ["您好"]


def test_sidecar_that_is_absent_says_where_it_belongs(tmp_path) -> None:
    with pytest.raises(SidecarError, match=r"call\.wav\.json"):
        SidecarEngine().transcribe(AUDIO, TURNS, tmp_path / "call.wav")
    with pytest.raises(SidecarError, match=r"gone\.json"):
        SidecarEngine(tmp_path / "gone.json").transcribe(AUDIO, TURNS, tmp_path / "call.wav")
