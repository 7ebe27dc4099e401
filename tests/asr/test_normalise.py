from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.asr.normalise import normalise
from pipeline.asr.text import character_count


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("請問您辦理什麼業務", "请问您办理什么业务", id="traditional"),
        pytest.param("ＡＢＣ１２３", "ABC123", id="full_width"),
        pytest.param("您 好 ， 请 讲 。", "您好，请讲。", id="spaces_between_characters"),
        pytest.param("办理 5G 套餐", "办理 5G 套餐", id="space_beside_latin_stays_single"),
        pytest.param("  嗯　啊\n", "嗯啊", id="ends_and_ideographic_space"),
        pytest.param("嗯嗯嗯，那个那个，十分感谢！", "嗯嗯嗯，那个那个，十分感谢！", id="words_and_marks_stay"),
        pytest.param("好\x00的", "好的", id="zero_byte"),
        pytest.param("好\ud83d的", "好的", id="lone_surrogate"),
        pytest.param("", "", id="empty"),
    ],
)
def test_normalise_of_raw_text_gives_the_stored_form(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@given(st.text(max_size=60))
def test_normalise_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(st.sampled_from("您好嗯啊請問ＡＢ１2，。？ z"), max_size=60))
def test_normalise_of_spoken_text_keeps_the_number_of_characters(text: str) -> None:
    # A full-width space apart, nothing that counts as a character may vanish or appear.
    assert character_count(normalise(text)) == character_count(text)


@given(st.text(max_size=60))
def test_normalise_of_any_text_can_be_written_as_utf8(text: str) -> None:
    normalise(text).encode("utf-8")
