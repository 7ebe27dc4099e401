"""What the demo model hears in training: service sentences with slots, and random words that no template foretells.

A model taught with templates alone learns them by heart and puts rulebook phrases into mouths that never said them, so
more than half of the lines are random word sequences, and near misses of the rulebook's phrases are among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jieba
import numpy as np
import yaml

from models.demo_speech.phones import CHARACTERS
from samples.voice import PAUSES_S, VoiceError, is_spoken, syllables

jieba.setLogLevel("WARNING")  # it tells of its dictionary on every first use

FOLDER = Path(__file__).resolve().parent
DIALOGUES = FOLDER.parents[1] / "samples" / "dialogues.yaml"
FREQUENT_WORDS = 5000

_SHARE_TEMPLATE, _SHARE_DIALOGUE, _SHARE_NEAR = 0.36, 0.05, 0.2  # the rest: random words
_DIGITS = "零一二三四五六七八九"
_FILLERS = ("嗯", "呃", "啊", "哦", "唔", "那个", "这个", "就是说", "然后", "就是")
_MARKS = frozenset(PAUSES_S)


@dataclass(frozen=True, slots=True)
class Line:
    """A line to speak: text with pause marks, and one pinyin syllable per character."""

    text: str
    pinyin: tuple[str, ...]


def read_lines(name: str) -> list[str]:
    """Lines of a text file beside this module, blank ones and # remarks left out."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


@cache
def lexicon() -> dict[str, tuple[str, ...]]:
    """Word lists by heading, from lexicon.txt: a line `[heading]`, then words separated by blanks."""
    lists: dict[str, list[str]] = {}
    heading = ""
    for line in read_lines("lexicon.txt"):
        if line.startswith("["):
            heading = line.strip("[]")
            lists.setdefault(heading, [])
        else:
            lists[heading] += line.split()
    return {heading: tuple(words) for heading, words in lists.items()}


@cache
def _reading(word: str) -> tuple[str, ...]:
    return tuple(syllables(word))


def _writable(text: str) -> bool:
    return bool(text) and all(character in CHARACTERS or character in _MARKS for character in text)


@cache
def frequent_words() -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The most frequent words of jieba's dictionary, and how often to draw each (square root of its frequency)."""
    found = []
    with jieba.get_dict_file() as dictionary:
        for raw in dictionary:
            word, frequency, *_ = raw.decode("utf-8").split()
            if len(word) <= 4 and _writable(word):
                found.append((int(frequency), word))
    found.sort(reverse=True)
    chosen = found[:FREQUENT_WORDS]
    # A lone character has too many homophones to be told from its sound: it is drawn less often.
    weights = np.sqrt([frequency * (0.02 if len(word) == 1 else 1.0) for frequency, word in chosen])
    return tuple(word for _, word in chosen), tuple(weights / weights.sum())


def _initial(word: str) -> str:
    """The sound that a word begins with, as a letter or two of its pinyin; nothing for what is not read."""
    reading = _reading(word)
    found = re.match(r"[zcs]h|.", reading[0]) if reading else None
    return found[0] if found else ""


@cache
def words_by_initial() -> dict[str, tuple[str, ...]]:
    """Frequent words of two characters and more, by the sound that they begin with."""
    found: dict[str, list[str]] = {}
    for word in frequent_words()[0]:
        if len(word) >= 2:
            found.setdefault(_initial(word), []).append(word)
    return {initial: tuple(words) for initial, words in found.items()}


@cache
def short_phrases() -> tuple[str, ...]:
    """Fillers and the service handbook's phrases of two to five characters: easily heard where half of one was said."""
    return tuple(phrase for phrase in (*_FILLERS, *lexicon()["rulebook"]) if 2 <= len(phrase) <= 5)


@cache
def dialogue_lines() -> tuple[str, ...]:
    """The turns of the bundled dialogues (their text only: their recordings never enter training)."""
    if not DIALOGUES.exists():
        return ()
    found: list[str] = []
    for call in yaml.safe_load(DIALOGUES.read_text(encoding="utf-8"))["calls"]:
        for turn in call["turns"]:
            text = str(turn.get("agent", turn.get("customer", "")))
            if sum(map(is_spoken, text)) and _writable(text):
                found.append(text)
    return tuple(dict.fromkeys(found))


@cache
def bundled_voices() -> frozenset[tuple[str, int, int]]:
    """(variant, speed, pitch) of every speaker of the bundled calls: training never speaks with these."""
    found: set[tuple[str, int, int]] = set()
    if not DIALOGUES.exists():
        return frozenset(found)
    written = yaml.safe_load(DIALOGUES.read_text(encoding="utf-8"))
    agents = {agent["id"]: agent["voice"] for agent in written["agents"]}
    for call in written["calls"]:
        agent = agents[call["agent"]]
        other = {**agent, "speed_wpm": call.get("agent_speed_wpm", agent["speed_wpm"])}
        for voice in (agent, other, call["customer"]):
            found.add((voice["variant"], voice["speed_wpm"], voice["pitch"]))
    return frozenset(found)


def read_number(value: int) -> str:
    """A whole number under 100,000 the way it is read aloud."""
    if value == 0:
        return "零"
    text = ""
    gap = False
    for unit, name in ((10000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            if gap and text:
                text += "零"
            text += _DIGITS[digit] + name
            gap = False
        else:
            gap = True
    return text[1:] if text.startswith("一十") else text


class Writer:
    """Draws lines; the same generator state gives the same lines."""

    def __init__(self, rng: np.random.Generator, *, rulebook_phrases: bool = True, templates: bool = True) -> None:
        self._rng = rng
        self._phrases = rulebook_phrases
        self._templates = templates
        self._words, self._weights = frequent_words()
        self._cumulative = np.cumsum(self._weights)
        lists = lexicon()
        self._domain = tuple(
            dict.fromkeys(
                word for heading, words in lists.items() if heading not in ("rulebook", "surname") for word in words
            )
        )
        self._slots: dict[str, Callable[[], str]] = {
            "digits": self._digits,
            "phone": self._phone,
            "amount": self._amount,
            "number": lambda: read_number(int(self._rng.integers(1, 300))),
            "small": lambda: read_number(int(self._rng.integers(1, 25))).replace("二", "两", 1),
            "date": self._date,
            "clock": self._clock,
            "person": self._person,
            "words": lambda: "".join(self._random_words(int(self._rng.integers(1, 3)))),
        }

    def _pick(self, items: tuple[str, ...] | list[str]) -> str:
        return items[int(self._rng.integers(len(items)))]

    def _digits(self) -> str:
        count = int(self._rng.integers(3, 9))
        one = "幺" if self._rng.random() < 0.6 else "一"
        return "".join(one if digit == 1 else _DIGITS[digit] for digit in self._rng.integers(0, 10, count))

    def _phone(self) -> str:
        one = "幺" if self._rng.random() < 0.7 else "一"
        digits = [1, int(self._rng.integers(3, 10)), *self._rng.integers(0, 10, 9).tolist()]
        text = "".join(one if digit == 1 else _DIGITS[digit] for digit in digits)
        return text if self._rng.random() < 0.4 else f"{text[:3]}，{text[3:7]}，{text[7:]}"

    def _amount(self) -> str:
        whole = int(self._rng.integers(1, 400))
        unit = self._pick(["元", "块钱", "块"])
        if unit == "块" and self._rng.random() < 0.5:
            return f"{read_number(whole)}块{_DIGITS[int(self._rng.integers(1, 10))]}"
        return read_number(whole) + unit

    def _date(self) -> str:
        month, day = (read_number(int(self._rng.integers(1, last + 1))) for last in (12, 31))
        return f"{month}月{day}{self._pick(['号', '日'])}"

    def _clock(self) -> str:
        part = self._pick(["上午", "下午", "晚上", "早上", "中午"])
        return f"{part}{read_number(int(self._rng.integers(1, 13)))}点{self._pick(['', '', '半', '一刻'])}"

    def _person(self) -> str:
        lists = lexicon()
        return self._pick(lists["surname"]) + self._pick(["先生", "女士", "小姐", "经理", "师傅", "老师"])

    def _random_words(self, count: int) -> list[str]:
        words = []
        for _ in range(count):
            kind = self._rng.random()
            if kind < 0.58:
                words.append(self._pick(self._domain))
            elif kind < 0.93:
                words.append(self._words[int(np.searchsorted(self._cumulative, self._rng.random() * 0.999999))])
            else:
                words.append(self._pick(_FILLERS) if kind < 0.97 else self._digits())
        return words

    def fill(self, template: str) -> str:
        """One sentence of a template: (a|b) is a choice, {slot} a value."""
        text = template
        while "(" in text:
            text = re.sub(r"\(([^()]*)\)", lambda found: self._pick(found[1].split("|")), text, count=1)
        lists = lexicon()

        def value(found: re.Match[str]) -> str:
            slot = found[1]
            return self._slots[slot]() if slot in self._slots else self._pick(lists[slot])

        return re.sub(r"\{(\w+)\}", value, text)

    def _hesitate(self, text: str) -> str:
        """Now and then a filler before a clause."""
        if self._rng.random() > 0.15:
            return text
        starts = [0, *(index + 1 for index, character in enumerate(text[:-1]) if character in _MARKS)]
        at = starts[int(self._rng.integers(len(starts)))]
        mark = "，" if self._rng.random() < 0.6 else ""
        return text[:at] + self._pick(_FILLERS) + mark + text[at:]

    def _from_words(self, words: list[str]) -> Line:
        """Words with pauses at random: sometimes none, sometimes (careful speech) after many of them."""
        share = self._rng.choice([0.0, 0.12, 0.35], p=[0.45, 0.4, 0.15])
        text = ""
        for word in words:
            if text and text[-1] not in _MARKS and self._rng.random() < share:
                text += self._pick("、，，。")
            text += word
        text += self._pick("，。？")
        return Line(text, tuple(syllable for word in words for syllable in _reading(word) if word not in _MARKS))

    def random_line(self, count: int) -> Line:
        """A line of that many random words."""
        return self._from_words([word.replace("，", "") for word in self._random_words(count)])

    def _near_line(self) -> Line:
        """A rulebook phrase, or something that sounds or begins like one, among random words."""
        lists = lexicon()
        before = self._random_words(int(self._rng.integers(0, 4)))
        after = self._random_words(int(self._rng.integers(0, 4)))
        kind = self._rng.random()
        if kind < 0.5:
            middle = self.broken_phrase()
        else:
            middle = [self._pick(lists["rulebook"] if kind < 0.75 else lists["near"])]
        return self._from_words([*before, *middle, *after])

    def broken_phrase(self) -> list[str]:
        """A short phrase of the rulebook with one character gone, often with a word in its place that begins alike.

        这个 becomes 这 or 这刮风, 不行 becomes 不 or 不兴奋: whoever foretells the rest of the phrase is wrong.
        """
        phrase = self._pick(short_phrases())
        at = int(self._rng.integers(len(phrase)))
        alike = words_by_initial().get(_initial(phrase[at]), ())
        word = [self._pick(alike)] if alike and self._rng.random() < 0.6 else []
        return [part for part in (phrase[:at], *word, phrase[at + 1 :]) if part]

    def line(self, *, short: bool = False) -> Line:
        """The next line; short ones leave room for others in the same window."""
        while True:
            try:
                line = self._next(short)
            except VoiceError:
                continue
            if _writable(line.text) and 1 <= len(line.pinyin) <= (14 if short else 42):
                return line

    def _next(self, short: bool) -> Line:
        kind = self._rng.random()
        dialogues = dialogue_lines()
        if self._templates and kind < _SHARE_TEMPLATE:
            line = self.template_line()
            if short or self._rng.random() < 0.75:
                return line
            other = self.template_line()
            return Line(line.text + other.text, line.pinyin + other.pinyin)
        kind -= _SHARE_TEMPLATE
        if self._templates and dialogues and kind < _SHARE_DIALOGUE:
            return self._careful(self._part(self._pick(dialogues)))
        kind -= _SHARE_DIALOGUE
        if self._phrases and 0 <= kind < _SHARE_NEAR:
            return self._near_line()
        return self.random_line(int(self._rng.integers(1, 4) if short else self._rng.integers(2, 13)))

    def template_line(self) -> Line:
        """A sentence of a template with fresh values."""
        return self._careful(self._hesitate(self.fill(self._pick(templates()))))

    def _part(self, text: str) -> str:
        """Mostly the whole turn, sometimes some of its clauses only, for the model must not foretell the rest."""
        clauses = re.findall(rf"[^{''.join(_MARKS)}]+[{''.join(_MARKS)}]*", text)
        if len(clauses) < 2 or self._rng.random() < 0.5:
            return text
        first = int(self._rng.integers(len(clauses)))
        last = int(self._rng.integers(first, len(clauses))) + 1
        return "".join(clauses[first:last])

    def _careful(self, text: str) -> Line:
        """A sentence as it is, or as a careful speaker says it, with more pauses between its words."""
        reading = tuple(syllables(text))
        if self._rng.random() < 0.3:
            share = 1.0 if self._rng.random() < 0.6 else 0.3
            pieces = [piece for piece in jieba.cut(text, HMM=False) if piece]
            text = pieces[0]
            for piece in pieces[1:]:
                pause = is_spoken(text[-1]) and is_spoken(piece[0]) and self._rng.random() < share
                text += ("、" if pause else "") + piece
        return Line(text, reading)


@cache
def templates() -> list[str]:
    """The service sentences with slots, and every phrase of the service handbook.

    talk.txt is there for the everyday words in their company: its lines hold more choices, so they come twice as often.
    """
    return read_lines("templates.txt") + 2 * read_lines("talk.txt") + list(lexicon()["rulebook"])
