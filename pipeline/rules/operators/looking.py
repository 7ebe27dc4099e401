"""What operators with a scope share once compiled: windows, surroundings of anchors, each turn, at least so often."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from pipeline.features.dialogue import NO_AGENT_SPEECH, NO_CUSTOMER_SPEECH
from pipeline.rules.operators.scope import Scope, Window
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView
from pipeline.types import MatchKind, Role

QUOTE_CHARACTERS = 60
"""So much of a window in which something is missing is quoted."""

NOBODY_SPEAKS = "没有听到任何人说话"
NO_WORDS = "这一段话没有识别出文字"
NO_SUCH_TURN = "通话里没有规则要看的那一段话"


class Looking(ABC):
    """A compiled operator: ``find`` looks into one window, everything else is the scope's business."""

    __slots__ = ("one_window", "plain_scope", "scope")

    COST = 10
    """Work beside other operators, see ``logic.cost_of``."""
    JUDGES_WORDS = False
    """Whether a window without words holds nothing to judge."""

    def __init__(self, scope: Scope) -> None:
        """Keep the scope."""
        self.scope = scope
        self.plain_scope = scope.is_whole_call and scope.anchor is None
        self.one_window = scope.anchor is None and not scope.every_turn

    @abstractmethod
    def find(self, view: CallView, window: Window) -> Iterable[Match]:
        """Every place in a window where the operator finds what it looks for."""

    def holds(self, view: CallView, window: Window) -> bool:
        """Whether there are places enough, without making evidence of them where an operator can tell without."""
        return sum(1 for _ in itertools.islice(self.find(view, window), self.scope.times)) == self.scope.times

    @abstractmethod
    def unknown(self, view: CallView) -> str | None:
        """Why nothing can be said of this call, None where it can."""

    def possible(self, view: CallView) -> bool:
        """Whether there can be any place in the call at all; False saves looking."""
        return True

    def empty(self, view: CallView, window: Window) -> str | None:
        """Why a window of the call holds nothing to judge, None where it does."""
        return None

    def unheard(self, view: CallView, window: Window) -> str | None:
        """Why something may have been in a window although it was not found there, None where it was not."""
        return None

    def nothing_found(self, view: CallView, window: Window) -> Match:
        """A window as the evidence that nothing was found in it."""
        return missing_in(view, window, self.scope.role)

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """Every place where the operator finds what it looks for, when its scope is satisfied."""
        reason = self.unknown(view)
        if reason is not None:
            return Result(unknown=reason)
        if not self.possible(view):
            if not self.JUDGES_WORDS:
                return CLEAR
            reason = self._nothing_to_judge(view, around)
            if reason is not None:
                return Result(unknown=reason)
            return self._clear(view, self._windows(view, around)) if view.words_lost else CLEAR
        windows = self._windows(view, around)
        if isinstance(windows, Result):
            return windows
        found: list[Match] = []
        for window in windows:
            here = list(self.find(view, window))
            if not self._satisfied(view, window, here):
                if self.scope.anchor is not None and self.scope.anchor.hit == "each":
                    return self._clear(view, (window,))
                continue
            found += here
        if len(windows) > 1:
            found = list(dict.fromkeys(found))
        return Result(tuple(found)) if found else self._clear(view, windows)

    def missing(self, view: CallView, around: Match | None) -> Result:
        """Every window that does not hold what it should, as evidence."""
        reason = self.unknown(view)
        if reason is not None:
            return Result(unknown=reason)
        possible = self.possible(view)
        if possible and self.one_window and self.holds(view, self.scope.window(view, around)):
            # As mostly: it is there, and with it words to judge.
            return CLEAR
        windows = self._windows(view, around)
        if isinstance(windows, Result):
            return windows
        lacking: list[Match] = []
        doubt: str | None = None
        for window in windows:
            found: Sequence[Match] = ()
            if self.scope.every_turn:
                found = list(self.find(view, window)) if possible else ()
                satisfied = self._satisfied(view, window, found)
            else:
                satisfied = possible and self.holds(view, window)
            if satisfied:
                if self.scope.anchor is None or self.scope.anchor.hit != "each":
                    return CLEAR
            elif self.scope.every_turn:
                having = {match.turn for match in found}
                for number in window.turns:
                    if number not in having and view.has_words(number):
                        unheard = self.unheard(view, _one_turn(number))
                        doubt = doubt or unheard
                        if unheard is None:
                            lacking.append(missing_in(view, _one_turn(number), self.scope.role))
            elif unheard := self.unheard(view, window):
                doubt = doubt or unheard
            else:
                lacking.append(self.nothing_found(view, window))
        if self.scope.anchor is not None and self.scope.anchor.hit == "any":
            # One place where it stands is enough, and it may stand in the place that was not heard.
            lacking = [] if doubt else lacking[:1]
        return Result(tuple(lacking)) if lacking else Result(unknown=doubt)

    def _clear(self, view: CallView, windows: tuple[Window, ...] | Result) -> Result:
        """Nothing was found: clear, unless it may have been in words that are lost."""
        if isinstance(windows, Result):
            return windows
        doubts = (self.unheard(view, window) for window in windows)
        return Result(unknown=next((doubt for doubt in doubts if doubt), None))

    def _nothing_to_judge(self, view: CallView, around: Match | None) -> str | None:
        if self.scope.anchor is not None or self.scope.near is not None:
            return None
        if self.plain_scope:
            role = self.scope.role
            if role not in view.wordless:
                view.wordless[role] = self.empty(view, self.scope.window(view, around))
            return view.wordless[role]
        return self.empty(view, self.scope.window(view, around))

    def _windows(self, view: CallView, around: Match | None) -> tuple[Window, ...] | Result:
        """The windows to look at; a result where there are none."""
        anchor = self.scope.anchor
        if anchor is None:
            window = self.scope.window(view, around)
            if window.centre is None:
                reason = self.empty(view, window)
                if reason is not None:
                    return Result(unknown=reason)
            return (window,)
        result = view.once(anchor.condition)
        if result.unknown is not None or not result.matches:
            # Without the anchor there is no place where anything could be found or be missing.
            return result if result.unknown is not None else CLEAR
        hits = sorted(result.matches, key=lambda match: (match.start_s, match.end_s))
        chosen = hits
        if anchor.hit == "first":
            chosen = hits[:1]
        elif anchor.hit == "last":
            chosen = hits[-1:]
        elif isinstance(anchor.hit, int):
            chosen = hits[anchor.hit - 1 : anchor.hit]
        if not chosen:
            return CLEAR
        return tuple(self.scope.window(view, hit) for hit in chosen)

    def _satisfied(self, view: CallView, window: Window, found: Sequence[Match]) -> bool:
        if not self.scope.every_turn:
            return len(found) >= self.scope.times
        having = {match.turn for match in found}
        return all(number in having for number in window.turns if view.has_words(number)) and bool(found)


def missing_in(view: CallView, window: Window, role: Role | None) -> Match:
    """A window looked at: from its first turn to its last, with the beginning of what was said."""
    dialogue, texts, turns = view.dialogue, view.text.texts, window.turns
    quote = ""
    for number in turns:
        quote += texts[number]
        if len(quote) > QUOTE_CHARACTERS:
            quote = quote[:QUOTE_CHARACTERS] + "…"
            break
    start_s = max(window.start_s, dialogue.starts_s[turns[0]] if turns else 0.0)
    end_s = min(window.end_s, dialogue.ends_s[turns[-1]] if turns else view.end_s)
    if window.centre is not None and not turns:
        start_s, end_s = max(start_s, window.centre.start_s), min(end_s, max(window.centre.end_s, window.end_s))
    start_s, end_s = max(0.0, min(start_s, view.end_s)), max(0.0, min(end_s, view.end_s))
    if end_s < start_s:
        start_s, end_s = end_s, start_s
    return Match(
        role=role or Role.UNKNOWN,
        start_s=start_s,
        end_s=end_s,
        quote=quote,
        kind=MatchKind.EXACT,
        turn=turns[0] if turns else None,
    )


def nobody_heard(view: CallView, role: Role | None) -> str | None:
    """Why nothing can be said of a party's turns, None where there are some."""
    if role is not None and view.dialogue.roles_unknown is not None:
        return view.dialogue.roles_unknown
    if not view.turns_of(role):
        nobody = {None: NOBODY_SPEAKS, Role.AGENT: NO_AGENT_SPEECH, Role.CUSTOMER: NO_CUSTOMER_SPEECH}
        return nobody[role]
    return None


def words_unknown(view: CallView, role: Role | None, min_confidence: float | None) -> str | None:
    """Why a party's words cannot be judged, None where they can."""
    key = (role, min_confidence)
    if key not in view.doubts:
        view.doubts[key] = _words_unknown(view, role, min_confidence)
    return view.doubts[key]


def _words_unknown(view: CallView, role: Role | None, least: float | None) -> str | None:
    if role is not None and view.dialogue.roles_unknown is not None:
        return view.dialogue.roles_unknown
    confidence = view.transcript_confidence()
    if confidence is not None and least is not None and confidence < least:
        return f"转写置信度 {confidence:.2f} 低于 {least:.2f}，不足以按文字判断"
    return None


def no_words(view: CallView, role: Role | None, window: Window) -> str | None:
    """Why a window of the call holds no words, None where it does."""
    starts, ends = view.text.starts, view.text.ends
    for number in window.turns:
        if ends[number] > starts[number]:
            return None
    if not view.turns_of(role):
        return nobody_heard(view, role)
    return NO_WORDS if window.turns else NO_SUCH_TURN


def _one_turn(number: int) -> Window:
    return Window((number,), frozenset((number,)), 0, 0, float("-inf"), float("inf"), True, True)


def words_lost(view: CallView, window: Window) -> str | None:
    """Why not all words of a window are known, None where they are: the guards refused some that were spoken there."""
    if not view.words_lost:
        return None
    turns = (view.dialogue.turns[number] for number in window.turns)
    return view.dialogue.lost_words(
        turn for turn in turns if any(lost.start_s < window.end_s and lost.end_s > window.start_s for lost in turn.lost)
    )
