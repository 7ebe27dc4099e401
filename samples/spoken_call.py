"""Speaks one written dialogue and tells what is true of it.

The lines are spoken one by one, placed on the time line, and line noise is laid under them. The truth is computed from
where the lines were placed; when it contradicts what the dialogue says must be found, the maker stops.
"""

from __future__ import annotations

import multiprocessing
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import jieba
import numpy as np
from numpy.typing import NDArray

from pipeline.types import ChannelLayout, Role
from samples.dialogue import Dialogue, DialogueError, Dialogues, Line
from samples.music import hold_music
from samples.telephone import SAMPLE_RATE_HZ, noise, telephone_band
from samples.truth import (
    CUSTOMER_RULES,
    SAID_RULES,
    WRITTEN_RULES,
    Truth,
    TruthFinding,
    TruthHold,
    TruthUtterance,
    broken_by_measures,
    measure_script,
    not_assessable_rules,
    where_broken,
)
from samples.voice import Speech, Voice, is_spoken, speak

SHORTEST_CALL_S, LONGEST_CALL_S = 20.0, 90.0

CUSTOMER_LEVEL_DBFS = -27.0
ANNOUNCEMENT_LEVEL_DBFS = -24.0
ANNOUNCEMENT_VOICE = Voice("f4", 165, 70)
MUSIC_LEVEL_DBFS = -24.0
MUSIC_AFTER_S = 0.6
"""From the last word to the music, and from the music to the next."""
GSM_BLOCK_FRAMES = 640
"""GSM 6.10 in WAV holds whole blocks, and libsndfile reads one too many of an odd number; every call fits."""
RING_TONE_HZ, RING_ON_S, RING_PERIOD_S, RING_LEVEL_DBFS = 450.0, 1.0, 5.0, -24.0

LONGEST_PAUSE_S = 0.75
"""Longest pause inside a turn: well under the second that would make two turns of it."""
SHORTEST_OWN_GAP_S = 1.3
"""Shortest gap between two turns of one party, for the same reason."""
_SHORTEST_WORD_PAUSE_S = 0.25
"""A pause between words is a pause, not a stumble, from here on."""
_SHORTEST_COMMA_S, _LONGEST_COMMA_S = 0.2, 0.62
_STOP_TO_COMMA = 1.2
"""How much longer a full stop is."""

Samples = NDArray[np.float32]

jieba.setLogLevel("WARNING")  # it tells of its dictionary on every first use


@dataclass(frozen=True, slots=True)
class MadeCall:
    """One call before encoding: ``channels`` as they are recorded, and what is true of it."""

    channels: tuple[Samples, ...]
    truth: Truth
    answered_at_s: float


@dataclass(frozen=True, slots=True)
class _Pauses:
    """Seconds of silence at marks and, when any, between words."""

    comma_s: float
    stop_s: float
    word_s: float = 0.0

    def say(self, text: str, voice: Voice) -> Speech:
        """Speak with these pauses."""
        marks = {"，": self.comma_s, "。": self.stop_s, "？": self.stop_s, "、": self.word_s}
        return speak(_split_words(text) if self.word_s else text, voice, SAMPLE_RATE_HZ, pause_s=marks)


CUSTOMER_PAUSES = _Pauses(0.3, 0.5)


def _split_words(text: str) -> str:
    """The text with a mark between its words; a word of one character leans on the one before it."""
    pieces: list[str] = []
    for word in jieba.cut(text, HMM=False):
        alone = len(word) == 1 and pieces and is_spoken(pieces[-1][-1]) and len(pieces[-1]) < 3
        if alone and is_spoken(word):
            pieces[-1] += word
        else:
            pieces.append(word)
    joined = pieces[0]
    for before, piece in pairwise(pieces):
        joined += ("、" if is_spoken(before[-1]) and is_spoken(piece[0]) else "") + piece
    return joined


def _inner_marks(text: str) -> Counter[str]:
    """How often each mark stands between spoken characters."""
    return Counter(text.rstrip("，。？、"))


def agent_pauses(texts: Sequence[str], voice: Voice, rate_cpm: float) -> _Pauses:
    """The pauses with which the lines together come to the speaking rate, at marks alone where that is enough.

    Raises:
        DialogueError: the voice is too slow, or too fast for any natural pause.
    """
    characters = sum(map(is_spoken, "".join(texts)))
    target_s = 60.0 * characters / rate_cpm
    for words in (False, True):
        marked = [_split_words(text) if words else text for text in texts]
        speech_s = sum(speak(text, voice, SAMPLE_RATE_HZ, pause_s=0.0).duration_s for text in marked)
        marks = sum((_inner_marks(text) for text in marked), Counter[str]())
        commas, stops, gaps = marks["，"], marks["。"] + marks["？"], marks["、"]
        in_commas = commas + _STOP_TO_COMMA * stops
        left_s = target_s - speech_s
        # Longest pauses at marks first; only what they leave is spread between the words.
        word_s = max(_SHORTEST_WORD_PAUSE_S, (left_s - in_commas * _LONGEST_COMMA_S) / gaps) if gaps else 0.0
        comma_s = (left_s - gaps * word_s) / max(1.0, in_commas)
        if _SHORTEST_COMMA_S <= comma_s <= _LONGEST_COMMA_S + 1e-9 and word_s <= LONGEST_PAUSE_S:
            return _Pauses(comma_s, _STOP_TO_COMMA * comma_s, word_s)
    raise DialogueError(
        f"no pauses bring {characters} characters at speed {voice.speed_wpm} to {rate_cpm:g} a minute; "
        f"{left_s:.1f} s would have to be spread over {commas} commas, {stops} stops and {gaps} gaps: "
        "choose another speed, or put in or take out marks"
    )


def _at_level(samples: Samples, sounding: NDArray[np.bool_], level_dbfs: float) -> Samples:
    """The samples with the power of what sounds brought to a level."""
    power = float(np.mean(np.square(samples[sounding])))
    scaled: Samples = samples * np.float32((10 ** (level_dbfs / 10) / power) ** 0.5)
    return scaled


def _sounding(speech: Speech) -> NDArray[np.bool_]:
    mask = np.zeros(len(speech.samples), np.bool_)
    for character in speech.characters:
        mask[round(character.start_s * SAMPLE_RATE_HZ) : round(character.end_s * SAMPLE_RATE_HZ)] = True
    return mask


def _place(dialogue: Dialogue, speeches: Sequence[Speech], answered_at_s: float) -> list[float]:
    """When every line starts."""
    draw = random.Random(dialogue.id)
    starts: list[float] = []
    latest_s = answered_at_s
    agent_spoke = False
    hold_s: float | None = None
    for line, speech in zip(dialogue.turns, speeches, strict=True):
        usual_gap_s = draw.uniform(0.45, 0.85)
        if line.at_s is not None:
            start_s = answered_at_s + line.at_s
        elif hold_s is not None:
            start_s = latest_s + hold_s
        elif line.role is Role.AGENT and not agent_spoke:
            start_s = answered_at_s + dialogue.greeting_after_s
        else:
            start_s = latest_s + (usual_gap_s if line.after_s is None else line.after_s)
        agent_spoke |= line.role is Role.AGENT
        # On whole samples, so that the truth is what is heard.
        start_s = round(start_s * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
        starts.append(start_s)
        latest_s = max(latest_s, start_s + speech.duration_s)
        hold_s = line.hold_s
    return starts


def _holds(dialogue: Dialogue, starts: Sequence[float], ends: Sequence[float]) -> tuple[TruthHold, ...]:
    """When the customer is on hold: from the last word before it to the next word of anybody."""
    found = []
    for index, line in enumerate(dialogue.turns):
        if line.hold_s is None:
            continue
        start_s = max(ends[: index + 1])
        end_s = starts[index + 1] if index + 1 < len(starts) else start_s + line.hold_s
        music = (start_s + MUSIC_AFTER_S, end_s - MUSIC_AFTER_S) if line.music is not None else None
        found.append(TruthHold(round(start_s, 4), round(end_s, 4), music))
    return tuple(found)


def _channel_of(role: Role, dialogue: Dialogue) -> int:
    if dialogue.layout in (ChannelLayout.MONO, ChannelLayout.DUAL_MONO):
        return 0
    return 1 - dialogue.agent_channel if role is Role.CUSTOMER else dialogue.agent_channel


def _utterance(line: Line, speech: Speech, start_s: float, channel: int) -> TruthUtterance:
    return TruthUtterance(
        role=line.role.value,
        channel=channel,
        start_s=round(start_s, 4),
        end_s=round(start_s + speech.characters[-1].end_s, 4),
        text=line.text,
        gain_db=line.gain_db,
        characters=tuple(
            (item.text, round(start_s + item.start_s, 4), round(start_s + item.end_s, 4)) for item in speech.characters
        ),
    )


def _line_noise(channel: Samples, voice: Samples, dialogue: Dialogue, index: int) -> Samples:
    """Line noise within the telephone band under a whole channel, measured against the speech on it."""
    heard = voice[voice != 0.0]
    if dialogue.snr_db is None or heard.size == 0:
        return channel
    seed = zlib.crc32(f"{dialogue.id}/{index}".encode())
    power = float(np.mean(np.square(heard))) / 10 ** (dialogue.snr_db / 10)
    hiss = telephone_band(noise(len(channel), "white", np.random.default_rng(seed)))
    noisy: Samples = channel + hiss * np.float32((power / float(np.mean(np.square(hiss)))) ** 0.5)
    return noisy


def make_calls(chosen: Sequence[Dialogue], dialogues: Dialogues) -> Iterator[MadeCall]:
    """Speak dialogues, each in a fresh process, and compute their truths.

    espeak-ng carries the phase of its voice from one sentence into the next and cannot be told to forget it; in a
    fresh process the same dialogue always makes the same samples, whatever was spoken before.

    Raises:
        DialogueError: as ``make_call_here``.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(max_workers=2, mp_context=context, max_tasks_per_child=1) as pool:
        yield from pool.map(make_call_here, chosen, [dialogues] * len(chosen))


def make_call(dialogue: Dialogue, dialogues: Dialogues) -> MadeCall:
    """One call of ``make_calls``."""
    return next(make_calls([dialogue], dialogues))


def make_call_here(dialogue: Dialogue, dialogues: Dialogues) -> MadeCall:
    """Speak one dialogue in this process, where what was spoken before may tinge the samples; see ``make_calls``.

    Raises:
        DialogueError: the dialogue cannot be made as written, or does not break the rules that it says it breaks.
    """
    agent_voice = dialogues.profile(dialogue.agent).voice
    if dialogue.agent_speed_wpm is not None:
        agent_voice = replace(agent_voice, speed_wpm=dialogue.agent_speed_wpm)
    agent_texts = [line.text for line in dialogue.turns if line.role is Role.AGENT]
    try:
        pauses = agent_pauses(agent_texts, agent_voice, dialogue.agent_rate_cpm)
    except DialogueError as error:
        raise DialogueError(f"call {dialogue.id}: {error}") from error
    manners = {
        Role.AGENT: (pauses, agent_voice),
        Role.CUSTOMER: (CUSTOMER_PAUSES, dialogue.customer),
        Role.UNKNOWN: (CUSTOMER_PAUSES, ANNOUNCEMENT_VOICE),
    }
    speeches = [manner.say(line.text, voice) for line in dialogue.turns for manner, voice in [manners[line.role]]]

    ringing_s = (dialogue.rings - 1) * RING_PERIOD_S + RING_ON_S if dialogue.rings else 0.0
    answered_at_s = ringing_s if dialogue.answered_at_s is None else dialogue.answered_at_s
    starts = _place(dialogue, speeches, answered_at_s)
    ends = [start_s + speech.duration_s for start_s, speech in zip(starts, speeches, strict=True)]
    holds = _holds(dialogue, starts, ends)
    last_s = max([*ends, *(hold.end_s for hold in holds)])
    blocks = round((last_s + dialogue.tail_s) * SAMPLE_RATE_HZ / GSM_BLOCK_FRAMES)
    count = blocks * GSM_BLOCK_FRAMES

    voices = {role: np.zeros(count, np.float32) for role in Role}
    levels = {
        Role.AGENT: dialogue.agent_level_dbfs,
        Role.CUSTOMER: CUSTOMER_LEVEL_DBFS,
        Role.UNKNOWN: ANNOUNCEMENT_LEVEL_DBFS,
    }
    for line, speech, start_s in zip(dialogue.turns, speeches, starts, strict=True):
        first = round(start_s * SAMPLE_RATE_HZ)
        level_dbfs = levels[line.role] + line.gain_db
        sound = _at_level(telephone_band(speech.samples), _sounding(speech), level_dbfs)
        voices[line.role][first : first + len(sound)] += sound
    _play_music(dialogue, holds, voices[Role.UNKNOWN])
    channels = _channels(dialogue, voices)
    loudest = max(float(np.max(np.abs(channel))) for channel in channels)
    if loudest > 0.99:
        raise DialogueError(f"call {dialogue.id} would clip (peak {loudest:.2f}): lower its levels")

    utterances = tuple(
        _utterance(line, speech, start_s, _channel_of(line.role, dialogue))
        for line, speech, start_s in zip(dialogue.turns, speeches, starts, strict=True)
        if not (dialogue.layout is ChannelLayout.DEAD_CHANNEL and line.role is Role.AGENT)
    )
    truth = _truth(dialogue, tuple(sorted(utterances, key=lambda one: one.start_s)), answered_at_s, count, holds)
    return MadeCall(channels, truth, answered_at_s)


def _play_music(dialogue: Dialogue, holds: Sequence[TruthHold], platform: Samples) -> None:
    """Add the music of every hold to what the platform plays."""
    styles = [line.music for line in dialogue.turns if line.hold_s is not None]
    for number, (hold, style) in enumerate(zip(holds, styles, strict=True)):
        if hold.music is None or style is None:
            continue
        rng = np.random.default_rng(zlib.crc32(f"{dialogue.id}/music/{number}".encode()))
        first, last = (round(at_s * SAMPLE_RATE_HZ) for at_s in hold.music)
        music = hold_music((last - first) / SAMPLE_RATE_HZ, style, rng)
        platform[first : first + len(music)] += np.float32(10 ** (MUSIC_LEVEL_DBFS / 20)) * music


def _with_cross_talk(own: Samples, others: Samples, dialogue: Dialogue) -> Samples:
    """A party's sound with the other's, fainter and later, under it."""
    if dialogue.cross_talk_db is None:
        return own
    delay = round(dialogue.cross_talk_delay_s * SAMPLE_RATE_HZ)
    heard = np.concatenate([np.zeros(delay, np.float32), others])[: len(own)]
    return (own + np.float32(10 ** (dialogue.cross_talk_db / 20)) * heard).astype(np.float32)


def _channels(dialogue: Dialogue, voices: dict[Role, Samples]) -> tuple[Samples, ...]:
    """Both parties' sound as the recorder stores it."""
    agent, customer = voices[Role.AGENT], voices[Role.CUSTOMER]
    if dialogue.layout is ChannelLayout.DEAD_CHANNEL:
        agent = np.zeros_like(agent)
    with_ringing = agent + voices[Role.UNKNOWN]
    at_s = np.arange(round(RING_ON_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tone = (10 ** (RING_LEVEL_DBFS / 20) * np.sqrt(2) * np.sin(2 * np.pi * RING_TONE_HZ * at_s)).astype(np.float32)
    for ring in range(dialogue.rings):
        first = round(ring * RING_PERIOD_S * SAMPLE_RATE_HZ)
        with_ringing[first : first + len(tone)] += tone
    if dialogue.layout in (ChannelLayout.MONO, ChannelLayout.DUAL_MONO):
        mixed = _line_noise(with_ringing + customer, agent + customer, dialogue, 0)
        return (mixed,) if dialogue.layout is ChannelLayout.MONO else (mixed, mixed.copy())
    sides = [
        _line_noise(_with_cross_talk(with_ringing, customer, dialogue), agent, dialogue, 0),
        _line_noise(_with_cross_talk(customer, agent, dialogue), customer, dialogue, 1),
    ]
    return tuple(sides if dialogue.agent_channel == 0 else reversed(sides))


def _truth(
    dialogue: Dialogue,
    utterances: tuple[TruthUtterance, ...],
    answered_at_s: float,
    frames: int,
    holds: tuple[TruthHold, ...],
) -> Truth:
    duration_s = frames / SAMPLE_RATE_HZ
    layout = dialogue.layout.value
    exact = measure_script(utterances, layout, answered_at_s, duration_s, dialogue.hung_up_by, holds)
    measures = {name: round(value, 4) if isinstance(value, float) else value for name, value in exact.items()}
    broken = [] if dialogue.measured_only else broken_by_measures(measures)
    findings = [
        TruthFinding(rule, _culprit(rule), round(start_s, 4), round(end_s, 4), "")
        for rule in broken
        for start_s, end_s in [where_broken(rule, utterances, answered_at_s, duration_s)]
    ]
    findings += _said(dialogue, utterances)
    findings += [
        TruthFinding(item.rule, Role.AGENT.value, round(answered_at_s, 4), duration_s, "")
        for item in dialogue.expect
        if item.rule in WRITTEN_RULES
    ]
    truth = Truth(
        call_id=dialogue.id,
        title=dialogue.title,
        layout=layout,
        agent_channel=dialogue.agent_channel if dialogue.layout is ChannelLayout.STEREO else None,
        duration_s=duration_s,
        answered_at_s=round(answered_at_s, 4),
        utterances=utterances,
        measures=measures,
        findings=tuple(sorted(findings, key=lambda item: (item.start_s, item.rule))),
        not_assessable=tuple(sorted(not_assessable_rules(measures, layout, dialogue.direction, dialogue.rings))),
        must_review=dialogue.must_review,
        holds=holds,
    )
    if not dialogue.measured_only:
        _check(dialogue, truth, broken)
    return truth


def _culprit(rule: str) -> str:
    return Role.UNKNOWN.value if rule == "SIL.01" else Role.AGENT.value


def _said(dialogue: Dialogue, utterances: Sequence[TruthUtterance]) -> list[TruthFinding]:
    """Where each phrase is said that the dialogue expects to be found."""
    findings = []
    used: set[tuple[int, int]] = set()
    for expected in dialogue.expect:
        if expected.rule not in SAID_RULES:
            continue
        role = (Role.CUSTOMER if expected.rule in CUSTOMER_RULES else Role.AGENT).value
        for index, one in enumerate(utterances):
            words = "".join(character for character, _, _ in one.characters)
            at = words.find(expected.quote or "")
            if one.role != role or at < 0 or not expected.quote or (index, at) in used:
                continue
            used.add((index, at))
            start_s, end_s = one.characters[at][1], one.characters[at + len(expected.quote) - 1][2]
            findings.append(TruthFinding(expected.rule, role, start_s, end_s, expected.quote))
            break
        else:
            raise DialogueError(f"call {dialogue.id}: the {role} never says the words expected for {expected.rule}")
    return findings


def _check(dialogue: Dialogue, truth: Truth, broken: Sequence[str]) -> None:
    """Stop when the script as spoken is not what the dialogue was written to be.

    Raises:
        DialogueError: naming the call and the contradiction.
    """

    def demand(holds: bool, what: str) -> None:
        if not holds:
            raise DialogueError(f"call {dialogue.id}: {what}")

    written = {item.rule for item in dialogue.expect if item.rule not in (*SAID_RULES, *WRITTEN_RULES)}
    demand(set(broken) == written, f"as spoken it breaks {sorted(broken)}; written to break {sorted(written)}")
    demand(
        SHORTEST_CALL_S <= truth.duration_s <= LONGEST_CALL_S,
        f"it lasts {truth.duration_s:.1f} s; expected {SHORTEST_CALL_S:g} to {LONGEST_CALL_S:g}",
    )
    rules = Counter(item.rule for item in truth.findings)
    roles_unknown = dialogue.layout is not ChannelLayout.STEREO
    for_a_person = (
        roles_unknown
        or bool(rules["LANG.06"] or rules["AVOID.01"] or rules["AVOID.02"])
        or sum(rules[f"LANG.0{kind}"] for kind in (1, 2, 3, 4, 5, 7)) >= 3
    )
    demand(for_a_person == dialogue.must_review, f"must_review is written {dialogue.must_review}")
    for role in ("agent", "customer"):
        own = [one for one in truth.utterances if one.role == role]
        for before, after in pairwise(own):
            gap_s = after.start_s - before.end_s
            demand(gap_s >= SHORTEST_OWN_GAP_S, f"{role} at {after.start_s:.1f} s: {gap_s:.2f} s after the last turn")
        for one in own:
            longest_s = max((after[1] - before[2] for before, after in pairwise(one.characters)), default=0.0)
            demand(longest_s <= LONGEST_PAUSE_S + 0.05, f"{role} at {one.start_s:.1f} s pauses for {longest_s:.2f} s")
    _check_margins(truth, demand)


# Bands around thresholds: there, a detector's rounding could tip the value.
_TOO_NEAR = (
    ("greeting_latency_s", 1.6, 2.6),
    ("agent_speaking_rate_cpm", 88.0, 106.0),
    ("agent_speaking_rate_cpm", 114.0, 135.0),
    ("longest_silence_s", 7.2, 9.0),
    ("agent_longest_response_s", 4.3, 5.8),
    ("loudness_rise_db", 3.0, 10.0),
)


def _check_margins(truth: Truth, demand: Callable[[bool, str], None]) -> None:
    for name, low, high in _TOO_NEAR:
        value = truth.measures.get(name)
        too_near = value is not None and low < float(value) < high
        demand(not too_near, f"{name} is {value}, too near the threshold for a fair test")
