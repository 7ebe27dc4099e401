from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.asr.text import character_count, matching_form, plain

HAN_TEXT = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=30)
PUNCTUATION = st.text(st.sampled_from("，。？！、：；…“”（）《》,.?!- \n\t%&/·"), max_size=10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("您好，请问有什么可以帮您？", 11, id="punctuation_is_none"),
        pytest.param("10086", 5, id="each_digit_is_one"),
        pytest.param("１００８６", 5, id="full_width_digits"),
        pytest.param("hello world", 2, id="a_latin_word_is_one"),
        pytest.param("don't worry", 2, id="apostrophe_joins"),
        pytest.param("ＡＰＰ", 1, id="full_width_word"),
        pytest.param("5G套餐", 4, id="digit_letter_characters"),
        pytest.param("办WiFi业务", 4, id="word_between_characters"),
        pytest.param("二〇二六年", 5, id="round_zero"),
        pytest.param("café", 1, id="accented_word"),
        pytest.param("𠮷野家", 3, id="beyond_the_first_plane"),
        pytest.param("3.5％", 2, id="decimal_point_and_percent_are_none"),
        pytest.param("😀♪", 0, id="symbols_are_none"),
    ],
)
def test_character_count_of_known_text_is_as_spoken(text: str, expected: int) -> None:
    assert character_count(text) == expected


@given(HAN_TEXT)
def test_character_count_of_chinese_is_its_length(text: str) -> None:
    assert character_count(text) == len(text)


@given(PUNCTUATION)
def test_character_count_of_punctuation_is_zero(text: str) -> None:
    assert character_count(text) == 0


@given(st.text(max_size=40), PUNCTUATION, st.text(max_size=40))
def test_character_count_when_texts_are_joined_by_a_mark_adds_up(left: str, marks: str, right: str) -> None:
    assert character_count(f"{left}。{marks}。{right}") == character_count(left) + character_count(right)


@given(st.text(max_size=80))
def test_character_count_of_any_text_is_at_least_zero_and_never_fails(text: str) -> None:
    assert character_count(text) >= 0


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param("您好，请问……", "您好请问", id="marks"),
        pytest.param("拨打10086。", "拨打一零零八六", id="digits_read"),
        pytest.param("拨打１００８６", "拨打一零零八六", id="full_width_digits"),
        pytest.param("幺零〇八六", "一零零八六", id="ways_to_read_one_and_zero"),
        pytest.param("办 ＷiFi", "办wifi", id="latin"),
        pytest.param("一百", "一百", id="numbers_stay_words"),
        pytest.param("！？", "", id="nothing_left"),
    ],
)
def test_matching_form_of_known_text(text: str, form: str) -> None:
    assert matching_form(text).text == plain(text) == form


def test_matching_form_span_leads_back_to_the_written_words() -> None:
    form = matching_form("嗯，拨打 1-0-0-8-6，就行。")
    at = form.text.index("一零零八六")
    start, end = form.span(at, at + 5)
    assert form.original[start:end] == "1-0-0-8-6"
    with pytest.raises(IndexError):
        form.span(3, 3)


@given(st.text(max_size=60))
def test_matching_form_keeps_an_offset_for_every_character(text: str) -> None:
    form = matching_form(text)
    assert len(form.text) == len(form.offsets)
    assert list(form.offsets) == sorted(set(form.offsets))
    assert all(plain(text[at]) == character for at, character in zip(form.offsets, form.text, strict=True))
