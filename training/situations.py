"""The same situation in another call: what the customer said before, and an answer as the norms would have it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline.rules.matching import plain
from pipeline.types import Call, Role, Span

LEAST_ALIKE = 0.15
"""Cosine similarity of what customers said, below which it is another situation."""
AS_RECOMMENDED = 0.3
"""Added where the answer says what the norms recommend."""
LEAST_CLAUSE = 3
LONGEST_S = 30.0
"""A good example is to be heard in one go."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """A customer's turn and the agent's answer to it, from the one's start to the other's end."""

    recording_id: str
    call: Call
    span: Span
    asked: str
    answered: str


def asked_before(call: Call, at_s: float) -> str:
    """What the customer said last before a moment; empty where the customer had not spoken yet."""
    own = [one for one in call.transcript.utterances if one.role is Role.AGENT and one.end_s >= at_s]
    begin = min((one.start_s for one in own), default=at_s)
    asked = [one for one in call.transcript.utterances if one.role is Role.CUSTOMER and one.start_s < begin]
    return max(asked, key=lambda one: one.start_s).text if asked else ""


def best_answer(
    asked: Sequence[str], calls: Mapping[str, Call], order: Sequence[str], say: Sequence[str]
) -> list[Answer]:
    """The answers to the most similar questions, those that say what the norms recommend before others.

    Where the errors mostly happen before the customer has spoken, the openings of the calls are the examples.

    Args:
        asked: what customers said before the errors; empty texts for errors at the start of a call.
        calls: good calls by recording.
        order: the recordings, the best call first.
        say: the recommended sentences.
    """
    clauses = _clauses(say)
    at_start = sum(not one for one in asked) * 2 > len(asked)
    answers = [one for name in order if name in calls for one in _answers(name, calls[name], at_start)]
    if not answers:
        return []
    if at_start:
        worth = np.zeros(len(answers))
    else:
        said = [plain(one) for one in asked if one]
        vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
        try:
            known = vectors.fit_transform([*said, *(plain(one.asked) for one in answers)])
        except ValueError:
            # Nobody said a character.
            return []
        worth = np.asarray((known[len(said) :] @ known[: len(said)].T).max(axis=1).todense()).ravel()
    recommended = np.array([any(clause in plain(one.answered) for clause in clauses) for one in answers])
    usable = recommended if at_start else worth >= LEAST_ALIKE
    ranked = sorted(
        np.flatnonzero(usable), key=lambda place: (-(worth[place] + AS_RECOMMENDED * recommended[place]), place)
    )
    return [answers[place] for place in ranked[:SHOWN]]


def _answers(recording_id: str, call: Call, at_start: bool) -> list[Answer]:
    ordered = sorted(call.transcript.utterances, key=lambda one: (one.start_s, one.end_s))
    if at_start:
        first = next((one for one in ordered if one.role is Role.AGENT), None)
        return [] if first is None else [Answer(recording_id, call, Span(first.start_s, first.end_s), "", first.text)]
    found = []
    for place, one in enumerate(ordered):
        if one.role is not Role.CUSTOMER:
            continue
        reply = []
        for other in ordered[place + 1 :]:
            if other.role is not Role.AGENT:
                break
            reply.append(other)
        if reply and reply[-1].end_s - one.start_s <= LONGEST_S:
            span = Span(one.start_s, reply[-1].end_s)
            found.append(Answer(recording_id, call, span, one.text, "".join(other.text for other in reply)))
    return found


def _clauses(say: Sequence[str]) -> list[str]:
    """The parts of the recommended sentences that may be said by themselves."""
    parts = (plain(part) for sentence in say for part in re.split(r"[，。？！；*、,?!;]", sentence))
    return [part for part in parts if len(part) >= LEAST_CLAUSE]
