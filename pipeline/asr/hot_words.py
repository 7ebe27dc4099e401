"""Hot words: what the callers of this centre are likely to say, for engines that can be told.

A hot word helps a recogniser with names that it would hear as something common (胜太路 as 生态路), and makes it write
the name where nobody said it. So the list is empty unless somebody asks for it, it is short, and every hot word in a
transcript must stand on speech (``guards``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeGuard

from pipeline.asr.text import plain
from pipeline.errors import ConfigurationError
from pipeline.types import Audio, Transcript, Turn

MOST_CHARACTERS = 200
"""Whisper takes 223 tokens before a window, and a Chinese character is one or two."""
LEAST_CHARACTERS = 2
MOST_CHARACTERS_OF_A_WORD = 20


class TakesHotWords(Protocol):
    """A speech engine that can be told what to expect; the words are among the options of its transcript."""

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """As ``SpeechEngine.transcribe``."""
        ...


def takes_hot_words(engine: object) -> TypeGuard[TakesHotWords]:
    """Whether an engine says so among its ``capabilities``; the others never hear of hot words."""
    return bool(getattr(getattr(engine, "capabilities", None), "hot_words", False))


def read_hot_words(path: Path) -> tuple[str, ...]:
    """The words of a list: one a line in UTF-8, ``#`` begins a remark.

    Raises:
        ConfigurationError: the file cannot be read, or a line is no word.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigurationError(
            f"hot_words is {str(path)!r}, which cannot be read ({error.strerror}); expected a text file with one word "
            "a line: correct the path, or leave the setting empty"
        ) from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"hot_words {str(path)!r} is not in UTF-8; save it again in UTF-8") from None
    words = []
    for number, line in enumerate(lines, start=1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        length = len(plain(word))
        if not LEAST_CHARACTERS <= length <= MOST_CHARACTERS_OF_A_WORD:
            raise ConfigurationError(
                f"hot_words {str(path)!r}, line {number}: {word!r} has {length} characters; expected "
                f"{LEAST_CHARACTERS} to {MOST_CHARACTERS_OF_A_WORD}: a name or a term, one a line"
            )
        words.append(word)
    return tuple(words)


def choose_hot_words(listed: Iterable[str], phrases: Iterable[str] = ()) -> tuple[str, ...]:
    """The hot words that are used: the list's before the rulebook's, each once, as many as an engine takes.

    Args:
        listed: words of the user's list.
        phrases: phrases of a rulebook; those too short or too long for a hot word are passed over.
    """
    chosen: dict[str, str] = {}
    total = 0
    for word in (*listed, *phrases):
        form = plain(word)
        if form in chosen or not LEAST_CHARACTERS <= len(form) <= MOST_CHARACTERS_OF_A_WORD:
            continue
        if total + len(form) > MOST_CHARACTERS:
            continue
        chosen[form] = word
        total += len(form)
    return tuple(chosen.values())
