"""A stored call whose turns and words become objects when somebody looks at them: most rules look at a few.

Judging a month again would spend more on making every turn and every utterance than on judging them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pipeline.serialise import (
    acoustics_from_document,
    call_from_document,
    transcript_from_document,
)
from pipeline.types import Acoustics, Call, Recording, Role, Span, Transcript, Turn, Utterance

Number = int | float
"""As it was written: 1 stays 1."""


class _Turn(msgspec.Struct, gc=False):
    role: Role
    channel: int
    pieces: list[tuple[Number, Number]]
    level_dbfs: Number | None


class StoredUtterance(msgspec.Struct, gc=False):
    """One utterance as the document has it."""

    role: Role
    channel: int
    start_s: Number
    end_s: Number
    text: str
    confidence: Number | None
    # By far the most of a call that was recognised; kept as text until somebody asks for it.
    characters: msgspec.Raw = msgspec.Raw()


class _Words(msgspec.Struct, gc=False):
    utterances: list[StoredUtterance]
    rejected: list[Any] = []


class _StoredCall(msgspec.Struct, gc=False):
    """The part of ``pipeline.serialise.call_to_document`` that every judgement looks at; the rest is passed over."""

    recording: Recording
    transcript: _Words
    turns: list[_Turn]
    acoustics: msgspec.Raw = msgspec.Raw(b"{}")


_read = msgspec.json.Decoder(_StoredCall).decode
_read_characters = msgspec.json.Decoder(list[tuple[Number, Number]] | None).decode


def read_call(text: bytes | str) -> Call:
    """A stored call from the text of its document, part by part as it is asked for where that can be.

    Raises:
        KeyError, TypeError, ValueError: when the document is not one of ours.
    """
    try:
        return LateCall(text)
    except msgspec.DecodeError:
        # One of another time, which the slow way names or reads; or it holds what only json takes.
        return call_from_document(json.loads(text))


class LateCall(Call):
    """A call read from the text of ``pipeline.serialise.call_to_document``, part by part as it is asked for.

    Attributes:
        roles, channels, starts_s, ends_s: of its turns.
        said: channel, start and end in seconds of its utterances; ``words`` their texts.
    """

    __slots__ = ("_acoustics", "_stored", "_text", "_transcript", "_turns", "channels", "ends_s", "roles", "said",
                 "starts_s", "words")  # fmt: skip

    _text: bytes | str
    _stored: _StoredCall
    _turns: tuple[Turn, ...] | None
    _transcript: Transcript | None
    _acoustics: Acoustics | None
    recording: Recording
    roles: list[Role]
    channels: Sequence[int]
    starts_s: list[float]
    ends_s: list[float]
    said: list[tuple[int, float, float]]
    words: list[str]

    def __init__(self, text: bytes | str) -> None:
        """Read what every judgement asks for.

        Raises:
            msgspec.DecodeError: the quick parser does not know it for one of ours.
        """
        stored = _read(text)
        turns, said = stored.turns, stored.transcript.utterances
        pieces = [turn.pieces for turn in turns]
        # A frozen value like any other call; these are its own places, filled once.
        put = object.__setattr__
        put(self, "_text", text)
        put(self, "_stored", stored)
        put(self, "_transcript", None)
        put(self, "_turns", None)
        put(self, "_acoustics", None)
        put(self, "roles", [turn.role for turn in turns])
        put(self, "channels", [turn.channel for turn in turns])
        put(self, "starts_s", [some[0][0] for some in pieces])
        put(self, "ends_s", [some[-1][1] for some in pieces])
        put(self, "said", [(one.channel, one.start_s, one.end_s) for one in said])
        put(self, "words", [one.text for one in said])
        put(self, "recording", stored.recording)

    @property
    def stored_utterances(self) -> Sequence[StoredUtterance]:
        """What the document says of each utterance."""
        return self._stored.transcript.utterances

    @property
    def words_refused(self) -> bool:
        """Whether the guards refused any text."""
        return bool(self._stored.transcript.rejected)

    def turn(self, number: int) -> Turn:
        """One turn."""
        turn = self._stored.turns[number]
        pieces = turn.pieces
        spans = tuple([Span(start, end) for start, end in pieces])
        return Turn(turn.role, turn.channel, pieces[0][0], pieces[-1][1], spans, turn.level_dbfs)

    def utterance(self, number: int) -> Utterance:
        """One utterance."""
        one = self._stored.transcript.utterances[number]
        pairs = _read_characters(one.characters) if one.characters else None
        characters = None if pairs is None else tuple([Span(start, end) for start, end in pairs])
        return Utterance(one.role, one.channel, one.start_s, one.end_s, one.text, one.confidence, characters)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns."""
        made = self._turns
        if made is None:
            made = tuple(map(self.turn, range(len(self._stored.turns))))
            object.__setattr__(self, "_turns", made)
        return made

    @property
    def transcript(self) -> Transcript:
        """All words with the engine that wrote them."""
        made = self._transcript
        if made is None:
            made = transcript_from_document(msgspec.json.decode(self._text)["transcript"])
            object.__setattr__(self, "_transcript", made)
        return made

    @property
    def acoustics(self) -> Acoustics:
        """What only the sound tells."""
        made = self._acoustics
        if made is None:
            made = acoustics_from_document(msgspec.json.decode(self._stored.acoustics))
            object.__setattr__(self, "_acoustics", made)
        return made

    def __reduce__(self) -> tuple[Callable[[bytes | str], Call], tuple[bytes | str]]:
        """Another process reads the text again."""
        return read_call, (self._text,)
