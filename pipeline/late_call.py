"""A stored call whose turns and words become objects when somebody looks at them: most rules look at a few.

Judging a month again would spend more on making every turn and every utterance than on judging them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from pipeline.serialise import (
    acoustics_from_document,
    recording_from_document,
    transcript_from_document,
    turn_from_document,
    utterance_from_document,
)
from pipeline.types import Acoustics, Call, Recording, Role, Transcript, Turn, Utterance

_ROLES = {role.value: role for role in Role}
_OF_TURNS = itemgetter("role", "channel", "pieces", "level_dbfs")
_OF_UTTERANCES = itemgetter("channel", "start_s", "end_s", "confidence", "role")


class LateCall(Call):
    """A call read from the document of ``pipeline.serialise.call_to_document``, part by part as it is asked for.

    Attributes:
        roles, channels, starts_s, ends_s: of its turns.
        said: channel, start and end in seconds, confidence and role of its utterances; ``words`` their texts.
    """

    __slots__ = ("_acoustics", "_document", "_transcript", "_turns", "channels", "ends_s", "roles", "said", "starts_s",
                 "words")  # fmt: skip

    _document: Mapping[str, Any]
    _turns: tuple[Turn, ...] | None
    _transcript: Transcript | None
    _acoustics: Acoustics | None
    recording: Recording
    roles: list[Role]
    channels: Sequence[int]
    starts_s: list[float]
    ends_s: list[float]
    said: list[tuple[int, float, float, float | None, str]]
    words: list[str]

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Read what every judgement asks for.

        Raises:
            KeyError, TypeError, ValueError: when the document is not one of ours.
        """
        turns = document["turns"]
        # A frozen value like any other call; these are its own places, filled once.
        put = object.__setattr__
        put(self, "_document", document)
        put(self, "_transcript", None)
        put(self, "_turns", None)
        put(self, "_acoustics", None)
        # What is left for later is there, so that a document of another time is known at once.
        columns = list(zip(*map(_OF_TURNS, turns), strict=True)) or [(), (), (), ()]
        put(self, "roles", [_ROLES[role] for role in columns[0]])
        put(self, "channels", columns[1])
        put(self, "starts_s", [pieces[0][0] for pieces in columns[2]])
        put(self, "ends_s", [pieces[-1][1] for pieces in columns[2]])
        said = document["transcript"]["utterances"]
        put(self, "said", list(map(_OF_UTTERANCES, said)))
        put(self, "words", [words["text"] for words in said])
        put(self, "recording", recording_from_document(document["recording"]))

    @property
    def words_refused(self) -> bool:
        """Whether the guards refused any text."""
        return bool(self._document["transcript"].get("rejected"))

    def turn(self, number: int) -> Turn:
        """One turn."""
        return turn_from_document(self._document["turns"][number])

    def utterance(self, number: int) -> Utterance:
        """One utterance."""
        return utterance_from_document(self._document["transcript"]["utterances"][number])

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns."""
        made = self._turns
        if made is None:
            made = tuple(map(turn_from_document, self._document["turns"]))
            object.__setattr__(self, "_turns", made)
        return made

    @property
    def transcript(self) -> Transcript:
        """All words with the engine that wrote them."""
        made = self._transcript
        if made is None:
            made = transcript_from_document(self._document["transcript"])
            object.__setattr__(self, "_transcript", made)
        return made

    @property
    def acoustics(self) -> Acoustics:
        """What only the sound tells."""
        made = self._acoustics
        if made is None:
            made = acoustics_from_document(self._document.get("acoustics", {}))
            object.__setattr__(self, "_acoustics", made)
        return made

    def __reduce__(self) -> tuple[type[LateCall], tuple[Mapping[str, Any]]]:
        """Another process reads the document again."""
        return LateCall, (self._document,)
