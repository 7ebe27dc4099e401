from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.asr.hot_words import MOST_CHARACTERS, choose_hot_words, read_hot_words
from pipeline.asr.text import plain
from pipeline.errors import ConfigurationError
from pipeline.rules import load_rulebook
from pipeline.rules.phrases import spoken_phrases
from tests.rules.rulebook_text import LATE, TALK, small


def test_list_is_one_word_a_line_with_remarks(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# 地名\n胜太路  # 不是生态路\n\n5G畅享\n", "utf-8")
    assert read_hot_words(path) == ("胜太路", "5G畅享")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param("路\n", "line 1", id="one character"),
        pytest.param("好的\n" + "长" * 21 + "\n", "line 2", id="a sentence"),
        pytest.param("宽带提速".encode("gb18030"), "UTF-8", id="other encoding"),
        pytest.param(None, "cannot be read", id="no file"),
    ],
)
def test_list_that_cannot_be_used_is_explained(tmp_path: Path, content: str | bytes | None, named: str) -> None:
    path = tmp_path / "words.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match=named):
        read_hot_words(path)


def test_words_of_the_list_come_before_phrases_each_once_and_no_more_than_an_engine_takes() -> None:
    phrases = ["您拨打的用户正忙" + chr(0x4E00 + at) for at in range(60)]
    chosen = choose_hot_words(["胜太路", "胜太路！", "好"], ["胜太路", *phrases, "长" * 30])
    assert chosen[:2] == ("胜太路", phrases[0])
    assert len(set(chosen)) == len(chosen)
    assert sum(len(plain(word)) for word in chosen) <= MOST_CHARACTERS


def test_phrases_of_a_rulebook_are_those_its_rules_look_for() -> None:
    rule = TALK.replace("any: [别烦我]", "any: ['我*不清楚', {text: 别烦我, variants: [烦死了], not_in: [别烦我们]}]")
    assert spoken_phrases(small(rule, LATE)) == ("我", "不清楚", "别烦我", "烦死了")
    assert "你问我" in "".join(spoken_phrases(load_rulebook("mobile_service")))
