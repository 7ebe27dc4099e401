"""Speech with exact truth: one time per character, pauses as asked, errors that say what to do."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from samples import voice
from samples.voice import Voice, VoiceError, speak, syllables

FEMALE = Voice("f2", speed_wpm=150, pitch=50)


def _level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def test_speak_when_text_has_marks_then_characters_are_those_said_in_order() -> None:
    speech = speak("您好，请问有什么可以帮您？", FEMALE)

    assert "".join(character.text for character in speech.characters) == "您好请问有什么可以帮您"
    starts = [character.start_s for character in speech.characters]
    assert starts == sorted(starts)
    assert all(character.end_s > character.start_s for character in speech.characters)


def test_speak_when_made_then_starts_and_ends_with_sound() -> None:
    speech = speak("好的谢谢", FEMALE)

    edge = speech.sample_rate_hz // 20
    whole = _level(speech.samples)
    assert speech.characters[0].start_s == 0.0
    assert speech.characters[-1].end_s == pytest.approx(speech.duration_s, abs=0.01)
    assert _level(speech.samples[:edge]) > 0.05 * whole
    assert _level(speech.samples[-edge:]) > 0.02 * whole


def test_speak_when_pause_is_given_then_silence_at_the_mark_is_exactly_that_long() -> None:
    speech = speak("您好，再见", FEMALE, pause_s=0.7)

    before, after = speech.characters[1].end_s, speech.characters[2].start_s
    assert after - before == pytest.approx(0.7, abs=0.001)
    rate = speech.sample_rate_hz
    inside = speech.samples[int((before + 0.01) * rate) : int((after - 0.01) * rate)]
    assert float(np.max(np.abs(inside))) < 1e-3


def test_speak_when_pause_table_is_given_then_other_marks_keep_theirs() -> None:
    speech = speak("您好，再见。谢谢", FEMALE, pause_s={"，": 0.4})

    gaps = [speech.characters[index + 1].start_s - speech.characters[index].end_s for index in (1, 3)]
    assert gaps == pytest.approx([0.4, voice.PAUSES_S["。"]], abs=0.001)


def test_speak_when_speed_rises_then_speech_is_shorter() -> None:
    durations = [speak("我想查一下话费", Voice("m1", speed_wpm=speed)).duration_s for speed in (100, 150, 220)]

    assert durations == sorted(durations, reverse=True)


@pytest.mark.parametrize("variant", voice.VARIANTS)
def test_speak_when_any_variant_then_gives_audible_speech_twice_alike(variant: str) -> None:
    first, second = (speak("请稍等", Voice(variant)) for _ in range(2))

    assert _level(first.samples) > 0.01
    assert first.duration_s == pytest.approx(second.duration_s, abs=0.01)


def test_speak_when_rate_is_given_then_times_do_not_change() -> None:
    narrow, wide = (speak("麻烦您了", FEMALE, sample_rate_hz=rate) for rate in (8000, 16000))

    assert (narrow.sample_rate_hz, wide.sample_rate_hz) == (8000, 16000)
    assert narrow.duration_s == pytest.approx(wide.duration_s, abs=0.02)


def test_speak_when_called_many_times_then_every_character_still_has_a_time() -> None:
    # The library now and then announces a word without sound after a clause that follows another.
    for text in ("您好", "很高兴为您服务", "您好", "请问您需要办理什么业务？", "您好", "您好"):
        assert len(speak(text, Voice("f2", speed_wpm=90)).characters) == sum(map(voice.is_spoken, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("重新", ["chong2", "xin1"], id="phrase-chong"),
        pytest.param("重要", ["zhong4", "yao4"], id="phrase-zhong"),
        pytest.param("银行", ["yin2", "hang2"], id="phrase-hang"),
        pytest.param("不行", ["bu4", "xing2"], id="phrase-xing"),
        pytest.param("嗯，好", ["en1", "hao3"], id="interjection"),
    ],
)
def test_syllables_when_reading_depends_on_the_phrase_then_the_phrase_decides(text: str, expected: list[str]) -> None:
    assert syllables(text) == expected


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        pytest.param("拨打10086", {}, "cannot be spoken", id="digits"),
        pytest.param("，。", {}, "nothing to speak", id="no-character"),
        pytest.param("您好", {"pinyin": ["nin2"]}, "expected one each", id="too-few-readings"),
        pytest.param("您好", {"pinyin": ["nin2", "hao3 hao3"]}, "3 syllables for 2 characters", id="no-syllable"),
    ],
)
def test_speak_when_text_cannot_be_read_then_says_why(text: str, options: dict[str, list[str]], message: str) -> None:
    with pytest.raises(VoiceError, match=message):
        speak(text, FEMALE, **options)


def test_speak_when_variant_is_unknown_then_lists_those_there_are() -> None:
    with pytest.raises(VoiceError, match="expected one of f1"):
        speak("您好", Voice("x9"))


def test_speak_when_library_is_absent_then_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(VoiceError, match="apt-get install libespeak-ng1"):
        voice._Espeak()
