"""``backchannel``: a listener's sounds, such as 嗯 and 好的."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS
from pipeline.rules.matching import plain
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents
from pipeline.rules.operators.looking import no_words, nobody_heard, words_unknown
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role


def _word(text: str) -> str:
    if not plain(text):
        raise ValueError("expected a word such as 嗯")
    return text


class Backchannel(ScopedOperator):
    """A party only acknowledges: a turn, or the part of one inside the other's speech, of such words alone.

    附和：只说了嗯、好的这类词的一段话，或在对方说话时的附和。

    用途：手册要求坐席用“对、是的、可以、好”应答，不用“嗯、哦”；一声不应的人像是不在（放在 ``not`` 之下）。

    误判：有的引擎不写短促的声音，会让每个听的人都像没出声；“嗯”后面还有话，那是口头语，不是附和。

    命中：``backchannel: {role: agent, words: [嗯, 哦]}``，坐席说“嗯。”。

    不命中：坐席说“好的。”，或“嗯，我帮您查一下。”。

    Why: handbooks ask agents to agree with 对、是的、可以、好, not with 嗯 or 哦; and a listener who never makes
    a sound seems absent (``not``).

    False alarms: engines that leave short sounds out make every listener seem silent; 嗯 before more words is no
    acknowledgement but a filler.

    Matches: ``backchannel: {role: agent, words: [嗯, 哦]}`` on ``agent: 嗯。``

    Does not match: ``agent: 好的。`` or ``agent: 嗯，我帮您查一下。``
    """

    TITLE: ClassVar[str] = "附和"

    role: RoleWord = Field(default="agent", description="谁附和。")
    words: tuple[Annotated[str, AfterValidator(_word)], ...] = Field(
        default=DEFAULT_MEASURE_SETTINGS.acknowledgements, min_length=1, description="只由这些词组成的才算。"
    )
    max_s: float = Field(default=2.0, gt=0, le=60, description="比这更长的不算附和。")
    only_while_other_speaks: bool = Field(default=False, description="只算对方正在说话时的。")

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words."""
        first = sorted({plain(word)[0] for word in self.words})
        book = to.lexicon.add_book([to.lexicon.add(character).pieces[0] for character in first])
        return CompiledBackchannel(self.scope(self.role, to), self, to.min_transcript_confidence, book)


class CompiledBackchannel(LookingAtEvents):
    """``backchannel`` ready to look at calls."""

    __slots__ = ("book_number", "first", "least", "parameters", "words")

    COST = 30

    JUDGES_WORDS = True

    def __init__(self, scope: Scope, parameters: Backchannel, least: float | None, book_number: int) -> None:
        """Keep the words, longest first, so that 好的 is not left with 的.

        ``book_number`` is the group of their first characters, of which one must occur.
        """
        words = sorted({plain(word) for word in parameters.words}, key=lambda word: (-len(word), word))
        super().__init__(scope, "不用" + "、".join(parameters.words[:6]) + "附和")
        self.parameters = parameters
        self.words = tuple(words)
        self.first = frozenset(word[0] for word in words)
        self.least = least
        self.book_number = book_number

    def unknown(self, view: CallView) -> str | None:
        """The party is not heard, or the words cannot be trusted."""
        return words_unknown(view, self.scope.role, self.least) or nobody_heard(view, self.scope.role)

    def empty(self, view: CallView, window: Window) -> str | None:
        """No words in the window."""
        return no_words(view, self.scope.role, window)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every acknowledgement of these words, in order of time."""
        found: dict[tuple[int, float], Match] = {}
        if not self.parameters.only_while_other_speaks:
            plain_text, starts = view.text.plain, view.text.starts
            starts_s, ends_s = view.dialogue.starts_s, view.dialogue.ends_s
            for number in window.turns:
                if plain_text[starts[number]] not in self.first or (
                    ends_s[number] - starts_s[number] > self.parameters.max_s
                ):
                    continue
                turn = view.dialogue.turns[number].turn
                if turn.duration_s <= self.parameters.max_s and self._only_these(view.text.of_turn(number)):
                    text = view.text.texts[number]
                    if self.inside(window, turn.start_s, turn.end_s, number):
                        found[number, turn.start_s] = self.match(
                            turn.role, turn.start_s, turn.end_s, f"只说了“{text}”", text, number
                        )
        none_counted = self.scope.role is Role.AGENT and view.number("agent_backchannel_count") == 0
        for one in () if none_counted else view.events().backchannels:
            wanted = self.scope.role in (None, one.by) and one.end_s - one.start_s <= self.parameters.max_s
            if wanted and self._only_these(plain(one.text)) and self.inside(window, one.start_s, one.end_s, one.turn):
                key = (one.turn, one.start_s)
                if key not in found:
                    found[key] = self.match(one.by, one.start_s, one.end_s, f"附和“{one.text}”", one.text, one.turn)
        yield from sorted(found.values(), key=lambda match: (match.start_s, match.end_s))

    def _only_these(self, text: str) -> bool:
        if not text:
            return False
        for word in self.words:
            text = text.replace(word, "|")
        return not any(character != "|" for character in text)
