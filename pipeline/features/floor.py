"""Who holds the floor: stretches of one party's speech, back-channels among them, and characters placed in time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.asr.text import character_count
from pipeline.features.dialogue import Dialogue, SpokenTurn
from pipeline.features.settings import MeasureSettings
from pipeline.types import Role, Span, Utterance

MARKS = "，。？！、；：…,.?!;: "
"""Marks that may stand before the first word of an utterance."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A turn, or the part of a turn between two pauses that the other party uses to speak.

    A turn keeps a party's pauses of up to a second; where the other party speaks in such a pause, and it is more than
    taking breath, going on afterwards is a new start. ``turn`` is the number of the turn in ``Dialogue.turns``,
    ``first`` whether the stretch begins it, ``pieces`` its speech regions in order, ``text`` its words.
    """

    role: Role
    turn: int
    first: bool
    pieces: tuple[Span, ...]
    text: str

    @property
    def start_s(self) -> float:
        """When it begins."""
        return self.pieces[0].start_s

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.pieces[-1].end_s

    @property
    def duration_s(self) -> float:
        """Length in seconds, pauses included."""
        return self.end_s - self.start_s


class TurnIndex:
    """Finds turns by time without looking at all of them: the turns of one channel follow each other."""

    def __init__(self, dialogue: Dialogue) -> None:
        """Sort the numbers of the turns by channel."""
        self._turns = [spoken.turn for spoken in dialogue.turns]
        channels: dict[int, list[int]] = {}
        for number, turn in enumerate(self._turns):
            channels.setdefault(turn.channel, []).append(number)
        self._channels = {
            channel: (numbers, [self._turns[number].start_s for number in numbers])
            for channel, numbers in channels.items()
        }
        self._pieces = {
            channel: [piece for number in numbers for piece in self._turns[number].pieces]
            for channel, (numbers, _) in self._channels.items()
        }
        self._piece_ends = {channel: [piece.end_s for piece in pieces] for channel, pieces in self._pieces.items()}

    def others_at(self, channel: int, at_s: float) -> int | None:
        """The turn of the other channel that has begun by a time and goes on."""
        for other, (numbers, starts) in self._channels.items():
            place = bisect_right(starts, at_s) - 1
            if other != channel and place >= 0 and self._turns[numbers[place]].end_s > at_s:
                return numbers[place]
        return None

    def others_speak(self, channel: int, span: Span) -> bool:
        """Whether the other channel speaks anywhere in a stretch of time."""
        for other, pieces in self._pieces.items():
            place = bisect_right(self._piece_ends[other], span.start_s)
            if other != channel and place < len(pieces) and pieces[place].start_s < span.end_s:
                return True
        return False

    def last_ended(self, at_s: float) -> int | None:
        """The turn that ended last at a time."""
        ended = []
        for numbers, starts in self._channels.values():
            place = bisect_right(starts, at_s) - 1
            # The turn that has begun last may still go on; the one before it is over.
            for number in numbers[max(0, place - 1) : place + 1]:
                if self._turns[number].end_s <= at_s:
                    ended.append(number)
        return max(ended, key=lambda number: (self._turns[number].end_s, number), default=None)

    def next_start(self, at_s: float, role: Role | None = None) -> int | None:
        """The first turn (of a party) that starts at or after a time."""
        following = []
        for numbers, starts in self._channels.values():
            place = bisect_left(starts, at_s)
            if place < len(numbers) and role in (None, self._turns[numbers[place]].role):
                following.append(numbers[place])
        return min(following, key=lambda number: (self._turns[number].start_s, number), default=None)


def read_stretches(dialogue: Dialogue, index: TurnIndex, settings: MeasureSettings) -> tuple[Stretch, ...]:
    """All stretches of a call in order of their start."""
    stretches: list[Stretch] = []
    for number, spoken in enumerate(dialogue.turns):
        pieces = spoken.turn.pieces
        groups = [[pieces[0]]]
        for piece in pieces[1:]:
            if _begins_anew(dialogue, index, spoken.turn.channel, Span(groups[-1][-1].end_s, piece.start_s), settings):
                groups.append([])
            groups[-1].append(piece)
        for place, group in enumerate(groups):
            text = spoken.text if len(groups) == 1 else _text_of(spoken, group, settings)
            stretches.append(Stretch(spoken.turn.role, number, place == 0, tuple(group), text))
    return tuple(sorted(stretches, key=lambda one: (one.start_s, one.turn)))


def _begins_anew(dialogue: Dialogue, index: TurnIndex, channel: int, pause: Span, settings: MeasureSettings) -> bool:
    """Whether a party that pauses so begins anew afterwards: the other speaks, and it is more than taking breath.

    Breath taken while talking over the other is none; nor does 嗯 just before the other ends belong to the answer.
    """
    if not index.others_speak(channel, pause):
        return False
    other = index.others_at(channel, pause.end_s)
    if other is None or pause.duration_s > settings.breath_s:
        return True
    return dialogue.turns[other].turn.end_s - pause.end_s < settings.interruption_min_overlap_s


def place_characters(spoken: SpokenTurn) -> list[tuple[str, float]]:
    """Every written character of a turn with the middle of its time, spread evenly over speech, pauses left out."""
    return [placed for utterance in spoken.utterances for placed in _placed(utterance, spoken.turn.pieces)]


def characters_between(placed: Sequence[tuple[str, float]], start_s: float, end_s: float) -> int:
    """Spoken characters (see ``character_count``) whose middle lies in a stretch of time."""
    return character_count("".join(character for character, at_s in placed if start_s <= at_s < end_s))


def _placed(utterance: Utterance, pieces: Sequence[Span]) -> list[tuple[str, float]]:
    inside = [
        Span(max(piece.start_s, utterance.start_s), min(piece.end_s, utterance.end_s))
        for piece in pieces
        if piece.start_s < utterance.end_s and utterance.start_s < piece.end_s
    ] or [Span(utterance.start_s, utterance.end_s)]
    # A mark takes no time: it stands where the character before it ended.
    weights = [1 if character_count(character) else 0 for character in utterance.text]
    each_s = sum(piece.duration_s for piece in inside) / max(sum(weights), 1)
    placed, spoken_s = [], 0.0
    for character, weight in zip(utterance.text, weights, strict=True):
        placed.append((character, _after(inside, spoken_s + weight * each_s / 2)))
        spoken_s += weight * each_s
    return placed


def _after(pieces: Sequence[Span], speech_s: float) -> float:
    """The time at which so many seconds of the pieces are over."""
    for piece in pieces:
        if speech_s < piece.duration_s:
            return piece.start_s + speech_s
        speech_s -= piece.duration_s
    return pieces[-1].end_s


def _text_of(spoken: SpokenTurn, pieces: Sequence[Span], settings: MeasureSettings) -> str:
    """The words of a part of a turn, as far as characters spread evenly tell.

    Nobody speaks evenly: a part that is an acknowledgement but for a character at its end is one.
    """
    placed = place_characters(spoken)
    words = [(character, at_s) for character, at_s in placed if character_count(character)]
    first = bisect_left([at_s for _, at_s in words], pieces[0].start_s)
    last = bisect_left([at_s for _, at_s in words], pieces[-1].end_s)
    for end in (last, last - 1, last + 1):
        text = "".join(character for character, _ in words[first:end])
        if text and only_acknowledges(text, settings):
            return text
    return "".join(character for character, at_s in placed if pieces[0].start_s <= at_s < pieces[-1].end_s)


def only_acknowledges(text: str, settings: MeasureSettings) -> int | None:
    """Number of words of a listener (嗯, 好的) that a text consists of; None when it says anything else.

    0 for no words at all: a recogniser often leaves a short 嗯 out.
    """
    rest, count = text, 0
    # Longest first, so that 好的 is not left with 的.
    for word in sorted(settings.acknowledgements, key=len, reverse=True):
        count += rest.count(word)
        rest = rest.replace(word, "|")
    return None if any(character.isalnum() for character in rest) else count


def is_acknowledgement(stretch: Stretch, settings: MeasureSettings) -> bool:
    """Whether a stretch is a listener's sound: nothing but such words, each as short as ``backchannel_max_s``.

    Said twice (好的好的) it may last twice as long; more often, it takes the floor.
    """
    count = only_acknowledges(stretch.text, settings)
    return count is not None and stretch.duration_s <= settings.backchannel_max_s * min(max(count, 1), 2)


def is_backchannel(listener: Stretch, speaker: SpokenTurn, settings: MeasureSettings) -> bool:
    """Whether a stretch acknowledges inside another's turn without taking the floor."""
    inside = speaker.turn.start_s <= listener.start_s and listener.end_s <= speaker.turn.end_s
    return inside and is_acknowledgement(listener, settings)
