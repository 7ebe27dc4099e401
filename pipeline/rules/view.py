"""A call as conditions see it, prepared once for all rules."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.features.dialogue import Dialogue, read_dialogue
from pipeline.rules.matching import Lexicon, SpokenText
from pipeline.types import Call, CallMetadata, Measure, Measures, Outcome, Role


@dataclass(frozen=True, slots=True)
class CallView:
    """One call with its measures, and its words scanned for every phrase of the rulebook."""

    dialogue: Dialogue
    text: SpokenText
    measures: Measures

    @classmethod
    def of(cls, call: Call, measures: Measures, lexicon: Lexicon) -> CallView:
        """Prepare a call."""
        dialogue = read_dialogue(call)
        return cls(dialogue, SpokenText.read(dialogue.turns, lexicon), measures)

    @property
    def call(self) -> Call:
        """The call itself."""
        return self.dialogue.call

    @property
    def metadata(self) -> CallMetadata:
        """What the recording platform says of the call."""
        return self.dialogue.call.recording.metadata

    @property
    def answered_at_s(self) -> float:
        """When the call was answered."""
        return self.dialogue.call.recording.answered_at_s

    @property
    def end_s(self) -> float:
        """When the recording ends."""
        return self.dialogue.call.recording.duration_s

    def turns_of(self, role: Role | None) -> list[int]:
        """Numbers of a party's turns in order of time; None is everybody."""
        turns = self.dialogue.turns
        return [number for number, spoken in enumerate(turns) if role is None or spoken.turn.role is role]

    def has_words(self, turn: int) -> bool:
        """Whether anything was recognised in a turn."""
        return self.text.end_of(turn) > self.text.starts[turn]

    def measure(self, name: str) -> Measure | None:
        """A measure by name, None where it was never taken."""
        return self.measures.get(name)

    def transcript_confidence(self) -> float | None:
        """How far the transcript can be trusted, None where the engine does not say."""
        measure = self.measures.get("transcript_confidence")
        if measure is None or measure.outcome is not Outcome.MEASURED or not isinstance(measure.value, float | int):
            return None
        return float(measure.value)
