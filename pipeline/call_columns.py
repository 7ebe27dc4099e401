"""A stored call in columns: what judging looks at, read in a third of the time that the call's own document takes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pipeline.late_call import LateCall, Number, read_call
from pipeline.types import Acoustics, Call, Recording, Role, Transcript, Turn, Utterance

Text = bytes | str


class _Columns(msgspec.Struct, gc=False):
    recording: Recording
    # Of the turns.
    roles: list[Role]
    channels: list[int]
    starts_s: list[Number]
    ends_s: list[Number]
    # Of the utterances; ``said`` and ``speakers`` are None where they are those of the turns, as nearly always.
    words: list[str]
    confidences: list[Number | None]
    said: list[tuple[int, Number, Number]] | None
    speakers: list[Role] | None
    refused: bool
    by_character: bool


_read = msgspec.json.Decoder(_Columns).decode


def columns_of(text: Text) -> str | None:
    """The columns of a stored call, from the text of its document; None where it is not one that is read late."""
    try:
        return columns_of_call(LateCall(text))
    except msgspec.DecodeError:
        return None


def columns_of_call(call: LateCall) -> str:
    """The columns of a call that was read late."""
    utterances = call.stored_utterances
    speakers = [one.role for one in utterances]
    places = list(zip(call.channels, call.starts_s, call.ends_s, strict=True))
    columns = _Columns(
        recording=call.recording,
        roles=call.roles,
        channels=list(call.channels),
        starts_s=call.starts_s,
        ends_s=call.ends_s,
        words=call.words,
        confidences=[one.confidence for one in utterances],
        said=None if call.said == places else call.said,
        speakers=None if speakers == call.roles else speakers,
        refused=call.words_refused,
        by_character=any(one.characters for one in utterances),
    )
    return msgspec.json.encode(columns).decode()


def read_columns(columns: Text, text: Callable[[], Text]) -> Call:
    """A stored call from its columns.

    Args:
        columns: what ``columns_of`` gave.
        text: reads the text of the call's document, for what the columns do not hold.

    Raises:
        KeyError, TypeError, ValueError: when neither is one of ours.
    """
    try:
        return ColumnCall(columns, text)
    except msgspec.DecodeError:
        # Written by another version.
        return read_call(text())


class ColumnCall(LateCall):
    """A call read from its columns; its document is read when somebody asks for more."""

    __slots__ = ("_columns", "_read_text", "_whole")

    _columns: _Columns
    _read_text: Callable[[], Text]
    _whole: LateCall | None

    def __init__(self, columns: Text, text: Callable[[], Text]) -> None:
        """Read what every judgement asks for.

        Raises:
            msgspec.DecodeError: these are no columns of this version.
        """
        read = _read(columns)
        said = read.said
        put = object.__setattr__
        put(self, "_columns", read)
        put(self, "_read_text", text)
        put(self, "_whole", None)
        put(self, "recording", read.recording)
        put(self, "roles", read.roles)
        put(self, "channels", read.channels)
        put(self, "starts_s", read.starts_s)
        put(self, "ends_s", read.ends_s)
        put(self, "words", read.words)
        put(self, "said", list(zip(read.channels, read.starts_s, read.ends_s, strict=True)) if said is None else said)

    @property
    def whole(self) -> LateCall:
        """The call by its own document.

        Raises:
            ValueError: the document is not one of ours.
        """
        made = self._whole
        if made is None:
            made = LateCall(self._read_text())
            object.__setattr__(self, "_whole", made)
        return made

    @property
    def words_refused(self) -> bool:
        """Whether the guards refused any text."""
        return self._columns.refused

    def turn(self, number: int) -> Turn:
        """One turn."""
        return self.whole.turn(number)

    def utterance(self, number: int) -> Utterance:
        """One utterance."""
        columns = self._columns
        if columns.by_character:
            return self.whole.utterance(number)
        role = (columns.speakers or columns.roles)[number]
        return Utterance(role, *self.said[number], columns.words[number], columns.confidences[number])

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns."""
        return self.whole.turns

    @property
    def transcript(self) -> Transcript:
        """All words with the engine that wrote them."""
        return self.whole.transcript

    @property
    def acoustics(self) -> Acoustics:
        """What only the sound tells."""
        return self.whole.acoustics

    def __reduce__(self) -> tuple[Callable[[Text], Call], tuple[Text]]:
        """Another process reads the document."""
        return read_call, (self._read_text(),)
