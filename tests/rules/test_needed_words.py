"""Words without which an expression cannot match: leaving it out for want of them must never hide a match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.needed_words import LEAST_CHARACTERS, MOST_WORDS, needed_words

TIMES = "(打|拨|反映|投诉)(了|过)?(好|有)?(几|两|三|十|10)(个|次|回)"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("不行.{0,3}(投诉|举报)", {"不行"}),
        ("[好行]的吗", {"好的吗", "行的吗"}),
        ("(好的)+吧", {"好的"}),
        ("投诉|举报你们", {"投诉", "举报你"}),
        ("^(投诉)$", {"投诉"}),
        ("x?(投诉)y?", {"投诉"}),
    ],
)
def test_the_words_that_must_occur(pattern: str, words: set[str]) -> None:
    assert needed_words(pattern) == words


@pytest.mark.parametrize(
    "pattern", ["吗|多少", "(投诉)?吗", "[^好]的", "打.次", "abc", "(?!投诉).{3}", "[一-龥]{2}", "\\w+好"]
)
def test_expressions_that_need_no_certain_words(pattern: str) -> None:
    assert needed_words(pattern) is None


def test_repeated_contact_needs_its_verb_and_what_follows() -> None:
    words = needed_words(TIMES)
    assert words is not None
    assert {"打了三", "打三次", "反映过"} <= words
    assert all(len(word) > LEAST_CHARACTERS for word in words)
    assert len(words) <= MOST_WORDS


_TEXTS = st.text(st.sampled_from("打拨反映投诉了过好有几两三十次回个的吗10x"), max_size=14)
_PARTS = st.recursive(
    st.sampled_from(["打", "投诉", "[了过]", "[^好]", ".", "好的", "x", "几"]),
    lambda part: st.one_of(
        st.lists(part, min_size=1, max_size=3).map("".join),
        st.lists(part, min_size=1, max_size=3).map(lambda some: f"({'|'.join(some)})"),
        st.tuples(part, st.sampled_from(["?", "+", "{0,2}", "{1,2}"])).map(lambda one: f"(?:{one[0]}){one[1]}"),
    ),
    max_leaves=8,
)


@given(pattern=st.one_of(st.just(TIMES), _PARTS), text=_TEXTS)
def test_nothing_matches_without_one_of_the_words(pattern: str, text: str) -> None:
    words = needed_words(pattern)
    if words is not None and re.search(pattern, text, re.IGNORECASE):
        assert any(word in text for word in words)
