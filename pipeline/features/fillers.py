"""Fillers of the agent: those that the transcript shows, and apart from them those that only the sound shows.

The written count is a lower bound under engines that leave fillers out, as Whisper does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from pipeline.features.dialogue import Dialogue, measured, not_assessable, time_in_utterance
from pipeline.features.settings import MeasureSettings
from pipeline.types import Evidence, Measure, Role, Span, Utterance

_PUNCTUATION = "，。？！、；：…,.?!;: "
_PAUSES = "，、；：…,;: "
"""Marks at which a speaker stops and goes on; at 。？！ the sentence is over."""

PAUSE_S = 0.2
"""From this length on a gap between two characters is a pause; shorter ones are closures of stops."""

UNIT = "次"
NOT_LISTENED = "这通电话的录音没有听过口头语的声音（较早版本的记录）"
NO_CHARACTER_TIMES = "识别引擎没有给出每个字的时间，听不出哪里有声音而没有字"
PROBABLE = "声音拖长而平稳，没有识别出字"


def fillers(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """The agent's written fillers: their number, and per 100 characters spoken."""
    share_unit = "次/百字"
    reason = dialogue.unheard(Role.AGENT) or dialogue.lost_words(dialogue.of(Role.AGENT))
    if reason:
        return [
            not_assessable("filler_count", UNIT, reason),
            not_assessable("fillers_per_100_chars", share_unit, reason),
        ]
    agent = dialogue.of(Role.AGENT)
    evidence = [found for turn in agent for utterance in turn.utterances for found in _fillers_in(utterance, settings)]
    characters = sum(turn.characters for turn in agent)
    count = measured("filler_count", len(evidence), UNIT, evidence)
    if not characters:
        return [count, not_assessable("fillers_per_100_chars", share_unit, "坐席的话没有识别出文字")]
    return [count, measured("fillers_per_100_chars", 100.0 * len(evidence) / characters, share_unit, evidence)]


def probable_fillers(dialogue: Dialogue) -> Measure:
    """The agent's filled pauses that the sound alone shows (see ``pipeline.audio.filled_pauses``); none is written.

    Not assessable where nobody listened, or where the engine does not say which voice has no character.
    """
    name = "probable_filler_count"
    heard = dialogue.call.acoustics.probable_fillers
    reason = dialogue.unheard(Role.AGENT) or (NOT_LISTENED if heard is None else None)
    if reason is None and any(
        one.characters is None for turn in dialogue.of(Role.AGENT) for one in turn.utterances if one.text
    ):
        reason = NO_CHARACTER_TIMES
    if reason or heard is None:
        return not_assessable(name, UNIT, reason or NOT_LISTENED)
    found = [Evidence(event.role, event.start_s, event.end_s, PROBABLE) for event in heard if event.role is Role.AGENT]
    return measured(name, len(found), UNIT, found)


@dataclass(frozen=True, slots=True)
class _Place:
    """Characters ``start`` to ``end`` of a text."""

    start: int
    end: int


def _fillers_in(utterance: Utterance, settings: MeasureSettings) -> list[Evidence]:
    found = []
    for place in sorted(_places(utterance, settings), key=lambda place: place.start):
        span = time_in_utterance(utterance, place.start, place.end)
        words = utterance.text[place.start : place.end]
        found.append(Evidence(utterance.role, span.start_s, span.end_s, words))
    return found


def _places(utterance: Utterance, settings: MeasureSettings) -> Iterator[_Place]:
    text = utterance.text
    always, unless_final = re.escape(settings.filled_pauses), re.escape(settings.final_particles)
    # A particle that closes a clause after a word (是啊) is ordinary speech; elsewhere it fills a pause.
    final = rf"(?=[{re.escape(_PUNCTUATION)}]|$)"
    clause_start = rf"(?:^|(?<=[{re.escape(_PUNCTUATION)}{always}{unless_final}]))"
    pattern = "|".join(
        [
            rf"[{always}]",
            rf"{clause_start}[{unless_final}]",
            rf"[{unless_final}](?!{final})",
            *map(re.escape, settings.crutch_phrases),
        ]
    )
    for match in re.finditer(pattern, text):
        yield _Place(match.start(), match.end())
    yield from _words_by_use(utterance, settings)


def _words_by_use(utterance: Utterance, settings: MeasureSettings) -> Iterator[_Place]:
    """那个, 这个, 然后 where they fill a pause: a run of them is one filler, 那个套餐 is none."""
    text = utterance.text
    word = "|".join(map(re.escape, settings.filler_words))
    # As said again at once, with or without a mark in between.
    for match in re.finditer(rf"(?P<first>{word})(?:[{re.escape(_PAUSES)}]*(?P=first))*", text):
        run = _Place(match.start(), match.end())
        first = _Place(run.start, run.start + len(match["first"]))
        repeated = run.end > first.end
        pauses = _paused_after(utterance, run) and not _points_at_something(text, run, settings)
        if repeated or pauses or _lengthened(utterance, first, settings):
            yield run


def _paused_after(utterance: Utterance, place: _Place) -> bool:
    """Whether the speaker stops behind a place and goes on in the same utterance: by a mark, or by the clock."""
    rest = utterance.text[place.end :]
    if not rest.strip(_PUNCTUATION):
        return False
    if rest[0] in _PAUSES:
        return True
    times = _character_times(utterance)
    return bool(times) and times[place.end].start_s - times[place.end - 1].end_s >= PAUSE_S


def _character_times(utterance: Utterance) -> tuple[Span, ...]:
    times = utterance.characters
    return times if times is not None and len(times) == len(utterance.text) else ()


def _points_at_something(text: str, place: _Place, settings: MeasureSettings) -> bool:
    """Whether the word before asks for an object: in 我要那个，谢谢 it is one."""
    return text[: place.start].endswith(settings.words_before_an_object)


def _lengthened(utterance: Utterance, place: _Place, settings: MeasureSettings) -> bool:
    """Whether the word's last character lasts much longer than the others of the utterance."""
    times = _character_times(utterance)
    others = [
        span.duration_s for at, span in enumerate(times) if not place.start <= at < place.end and span.duration_s > 0
    ]
    if not others:
        return False
    last = times[place.end - 1].duration_s
    return last >= settings.lengthened_min_s and last >= settings.lengthened_times * median(others)
