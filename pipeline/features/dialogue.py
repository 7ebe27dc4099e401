"""A call seen as a dialogue: each turn with its words, and who can be told apart. Every measure starts from here."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import ge, lt
from typing import overload

from pipeline.asr.text import character_count
from pipeline.audio.spans import merged, without
from pipeline.late_call import LateCall
from pipeline.types import (
    ONE_FOR_BOTH,
    Call,
    ChannelLayout,
    Evidence,
    Measure,
    Outcome,
    Recording,
    Role,
    Span,
    Turn,
    Utterance,
)

NO_ROLES = "录音分不清坐席与客户（{layout}），无法判断是谁说的"
CONTRADICTED = "坐席声道与说话内容矛盾，疑似声道接反"
NO_AGENT_SPEECH = "坐席声道里没有听到说话"
NO_CUSTOMER_SPEECH = "客户声道里没有听到说话"
ONE_SIDE_ONLY = "有一个声道没有声音，听不到双方的对话"
ONE_LINE = "双方在同一个声道里，同时说话的地方分不开"
UNNAMED_VOICES = "单声道，按声音分出了两个人，但从话术看不出谁是坐席"
LAYOUT_NAMES = {
    ChannelLayout.STEREO: "双声道，但坐席声道未知",
    ChannelLayout.MONO: "单声道",
    ChannelLayout.DUAL_MONO: "两个声道内容相同",
    ChannelLayout.DEAD_CHANNEL: "坐席声道没有声音",
}


TOO_NOISY = "线路噪声太大（信噪比 {snr_db:.0f} dB，低于 {least_db:.0f} dB），说话的起止测不准"
LEAST_SNR_DB = 9.0
"""On a noisier line nobody has verified how exact turns are: benchmarks go down to 10 dB (docs/accuracy.md)."""

LOST_WORDS = "{start} 到 {end} 有人说话，但识别出的文字不可信，已剔除，说了什么无从判断"
LOST_LEAST_S = 0.6
"""Less speech than this under refused text is a cough or an edge: three characters take longer."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn with the words recognised in it, ``utterances`` in order of time.

    ``lost`` are stretches of its speech whose text was refused by the guards and of which no other words are known:
    what was said there nobody can tell.
    """

    turn: Turn
    utterances: tuple[Utterance, ...]
    lost: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """All words of the turn."""
        if len(self.utterances) == 1:
            return self.utterances[0].text
        return "".join(utterance.text for utterance in self.utterances)

    @property
    def characters(self) -> int:
        """Characters spoken; see ``character_count``."""
        return sum(character_count(utterance.text) for utterance in self.utterances)

    def evidence(self, text: str | None = None) -> Evidence:
        """The whole turn as evidence."""
        return Evidence(self.turn.role, self.turn.start_s, self.turn.end_s, self.text if text is None else text)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The turns of a call with their words, in order of time.

    ``roles_unknown`` is the reason why agent and customer cannot be told apart, None where they can. ``roles`` and
    ``texts`` are those of the turns; ``words_lost`` says whether any turn has lost words.
    """

    call: Call
    turns: Sequence[SpokenTurn]
    roles_unknown: str | None
    roles: Sequence[Role]
    texts: Sequence[str]
    starts_s: Sequence[float]
    ends_s: Sequence[float]
    words_lost: bool = False

    def of(self, role: Role) -> tuple[SpokenTurn, ...]:
        """The turns of one party."""
        return tuple(spoken for spoken in self.turns if spoken.turn.role is role)

    def utterances_of(self, turn: int) -> tuple[Utterance, ...]:
        """The words of one turn, in order of time."""
        turns = self.turns
        return turns.utterances(turn) if isinstance(turns, _LateTurns) else turns[turn].utterances

    def texts_of(self, turn: int) -> Sequence[str]:
        """The text of each utterance of one turn."""
        turns = self.turns
        if isinstance(turns, _LateTurns):
            return turns.texts(turn)
        return [utterance.text for utterance in turns[turn].utterances]

    def unheard(self, role: Role) -> str | None:
        """Why nothing can be measured of this party, None where it can."""
        if self.roles_unknown is not None:
            return self.roles_unknown
        if role not in self.roles:
            return NO_AGENT_SPEECH if role is Role.AGENT else NO_CUSTOMER_SPEECH
        return None

    def lost_words(self, turns: Iterable[SpokenTurn]) -> str | None:
        """Why the words of these turns are not all known, None where they are."""
        lost = next((spoken.lost for spoken in turns if spoken.lost), None)
        if lost is None:
            return None
        return LOST_WORDS.format(start=clock(lost[0].start_s), end=clock(math.ceil(lost[-1].end_s)))

    def one_sided(self) -> str | None:
        """Why the interplay of both parties cannot be measured, None where it can."""
        if self.call.recording.channel_layout is ChannelLayout.DEAD_CHANNEL:
            return ONE_SIDE_ONLY
        return self.unheard(Role.AGENT) or self.unheard(Role.CUSTOMER) or self.too_noisy()

    def one_line(self) -> str | None:
        """Why it cannot be told when both speak at once, None where it can: voices told apart still share a channel."""
        return self.one_sided() or (ONE_LINE if self.call.recording.channel_layout in ONE_FOR_BOTH else None)

    def too_noisy(self, least_db: float = LEAST_SNR_DB, role: Role | None = None) -> str | None:
        """Why the line (of a party) is too noisy to tell when somebody speaks, None where it is not.

        A line whose noise was not measured is taken for a quiet one.
        """
        if not self.call.acoustics.channels:
            return None
        channels = {spoken.turn.channel for spoken in self.turns if role in (None, spoken.turn.role)}
        ratios = [
            sound.snr_db
            for sound in self.call.acoustics.channels
            if sound.channel in channels and sound.snr_db is not None
        ]
        if not ratios or min(ratios) >= least_db:
            return None
        return TOO_NOISY.format(snr_db=min(ratios), least_db=least_db)


def read_dialogue(call: Call) -> Dialogue:
    """Put every utterance into the turn of its channel with which it shares the most time."""
    if isinstance(call, LateCall) and not call.words_refused:
        return _late_dialogue(call)
    said: list[tuple[Utterance, ...]] = [()] * len(call.turns)
    places = _Places([(turn.channel, turn.start_s, turn.end_s) for turn in call.turns])
    for utterance in call.transcript.utterances:
        best = places.sharing_most(utterance.channel, utterance.start_s, utterance.end_s)
        if best is not None:
            known = said[best]
            said[best] = (*known, utterance) if known else (utterance,)
    lost = _lost_by_turn(call) if call.transcript.rejected else {}
    turns = [
        SpokenTurn(
            turn, said[index] if len(said[index]) < 2 else tuple(sorted(said[index], key=_start)), lost.get(index, ())
        )
        for index, turn in enumerate(call.turns)
    ]
    turns.sort(key=_start_and_channel)
    return Dialogue(
        call,
        tuple(turns),
        _roles_unknown(call.recording),
        [spoken.turn.role for spoken in turns],
        [spoken.text for spoken in turns],
        [spoken.turn.start_s for spoken in turns],
        [spoken.turn.end_s for spoken in turns],
        bool(lost),
    )


def _roles_unknown(recording: Recording) -> str | None:
    if recording.agent_channel is not None:
        return None
    contradicted = any(problem.code == "swapped_channels" for problem in recording.problems)
    layout = CONTRADICTED if contradicted else LAYOUT_NAMES[recording.channel_layout]
    if recording.voices_told_apart_by is not None:
        layout = UNNAMED_VOICES
    return NO_ROLES.format(layout=layout)


def _late_dialogue(call: LateCall) -> Dialogue:
    """The same of a stored call, whose turns become objects one by one."""
    count = len(call.roles)
    starts_s: Sequence[float] = call.starts_s
    turns = list(zip(call.channels, starts_s, call.ends_s, strict=True))
    spoken = call.said
    words = call.words
    roles, texts = call.roles, call.words
    said: list[list[int]] | None = None
    if spoken != turns or not _apart(call):
        said = [[] for _ in range(count)]
        places = _Places(turns)
        for number, (channel, start_s, end_s) in enumerate(spoken):
            best = places.sharing_most(channel, start_s, end_s)
            if best is not None:
                said[best].append(number)
        for some in said:
            if len(some) > 1:
                some.sort(key=lambda number: spoken[number][1])
        texts = ["".join([words[number] for number in some]) for some in said]
    order: Sequence[int] = range(count)
    ends_s: Sequence[float] = call.ends_s
    if any(map(ge, starts_s, islice(starts_s, 1, None))):
        # Two at once, or out of order; as good as never.
        order = sorted(order, key=lambda number: (starts_s[number], call.channels[number]))
        roles, texts = [roles[number] for number in order], [texts[number] for number in order]
        starts_s, ends_s = [starts_s[number] for number in order], [ends_s[number] for number in order]
    late = _LateTurns(call, order, said)
    return Dialogue(call, late, _roles_unknown(call.recording), roles, texts, starts_s, ends_s)


def _apart(call: LateCall) -> bool:
    """Whether no turn begins before the one before it on its channel has ended."""
    if not any(map(lt, islice(call.starts_s, 1, None), call.ends_s)):
        # Nor before any other has.
        return True
    ended: dict[int, float] = {}
    for channel, start_s, end_s in zip(call.channels, call.starts_s, call.ends_s, strict=True):
        if start_s < ended.get(channel, start_s):
            return False
        ended[channel] = end_s
    return True


class _LateTurns(Sequence[SpokenTurn]):
    """Turns in order of time, each made when it is looked at."""

    __slots__ = ("_call", "_made", "_order", "_said", "_words")

    def __init__(self, call: LateCall, order: Sequence[int], said: list[list[int]] | None) -> None:
        """Keep which turns, and by turn of the call which utterances; None: the one of the same number."""
        self._call = call
        self._order = order
        self._said = said
        self._made: list[SpokenTurn | None] = [None] * len(order)
        self._words: dict[int, tuple[Utterance, ...]] = {}

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, place: int) -> SpokenTurn: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[SpokenTurn]: ...

    def __getitem__(self, place: int | slice) -> SpokenTurn | Sequence[SpokenTurn]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self._made)))]
        made = self._made[place]
        if made is None:
            self._made[place] = made = SpokenTurn(self._call.turn(self._order[place]), self.utterances(place))
        return made

    def utterances(self, place: int) -> tuple[Utterance, ...]:
        """The words of one turn, without the turn."""
        known = self._words.get(place)
        if known is None:
            known = self._words[place] = tuple([self._call.utterance(one) for one in self._said_in(place)])
        return known

    def texts(self, place: int) -> list[str]:
        """The texts of one turn, without its utterances."""
        return [self._call.words[one] for one in self._said_in(place)]

    def _said_in(self, place: int) -> Sequence[int]:
        number = self._order[place]
        return (number,) if self._said is None else self._said[number]


class _Places:
    """Where the turns of a call are, by channel."""

    __slots__ = ("_channels",)

    def __init__(self, turns: list[tuple[int, float, float]]) -> None:
        """Channel, start and end of each turn."""
        self._channels: dict[int, _ChannelTurns] = {}
        for index, (channel, start_s, end_s) in enumerate(turns):
            there = self._channels.get(channel)
            if there is None:
                self._channels[channel] = there = _ChannelTurns()
            there.add(start_s, end_s, index)

    def sharing_most(self, channel: int, start_s: float, end_s: float) -> int | None:
        """The turn with the most time in common, the first of the call among equals; None without any."""
        there = self._channels.get(channel)
        return None if there is None else there.sharing_most(start_s, end_s)


class _ChannelTurns:
    """The turns of one channel, searched by time: a call judged again must not cost turns times utterances."""

    __slots__ = ("_ends", "_place", "apart", "turns")

    def __init__(self) -> None:
        self.turns: list[tuple[float, float, int]] = []
        self.apart = True
        """Whether the turns are in order and none begins before the one before it has ended."""
        self._place = 0
        """Of the turn that held the utterance before: the next one is seldom far."""
        self._ends: list[float] = []

    def add(self, start_s: float, end_s: float, index: int) -> None:
        """One more turn; ``index`` is its number in the call."""
        if self.turns and start_s < self.turns[-1][1]:
            self.apart = False
        self.turns.append((start_s, end_s, index))

    def sharing_most(self, start_s: float, end_s: float) -> int | None:
        """The turn with the most time in common, the first of the call among equals; None without any."""
        if self.apart:
            turns, place = self.turns, self._place
            while place < len(turns) and turns[place][1] <= start_s:
                place += 1
            if place < len(turns) and turns[place][0] <= start_s < end_s <= turns[place][1]:
                # As nearly always: it lies in one turn and no other reaches into it.
                self._place = place
                return turns[place][2]
        return self._searched(start_s, end_s)

    def _searched(self, start_s: float, end_s: float) -> int | None:
        if not self._ends:
            self.turns.sort()
            # The latest end so far bounds how far back a turn can still reach into an utterance.
            self._ends = list(itertools.accumulate((end_s for _, end_s, _ in self.turns), max))
        best, shared = None, 0.0
        place = bisect_left(self.turns, (end_s,)) - 1
        while place >= 0 and self._ends[place] > start_s:
            turn_start_s, turn_end_s, index = self.turns[place]
            overlap = min(turn_end_s, end_s) - max(turn_start_s, start_s)
            if overlap > 0 and (overlap > shared or (overlap == shared and best is not None and index < best)):
                best, shared = index, overlap
            place -= 1
        return best


def _lost_by_turn(call: Call) -> dict[int, tuple[Span, ...]]:
    """Stretches of speech under refused text and no other, by the number of the turn in the call."""
    lost = {}
    for index, turn in enumerate(call.turns):
        refused = [Span(item.start_s, item.end_s) for item in call.transcript.rejected if item.channel == turn.channel]
        known = [Span(one.start_s, one.end_s) for one in call.transcript.utterances if one.channel == turn.channel]
        stretches = without(intersection(turn.pieces, refused), known)
        if sum(stretch.duration_s for stretch in stretches) >= LOST_LEAST_S:
            lost[index] = tuple(stretches)
    return lost


def _start(utterance: Utterance) -> float:
    return utterance.start_s


def _start_and_channel(spoken: SpokenTurn) -> tuple[float, int]:
    return spoken.turn.start_s, spoken.turn.channel


def measured(
    name: str,
    value: float | int | bool | str,
    unit: str,
    evidence: Sequence[Evidence] = (),
    **inputs: float | int | str,
) -> Measure:
    """A measure that has a value; ``inputs`` are the quantities of its formula."""
    return Measure(name, value, unit, Outcome.MEASURED, None, tuple(evidence), inputs)


def most_of(turns: Sequence[SpokenTurn], longest: int = 12) -> tuple[SpokenTurn, ...]:
    """The longest turns first, enough of them to listen to where a sum is over all: the sum stands in the inputs."""
    return tuple(sorted(turns, key=lambda spoken: (-spoken.turn.duration_s, spoken.turn.start_s))[:longest])


def not_assessable(name: str, unit: str, reason: str) -> Measure:
    """A measure that cannot be known, with the reason."""
    return Measure(name, None, unit, Outcome.NOT_ASSESSABLE, reason)


def time_in_utterance(utterance: Utterance, start: int, end: int) -> Span:
    """Seconds of the characters ``start`` to ``end`` of an utterance: as the engine heard them, else spoken evenly."""
    if utterance.characters is not None and start < end <= len(utterance.characters):
        return Span(utterance.characters[start].start_s, utterance.characters[end - 1].end_s)
    length = max(len(utterance.text), 1)
    scale = (utterance.end_s - utterance.start_s) / length
    return Span(utterance.start_s + start * scale, utterance.start_s + end * scale)


def shared_s(first: Sequence[Span], second: Sequence[Span]) -> float:
    """Seconds that two sets of spans have in common."""
    return sum(span.duration_s for span in intersection(first, second))


def intersection(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """Spans during which both sets go on."""
    left, right = merged(first), merged(second)
    shared: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].start_s, right[j].start_s)
        end = min(left[i].end_s, right[j].end_s)
        if start < end:
            shared.append(Span(start, end))
        if left[i].end_s < right[j].end_s:
            i += 1
        else:
            j += 1
    return shared


def clock(seconds: float) -> str:
    """Seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
