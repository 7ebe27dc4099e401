from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.features.dialogue import read_dialogue
from pipeline.rules.matching import WILDCARD_CHARACTERS, LexiconBuilder, plain
from pipeline.rules.spoken import SpokenText
from pipeline.types import Call, Role, Utterance
from tests.builders import call


def read(spoken: Call, *phrases: str) -> tuple[SpokenText, list[list[tuple[int, int]]]]:
    builder = LexiconBuilder()
    patterns = [builder.add(phrase) for phrase in phrases]
    text = SpokenText(read_dialogue(spoken), builder.build())
    return text, [pattern.find(text) for pattern in patterns]


def found(spoken: Call, phrase: str) -> list[str]:
    text, (places,) = read(spoken, phrase)
    return [text.wording(start, end).quote for start, end in places]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("你问我，我问谁？", "你问我我问谁", id="punctuation"),
        pytest.param("ＡＢｃ １２3", "abc123", id="full_width_and_case"),
        pytest.param("  ，。… ", "", id="nothing"),
        pytest.param("😀İß", "İß", id="characters_that_grow_in_lower_case_stay"),
    ],
)
def test_plain_of_text_keeps_what_counts(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("phrase", "line", "expected"),
    [
        pytest.param("你问我我问谁", "agent: 好，你问我，我问谁？", ["你问我，我问谁"], id="over_punctuation"),
        pytest.param("喂喂", "agent: 喂喂喂", ["喂喂", "喂喂"], id="overlapping"),
        pytest.param("找*问去", "agent: 你找别的地方问去", ["找别的地方问去"], id="wildcard"),
        pytest.param("找*问去", "agent: 你找问去", ["找问去"], id="wildcard_of_nothing"),
        pytest.param("找*问去", "agent: 你找一二三四五六问去", ["找一二三四五六问去"], id="wildcard_at_its_limit"),
        pytest.param("找*问去", "agent: 你找一二三四五六七问去", [], id="wildcard_over_its_limit"),
        pytest.param("找*去*问", "agent: 找他去去去问", ["找他去去去问"], id="two_wildcards"),
        pytest.param("a*b*c", "agent: a b x b 一二三四五六 c", ["a b x b 一二三四五六 c"], id="later_piece_reaches"),
        pytest.param("*为你家开的", "agent: 公司不是为你家开的", ["为你家开的"], id="wildcard_at_the_end_asks_nothing"),
        pytest.param("app", "agent: 请下载APP。", ["APP"], id="latin_case"),
    ],
)
def test_phrase_in_one_turn_is_quoted_as_written(phrase: str, line: str, expected: list[str]) -> None:
    assert found(call(line), phrase) == expected


def test_phrase_over_two_turns_is_not_found() -> None:
    spoken = call("agent: 你问我", "agent: 我问谁")
    assert found(spoken, "你问我我问谁") == []
    assert found(spoken, "你问我*我问谁") == []


def test_phrase_over_two_utterances_of_a_turn_takes_time_from_both() -> None:
    spoken = call("agent@10-14: 你问我我问谁")
    halves = (
        Utterance(Role.AGENT, 0, 10.0, 11.5, "嗯你问我，", 0.9),
        Utterance(Role.AGENT, 0, 12.0, 13.5, "我问谁", 0.5),
    )
    spoken = replace(spoken, transcript=replace(spoken.transcript, utterances=halves))
    text, ((place,),) = read(spoken, "你问我我问谁")
    wording = text.wording(*place)
    assert wording.quote == "你问我，我问谁"
    assert wording.start_s == pytest.approx(10.3)
    assert wording.end_s == pytest.approx(13.5)
    assert wording.confidence == 0.5


def test_time_of_phrase_inside_utterance_is_shared_out_evenly() -> None:
    text, ((place,),) = read(call("agent@10-20: 一二三四五六七八九十"), "四五")
    wording = text.wording(*place)
    assert (wording.start_s, wording.end_s) == (pytest.approx(13.0), pytest.approx(15.0))


@pytest.mark.parametrize(
    ("line", "length"),
    [
        pytest.param("agent: 不行，那个可以。", 2, id="before_a_mark"),
        pytest.param("agent: 好的，那不行的。", 4, id="after_a_mark"),
        pytest.param("agent: 那不行这个可以", 7, id="no_marks"),
    ],
)
def test_clause_length_around_phrase_ends_at_marks(line: str, length: int) -> None:
    text, ((place,),) = read(call(line), "不行")
    assert text.clause_length(*place) == length


def test_utterance_outside_speech_turns_is_never_searched() -> None:
    spoken = call("agent@10-14: 您好")
    invented = Utterance(Role.AGENT, 0, 30.0, 31.0, "神经病", 0.9)
    spoken = replace(
        spoken, transcript=replace(spoken.transcript, utterances=(*spoken.transcript.utterances, invented))
    )
    assert found(spoken, "神经病") == []


@pytest.mark.parametrize("line", ["不\x1e行\x1e啊", "不\x1e\x1e行啊𠀀"])
def test_separator_of_records_in_a_transcript_is_no_character(line: str) -> None:
    assert found(call(f"agent: {line}", "customer: 好。"), "不行啊") == [line.removesuffix("𠀀")]


def test_lexicon_without_phrases_finds_nothing() -> None:
    assert LexiconBuilder().build().scan("您好") == {}


@pytest.mark.parametrize("phrase", ["", "，。", "*", "* *"])
def test_add_when_nothing_is_left_of_phrase_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match="at least one character"):
        LexiconBuilder().add(phrase)


TEXTS = st.text(st.sampled_from("你我问谁不行，。 aA１*\n"), max_size=30)


@settings(deadline=None)
@given(lines=st.lists(TEXTS, min_size=1, max_size=4), phrase=st.text(st.sampled_from("你我不行a*"), max_size=5))
def test_quote_of_any_hit_is_at_its_place_in_the_transcript(lines: list[str], phrase: str) -> None:
    if not plain(phrase):
        return
    spoken = call(*(f"agent: {line}" for line in lines))
    text, (places,) = read(spoken, phrase)
    for start, end in places:
        wording = text.wording(start, end)
        turn = text.turn_at(start)
        assert wording.quote in text.turns[turn].text
        assert plain(wording.quote) == text.plain[start:end]
        assert plain(wording.quote)[0] == plain(phrase)[0]
        assert len(plain(wording.quote)) <= len(plain(phrase)) + WILDCARD_CHARACTERS * phrase.count("*")
        spoken_at = text.turns[turn].turn
        assert spoken_at.start_s - 1e-9 <= wording.start_s < wording.end_s <= spoken_at.end_s + 1e-9


@settings(deadline=None)
@given(line=TEXTS, phrase=st.text(st.sampled_from("你我不行a"), min_size=1, max_size=3))
def test_literal_phrase_is_found_wherever_the_plain_text_holds_it(line: str, phrase: str) -> None:
    folded = plain(line)
    expected = [place for place in range(len(folded)) if folded.startswith(phrase, place)]
    _, (places,) = read(call(f"agent: {line}"), phrase)
    assert [start for start, _ in places] == expected
