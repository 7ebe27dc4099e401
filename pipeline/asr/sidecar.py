"""Transcripts that come with the recordings, as other systems export them.

Looked for beside ``call.wav``: ``call.wav.json``, ``call.json``, ``call.transcript.json``. Understood shapes:

==================  =======================================================================  ============
shape               where the entries are, and their keys                                    times
==================  =======================================================================  ============
ours                ``utterances`` (also inside ``transcript``): role or channel, start_s,   seconds
                    end_s, text, confidence
Alibaba recordings  ``Sentences`` (also inside ``Result``), or in small letters:             milliseconds
                    ChannelId, BeginTime, EndTime, Text
Alibaba DashScope   ``transcripts[].sentences`` with ``channel_id`` on each transcript:      milliseconds
                    begin_time, end_time, text
Whisper             ``segments``: start, end, text, avg_logprob, channel                     seconds
==================  =======================================================================  ============

An entry without role and channel goes to the party whose speech it lies on, and to nobody where both speak.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.asr.confidence import confidence_of
from pipeline.asr.engine import Capabilities, OptionValue
from pipeline.asr.normalise import normalise
from pipeline.errors import SidecarError
from pipeline.types import Audio, Role, Transcript, Turn, Utterance

_MAX_BYTES = 64 << 20
# Clocks of recorder and recogniser differ a little; more than this means another recording's transcript.
_BEYOND_END_S = 2.0


@dataclass(frozen=True, slots=True)
class _Shape:
    """Names of the keys of one export format; None where the format has no such thing."""

    start: str
    end: str
    text: str
    per_second: float
    channel: str | None = None
    role: str | None = None
    confidence: str | None = None
    logprob: str | None = None


_OURS = _Shape("start_s", "end_s", "text", 1, channel="channel", role="role", confidence="confidence")
_ALIBABA = _Shape("BeginTime", "EndTime", "Text", 1000, channel="ChannelId")
_ALIBABA_SMALL = _Shape("begin_time", "end_time", "text", 1000, channel="channel_id")
_WHISPER = _Shape("start", "end", "text", 1, channel="channel", logprob="avg_logprob")


def find_sidecar(recording: Path) -> Path | None:
    """The transcript file that lies beside a recording, or None."""
    names = (f"{recording.name}.json", f"{recording.stem}.json", f"{recording.stem}.transcript.json")
    return next((path for name in names if (path := recording.with_name(name)).is_file()), None)


class SidecarEngine:
    """Reads the transcript that lies beside a recording, or one given file; see SpeechEngine."""

    name = "sidecar"
    model = "sidecar"
    version = ""
    digest = ""
    # Some exports carry a confidence, all the words that their recogniser wrote.
    capabilities = Capabilities(confidence=True)

    def __init__(self, transcript: Path | None = None) -> None:
        """Use ``transcript`` for whatever is transcribed, or, when None, the file beside each recording."""
        self._transcript = transcript
        self.options: Mapping[str, OptionValue] = {"language": "zh"}

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """See SpeechEngine; the digest of the transcript is that of its file.

        Raises:
            SidecarError: there is no such file, or it cannot be understood.
        """
        path = self._transcript or find_sidecar(source)
        if path is None:
            raise SidecarError(
                f"recording {str(source)!r} has no transcript beside it; expected {source.name + '.json'!r} or "
                f"{source.stem + '.json'!r}: put it there, or choose another engine"
            )
        raw, content = _load(path)
        speakers = _Speakers(audio, turns)
        utterances = [
            utterance
            for where, entry, shape, channel in _entries(path, content)
            if (utterance := _utterance(_Entry(path, where, entry), shape, channel, speakers, audio.duration_s))
        ]
        utterances.sort(key=lambda utterance: (utterance.start_s, utterance.channel, utterance.end_s))
        return Transcript(
            engine=self.name,
            model=self.model,
            model_digest=hashlib.sha256(raw).hexdigest(),
            language="zh",
            options=dict(self.options),
            utterances=tuple(utterances),
            audio_s=audio.duration_s,
            speech_s=sum(turn.speech_s for turn in turns),
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One utterance of a file, with its place for messages; never trusts what it holds."""

    path: Path
    where: str
    content: Mapping[str, Any]

    def wrong(self, key: str, expected: str) -> SidecarError:
        # The value stays out: it may be what a customer said.
        return SidecarError(
            f"transcript {str(self.path)!r}, {self.where}.{key}: expected {expected}; export it again or mend it"
        )

    def number(self, key: str) -> float:
        value = self.content.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(_as_float(value)):
            raise self.wrong(key, "a number")
        return _as_float(value)


class _Speakers:
    """Who speaks on which channel, and when, by the turns."""

    def __init__(self, audio: Audio, turns: Sequence[Turn]) -> None:
        self.channels = audio.channels
        self._turns = turns
        self._roles = {turn.channel: turn.role for turn in turns}
        if audio.channels == 2 and len(self._roles) == 1:
            # The other channel is silent, and its role follows.
            channel, role = next(iter(self._roles.items()))
            other = {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}.get(role, Role.UNKNOWN)
            self._roles[1 - channel] = other

    def role_of(self, channel: int) -> Role:
        return self._roles.get(channel, Role.UNKNOWN)

    def channel_of(self, role: Role) -> int:
        return next((channel for channel, held in sorted(self._roles.items()) if held is role), 0)

    def at(self, start_s: float, end_s: float) -> tuple[Role, int]:
        """Role and channel of the speech in a stretch; unknown unless one channel has twice the speech of the other."""
        spoken = dict.fromkeys(range(self.channels), 0.0)
        for turn in self._turns:
            for piece in turn.pieces:
                spoken[turn.channel] += max(0.0, min(end_s, piece.end_s) - max(start_s, piece.start_s))
        ranked = sorted(spoken, key=lambda channel: -spoken[channel])
        most = spoken[ranked[0]]
        if most > 0 and most >= 2 * sum(spoken[channel] for channel in ranked[1:]):
            return self.role_of(ranked[0]), ranked[0]
        return Role.UNKNOWN, 0


def _load(path: Path) -> tuple[bytes, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SidecarError(f"transcript {str(path)!r} is larger than {_MAX_BYTES >> 20} MB; expected one call's")
        raw = path.read_bytes()
    except OSError as error:
        raise SidecarError(
            f"transcript {str(path)!r} cannot be read ({error.strerror or type(error).__name__}); check path and rights"
        ) from error
    try:
        return raw, json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # Not chained: the texts of these errors hold the document itself.
        raise SidecarError(f"transcript {str(path)!r} is not JSON in UTF-8; export it again") from None


def _entries(path: Path, content: Any) -> Iterator[tuple[str, Mapping[str, Any], _Shape, object]]:
    """(place, entry, its shape, the channel of its group or None) of every utterance in the file."""
    if not isinstance(content, dict):
        raise SidecarError(f"transcript {str(path)!r}: expected a JSON object at the top; export it again or mend it")
    for wrapper in ("transcript", "Result", "result"):
        if isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    groups: list[tuple[str, object, object]] = []  # place, entries, channel of the group
    for key in ("utterances", "Sentences", "sentences", "segments"):
        if key in content:
            groups.append((key, content[key], None))
            break
    else:
        transcripts = content.get("transcripts")
        if isinstance(transcripts, list):
            for index, one in enumerate(transcripts):
                if isinstance(one, dict):
                    groups.append((f"transcripts[{index}].sentences", one.get("sentences"), one.get("channel_id")))
    if not groups:
        raise SidecarError(
            f"transcript {str(path)!r}: expected one of the keys utterances, Sentences, transcripts, segments; "
            "export it in one of these shapes"
        )
    for place, entries, channel in groups:
        if not isinstance(entries, list):
            raise SidecarError(f"transcript {str(path)!r}, {place}: expected a list; export it again or mend it")
        for index, entry in enumerate(entries):
            where = f"{place}[{index}]"
            if not isinstance(entry, dict):
                raise SidecarError(f"transcript {str(path)!r}, {where}: expected an object; export it again or mend it")
            yield where, entry, _shape_of(place, entry), channel


def _shape_of(place: str, entry: Mapping[str, Any]) -> _Shape:
    if place == "utterances":
        return _OURS
    if place == "segments":
        return _WHISPER
    return _ALIBABA if _ALIBABA.start in entry else _ALIBABA_SMALL


def _utterance(
    entry: _Entry, shape: _Shape, group_channel: object, speakers: _Speakers, duration_s: float
) -> Utterance | None:
    """One utterance, or None where the entry holds no text."""
    start_s = entry.number(shape.start) / shape.per_second
    end_s = entry.number(shape.end) / shape.per_second
    if start_s < 0 or end_s < start_s:
        raise entry.wrong(shape.end, f"a time not before {shape.start}, and none below 0")
    if start_s > duration_s + _BEYOND_END_S:
        raise entry.wrong(shape.start, f"a time within the recording ({duration_s:.1f} s); is it another call's?")
    start_s, end_s = min(start_s, duration_s), min(end_s, duration_s)
    raw = entry.content.get(shape.text)
    if not isinstance(raw, str):
        raise entry.wrong(shape.text, "a text")
    text = normalise(raw)
    if not text:
        return None
    role, channel = _speaker(entry, shape, group_channel, speakers, start_s, end_s)
    return Utterance(role, channel, start_s, end_s, text, _confidence(entry, shape))


def _speaker(
    entry: _Entry, shape: _Shape, group_channel: object, speakers: _Speakers, start_s: float, end_s: float
) -> tuple[Role, int]:
    channel = group_channel
    if shape.channel is not None and entry.content.get(shape.channel) is not None:
        channel = entry.content[shape.channel]
    if channel is not None and (
        isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < speakers.channels
    ):
        raise entry.wrong(shape.channel or "channel", f"a channel from 0 to {speakers.channels - 1}")
    named = entry.content.get(shape.role) if shape.role is not None else None
    if named is not None:
        if not isinstance(named, str) or named not in set(Role):
            raise entry.wrong("role", "agent, customer or unknown")
        role = Role(named)
        return role, channel if isinstance(channel, int) else speakers.channel_of(role)
    if isinstance(channel, int):
        return speakers.role_of(channel), channel
    return speakers.at(start_s, end_s)


def _confidence(entry: _Entry, shape: _Shape) -> float | None:
    if shape.confidence is not None and entry.content.get(shape.confidence) is not None:
        confidence = entry.number(shape.confidence)
        if not 0 <= confidence <= 1:
            raise entry.wrong(shape.confidence, "a number from 0 to 1")
        return confidence
    if shape.logprob is not None and entry.content.get(shape.logprob) is not None:
        return confidence_of(entry.number(shape.logprob))
    return None


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
