"""Two rulebooks over the same calls: what the new one finds more and less, and what that does to scores and queue.

A tally takes one call after the other and keeps counts and a few samples, never the calls, so that a year of calls
costs no more memory than a day; tallies of several processes are added up.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from quality.verdicts import (
    AppealOutcome,
    DecidedAppeal,
    FindingVerdict,
    Precision,
    Verdict,
    precision,
    same_place,
    verdict_at,
)

SAMPLES = 5
"""So many samples are kept of everything; which ones does not depend on the order of the calls."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One finding, as far as it is compared."""

    rule: str
    start_s: float
    end_s: float
    quote: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rulebook says of a call; ``total`` is None where it gives no score."""

    total: float | None
    must_review: bool
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class CallPair:
    """One call judged by both rulebooks, with everything that people said of its findings."""

    recording_id: str
    call_id: str
    agent_id: str
    day: str
    before: Judged
    after: Judged
    verdicts: Sequence[FindingVerdict] = ()


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """One call that shows a change; ``key`` orders samples by chance, the same whoever counts."""

    key: str
    call_id: str
    rule: str = ""
    start_s: float = 0.0
    quote: str = ""
    before: float | None = field(default=None, compare=False)
    after: float | None = field(default=None, compare=False)
    verdict: str = ""


@dataclass(slots=True)
class Samples:
    """The few that are kept of many."""

    kept: list[Sample] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Take one into account."""
        self.merge((sample,))

    def merge(self, others: Iterable[Sample]) -> None:
        """Take others into account."""
        self.kept = sorted([*self.kept, *others])[:SAMPLES]


@dataclass(slots=True)
class RuleTally:
    """What becomes of one rule's hits."""

    hits_before: int = 0
    hits_after: int = 0
    calls_before: int = 0
    calls_after: int = 0
    gained: int = 0
    lost: int = 0
    verdicts_before: Counter[str] = field(default_factory=Counter)
    verdicts_after: Counter[str] = field(default_factory=Counter)
    verdicts_lost: Counter[str] = field(default_factory=Counter)
    samples_gained: Samples = field(default_factory=Samples)
    samples_lost: Samples = field(default_factory=Samples)

    def merge(self, other: RuleTally) -> None:
        """Add another process's count."""
        for name in ("hits_before", "hits_after", "calls_before", "calls_after", "gained", "lost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("verdicts_before", "verdicts_after", "verdicts_lost"):
            getattr(self, name).update(getattr(other, name))
        self.samples_gained.merge(other.samples_gained.kept)
        self.samples_lost.merge(other.samples_lost.kept)

    def precision_before(self) -> Precision:
        """Of the old rulebook's hits."""
        return _precision(self.hits_before, self.verdicts_before)

    def precision_after(self) -> Precision:
        """Of the new rulebook's hits."""
        return _precision(self.hits_after, self.verdicts_after)


@dataclass(slots=True)
class Tally:
    """Everything that is counted over many calls.

    Attributes:
        days: calls by day, for the load of the queue.
        changes: calls by the change of their score, rounded to whole points; only where both give one.
        scored_only_before: calls that lose their score; ``scored_only_after`` that gain one.
        falls: samples of the greatest losses of points, ``rises`` of the greatest gains.
    """

    calls: int = 0
    days: Counter[str] = field(default_factory=Counter)
    rules: dict[str, RuleTally] = field(default_factory=dict)
    changes: Counter[int] = field(default_factory=Counter)
    scored_both: int = 0
    sum_before: float = 0.0
    sum_after: float = 0.0
    scored_only_before: int = 0
    scored_only_after: int = 0
    review_before: int = 0
    review_after: int = 0
    review_gained: int = 0
    review_lost: int = 0
    samples_review_gained: Samples = field(default_factory=Samples)
    samples_review_lost: Samples = field(default_factory=Samples)
    falls: Samples = field(default_factory=Samples)
    rises: Samples = field(default_factory=Samples)

    def add(self, pair: CallPair) -> None:
        """Count one call."""
        self.calls += 1
        self.days[pair.day] += 1
        self._add_score(pair)
        self._add_review(pair)
        rules = sorted({hit.rule for hit in (*pair.before.hits, *pair.after.hits)})
        for rule in rules:
            self._add_rule(rule, pair)

    def merge(self, other: Tally) -> None:
        """Add another process's count."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.days.update(other.days)
        self.changes.update(other.changes)
        for name in ("samples_review_gained", "samples_review_lost", "falls", "rises"):
            getattr(self, name).merge(getattr(other, name).kept)
        for rule, tally in other.rules.items():
            self.rules.setdefault(rule, RuleTally()).merge(tally)

    def _add_score(self, pair: CallPair) -> None:
        before, after = pair.before.total, pair.after.total
        if before is None or after is None:
            self.scored_only_before += before is not None
            self.scored_only_after += after is not None
            return
        self.scored_both += 1
        self.sum_before += before
        self.sum_after += after
        change = after - before
        self.changes[round(change)] += 1
        if change:
            # The greatest change comes first; among equals chance decides.
            key = f"{1000 - abs(change):08.3f} {_chance(pair.recording_id)}"
            sample = Sample(key, pair.call_id, before=before, after=after)
            (self.rises if change > 0 else self.falls).add(sample)

    def _add_review(self, pair: CallPair) -> None:
        before, after = pair.before.must_review, pair.after.must_review
        self.review_before += before
        self.review_after += after
        if before != after:
            sample = Sample(_chance(pair.recording_id), pair.call_id, before=pair.before.total, after=pair.after.total)
            if after:
                self.review_gained += 1
                self.samples_review_gained.add(sample)
            else:
                self.review_lost += 1
                self.samples_review_lost.add(sample)

    def _add_rule(self, rule: str, pair: CallPair) -> None:
        tally = self.rules.setdefault(rule, RuleTally())
        before = [hit for hit in pair.before.hits if hit.rule == rule]
        after = [hit for hit in pair.after.hits if hit.rule == rule]
        lost, gained = unmatched(before, after)
        tally.hits_before += len(before)
        tally.hits_after += len(after)
        tally.calls_before += bool(before)
        tally.calls_after += bool(after)
        tally.lost += len(lost)
        tally.gained += len(gained)
        for hits, words in (
            (before, tally.verdicts_before),
            (after, tally.verdicts_after),
            (lost, tally.verdicts_lost),
        ):
            words.update(word.value for hit in hits if (word := _verdict(hit, pair)) is not None)
        for hit in lost:
            tally.samples_lost.add(_sample(hit, pair))
        for hit in gained:
            tally.samples_gained.add(_sample(hit, pair))


_SUMS = (
    "calls",
    "scored_both",
    "sum_before",
    "sum_after",
    "scored_only_before",
    "scored_only_after",
    "review_before",
    "review_after",
    "review_gained",
    "review_lost",
)


@dataclass(frozen=True, slots=True)
class AppealCase:
    """A decided appeal as a test of the new rulebook: what it upholds must not be found, what it dismisses must be.

    A violation that a person had found and the machine had not asks of the new rulebook not to be found where the
    appeal was upheld, and else no more than the old one did.
    """

    appeal: DecidedAppeal
    found_before: bool
    found_after: bool

    @property
    def passed(self) -> bool:
        """Whether the new rulebook agrees with the decision."""
        if self.appeal.outcome is AppealOutcome.UPHELD:
            return not self.found_after
        return self.found_after or (self.appeal.added and not self.found_before)


def appeal_case(appeal: DecidedAppeal, before: Judged, after: Judged) -> AppealCase:
    """Hold one appeal against what both rulebooks find in its call."""
    return AppealCase(appeal, _finds(before, appeal), _finds(after, appeal))


def unmatched(before: Sequence[Hit], after: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
    """The hits of one rule that only the old and only the new rulebook has; the same place counts as the same hit."""
    left, gained = list(before), []
    for hit in after:
        twin = next((one for one in left if same_place(one.start_s, one.end_s, hit.start_s, hit.end_s)), None)
        if twin is None:
            gained.append(hit)
        else:
            left.remove(twin)
    return left, gained


def _precision(hits: int, words: Counter[str]) -> Precision:
    return precision(hits, words[Verdict.CONFIRM.value], words[Verdict.REJECT.value])


def _verdict(hit: Hit, pair: CallPair) -> Verdict | None:
    return verdict_at(pair.verdicts, hit.rule, hit.start_s, hit.end_s) if pair.verdicts else None


def _sample(hit: Hit, pair: CallPair) -> Sample:
    word = _verdict(hit, pair)
    return Sample(
        _chance(pair.recording_id, hit.rule, f"{hit.start_s:.3f}"),
        pair.call_id,
        hit.rule,
        hit.start_s,
        hit.quote,
        verdict="" if word is None else word.value,
    )


def _finds(judged: Judged, appeal: DecidedAppeal) -> bool:
    return any(
        hit.rule == appeal.rule and same_place(hit.start_s, hit.end_s, appeal.start_s, appeal.end_s)
        for hit in judged.hits
    )


def _chance(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
