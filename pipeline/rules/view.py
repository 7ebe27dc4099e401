"""A call as conditions see it, prepared once for all rules; what only some rules need is found when they ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pipeline.features.dialogue import Dialogue, read_dialogue
from pipeline.features.events import CallEvents, read_events
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.rules.matching import Lexicon
from pipeline.rules.outcome import Result
from pipeline.rules.spoken import SpokenText
from pipeline.stored_measures import StoredMeasures, Value
from pipeline.types import Call, CallMetadata, Evidence, Measure, Measures, Outcome, Role

if TYPE_CHECKING:
    from pipeline.rules.operators.base import Condition
    from pipeline.rules.operators.scope import Window

NO_OTHER_RULES = "这里只判断一条规则，看不到规则 {rule} 的结论"


def _no_other_rules(view: CallView, rule: str) -> Result:
    return Result(unknown=NO_OTHER_RULES.format(rule=rule))


def _value(measures: Measures, name: str) -> Value:
    measure = measures.get(name)
    return measure.value if measure is not None and measure.outcome is Outcome.MEASURED else None


def _why_unmeasured(measures: Measures, name: str) -> str | None:
    measure = measures.get(name)
    return None if measure is None else measure.reason


class CallView:
    """One call with its measures, and its words scanned for every phrase of the rulebook.

    Attributes:
        dialogue: the turns with their words.
        text: the words with every phrase that occurs.
        measures: what was measured of the call.
        value: what was measured by name, None where nothing was.
        why_unmeasured: the measure's own word by name for why there is no value, None where it has none.
        words_lost: whether there is speech whose words the guards refused.
        windows: the windows that were cut out so far, kept by ``operators.scope``.
        doubts: reasons for which words cannot be judged, kept by ``operators.looking``.
        looked_up: what conditions on the manifest say, kept by ``operators.metadata``.
        wordless: reasons for which a party's words in the whole call hold nothing to judge, kept by the same.
    """

    def __init__(
        self,
        call: Call,
        measures: Measures,
        lexicon: Lexicon,
        other_rule: Callable[[CallView, str], Result] = _no_other_rules,
        text: SpokenText | None = None,
    ) -> None:
        """Prepare a call: put words to turns, scan them once; ``text`` is what came of that where it is done.

        ``other_rule`` gives the conclusion of another rule by its id. It is handed the view instead of holding it, so
        that a view goes as soon as its call is judged: collecting circles costs as much as judging.
        """
        self.text = SpokenText(read_dialogue(call), lexicon) if text is None else text
        self.dialogue: Dialogue = self.text.dialogue
        self.measures = measures
        self.value: Callable[[str], Value]
        self.why_unmeasured: Callable[[str], str | None]
        if isinstance(measures, StoredMeasures):
            self.value, self.why_unmeasured = measures.value, measures.reason
        else:
            self.value, self.why_unmeasured = partial(_value, measures), partial(_why_unmeasured, measures)
        self._other_rule = other_rule
        self.words_lost = self.dialogue.words_lost
        self.windows: dict[int, Window] = {}
        self.doubts: dict[object, str | None] = {}
        self.wordless: dict[Role | None, str | None] = {}
        self._events: dict[MeasureSettings, CallEvents] = {}
        self._known: dict[int, Result] = {}
        self.looked_up: dict[int, Result] = {}
        self._turns: dict[Role | None, tuple[int, ...]] = {}

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

    def turns_of(self, role: Role | None) -> tuple[int, ...]:
        """Numbers of a party's turns in order of time; None is everybody."""
        known = self._turns.get(role)
        if known is None:
            numbers = enumerate(self.dialogue.roles)
            known = self._turns[role] = tuple([number for number, one in numbers if role is None or one is role])
        return known

    def has_words(self, turn: int) -> bool:
        """Whether anything was recognised in a turn."""
        return self.text.end_of(turn) > self.text.starts[turn]

    def says_anything(self, role: Role) -> bool:
        """Whether anything was recognised of a party."""
        starts, ends = self.text.starts, self.text.ends
        for number in self.turns_of(role):
            if ends[number] > starts[number]:
                return True
        return False

    def other_rule(self, rule: str) -> Result:
        """The conclusion of another rule on this call, by its id."""
        return self._other_rule(self, rule)

    def once(self, condition: Condition) -> Result:
        """What a condition says of the call, asked for once however many others look near its matches."""
        key = id(condition)
        if key not in self._known:
            self._known[key] = condition.evaluate(self, None)
        return self._known[key]

    def events(self, settings: MeasureSettings = DEFAULT_MEASURE_SETTINGS) -> CallEvents:
        """What happens in the call, event by event; found when the first rule asks for it."""
        if settings not in self._events:
            self._events[settings] = read_events(self.dialogue, settings)
        return self._events[settings]

    def number(self, name: str) -> float | None:
        """The value of a measured number, None where there is none: it can save looking for events."""
        value = self.value(name)
        return None if isinstance(value, bool | str) or value is None else float(value)

    def measure(self, name: str) -> Measure | None:
        """A measure by name with its evidence, None where it was never taken."""
        return self.measures.get(name)

    def first_evidence(self, name: str) -> Evidence | None:
        """The first evidence of a measure that was taken, None where it has none."""
        if isinstance(self.measures, StoredMeasures):
            return self.measures.first_evidence(name)
        evidence = self.measures[name].evidence
        return evidence[0] if evidence else None

    def nothing_in_doubt(self, least_confidence: float) -> bool:
        """Whether all words are known and sure enough, and both parties say some."""
        if self.words_lost or self.dialogue.roles_unknown is not None:
            return False
        for role in (Role.AGENT, Role.CUSTOMER):
            if not self.says_anything(role):
                return False
        confidence = self.transcript_confidence()
        return confidence is None or confidence >= least_confidence

    def transcript_confidence(self) -> float | None:
        """How far the transcript can be trusted, None where the engine does not say."""
        return self.number("transcript_confidence")
