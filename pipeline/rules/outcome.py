"""What a condition says of a call: it holds, with evidence; it does not; or nobody can tell, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.types import MatchKind, Role


@dataclass(slots=True, unsafe_hash=True)
class Match:
    """One place of a call where a condition holds; nobody changes one (freezing would take longer than finding it).

    Attributes:
        span: place in the plain text of the call (see ``matching``), None where no words were matched.
        measured: what was measured, readable, with its unit; of words matched by sound, what was heard.
        threshold: what is asked for, readable, with its unit; of words matched by sound, what the rule wants.
        turn: number of the turn that it belongs to, None where the time alone says.
    """

    role: Role
    start_s: float
    end_s: float
    quote: str
    kind: MatchKind
    measured: str | None = None
    threshold: str | None = None
    confidence: float | None = None
    span: tuple[int, int] | None = None
    turn: int | None = None

    def covers(self, other: Match) -> bool:
        """Whether the words of the other match are a part of this one's."""
        if self.span is None or other.span is None:
            return False
        if other.kind is MatchKind.HOMOPHONE and self.kind is not MatchKind.HOMOPHONE:
            # What was said as written leaves no room for what it sounds like.
            return self.span[0] < other.span[1] and other.span[0] < self.span[1]
        return self.span[0] <= other.span[0] and other.span[1] <= self.span[1]


@dataclass(frozen=True, slots=True)
class Result:
    """Matches, or none (clear); or ``unknown``: why it cannot be told, one sentence in Chinese."""

    matches: tuple[Match, ...] = ()
    unknown: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the condition holds somewhere."""
        return bool(self.matches)


CLEAR = Result()
