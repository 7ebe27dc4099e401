"""A pack's contents, from the store: stretches chosen and cut, rules in words, a good example of the same situation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.audio.decode import decode
from pipeline.errors import RecordingError, UsageError
from pipeline.personal import (
    Detector,
    find_numbers,
    find_words,
    hearable_at,
    joined,
    masked,
    masked_text,
    with_rejected,
)
from pipeline.rules.explain import explain_rule
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.serialise import call_from_document
from pipeline.types import Call, Role, Severity, Span
from quality.error_scope import ErrorScope, Scope, Unit
from store.months import zone
from store.paths import path_from_text
from store.stretches import StoredCluster
from store.training import (
    TaughtStretch,
    calls_heard,
    calls_without,
    cluster_in,
    history_of,
    recording_of,
    taught_stretches,
)
from training.clips import CustomerCannotBeMaskedError, cut
from training.contents import Clip, Excerpt, Line, Options, Pack, TaughtRule, called
from training.situations import asked_before, best_answer
from training.wording import Wording

RULES = 3
"""Rules of a cluster that are told; further ones flagged a stretch or two of it."""
CANDIDATES = 200
"""Calls among which a good example is looked for."""
SITUATIONS = 20
"""Stretches whose situations say what the example is to be like."""
UNCUT = 3
"""Stretches without a clip that are shown all the same."""

_PROBLEMS = {
    "masked": "这段录音分不出坐席和客户的声音，无法隐去客户，因此没有片段。",
    "gone": "录音文件读不到，因此没有片段。",
}


def find_cluster(number: int, month: str = "") -> StoredCluster:
    """A common error in a month, or in the latest month that has it.

    Raises:
        UsageError: there is none of that number.
    """
    cluster = cluster_in(number, month)
    if cluster is None:
        where = f"in {month}" if month else "in any month"
        raise UsageError(
            f"common error {number} was not found {where}; expected a number that `tingjian training clusters MONTH` "
            "lists; run that command for the month first"
        )
    return cluster


def gather_pack(
    cluster: StoredCluster,
    rulebook: Rulebook,
    wording: Mapping[str, Wording],
    options: Options,
    detector: Detector = find_numbers,
) -> Pack:
    """Everything that a pack says, with its clips cut.

    Args:
        cluster: the common error.
        rulebook: for the rules in words.
        wording: what the norms recommend, by rule.
        options: how the pack is made.
        detector: what finds personal data.

    Raises:
        UsageError: none of its stretches may be taught from.
    """
    document = cluster.document
    stretches = taught_stretches([int(one) for one in document["findings"]])
    if not stretches:
        raise UsageError(
            f"common error {cluster.number}, {cluster.month}: none of its flags is left to teach from; people rejected "
            "them since, or the calls are still to be heard blind; run `tingjian training clusters` again"
        )
    agents = called([name for name, _ in document["agents"]], options.names, "坐席")
    teams = called([name for name, _ in document["teams"]], options.names, "班组")
    maker = _Maker(options, agents, teams, detector)
    calls = _calls([one.recording_id for one in _in_order(stretches)[: max(SITUATIONS, 3 * options.clips)]])
    # Those that cannot be played come last.
    excerpts = sorted(_excerpts(maker, _in_order(stretches), calls), key=lambda one: one.clip is None)
    rules = [(rule, hits) for rule, hits in document["rules"][:RULES]]
    told = tuple(_taught(rulebook.by_id.get(rule), rule, hits, rulebook, wording) for rule, hits in rules)
    return Pack(
        month=cluster.month,
        number=cluster.number,
        name=masked_text(cluster.name, detector),
        quote=_quote(stretches, calls, maker) or masked_text(cluster.quote, detector),
        calls=cluster.calls,
        share=float(document["share"]),
        history=tuple(history_of([cluster.number], cluster.month).get(cluster.number, ())),
        scope=scope_from(document["scope_details"], agents, teams),
        agents=tuple((agents[name], count) for name, count in document["agents"]),
        teams=tuple((teams[name], count) for name, count in document["teams"]),
        business_types=tuple((name, count) for name, count in document["business_types"]),
        rules=told,
        excerpts=tuple(excerpts),
        good=_good(cluster, stretches, calls, told, maker),
        options=options,
    )


def scope_from(
    details: Mapping[str, Any], agents: Mapping[str, str] | None = None, teams: Mapping[str, str] | None = None
) -> ErrorScope:
    """The scope as a cluster's document holds it, its agents and teams by the names that they are called."""
    agents, teams = agents or {}, teams or {}
    units = {
        key: tuple(Unit(**{**one, "name": names.get(one["name"], one["name"])}) for one in details[key])
        for key, names in (("agents", agents), ("groups", teams))
    }
    return ErrorScope(**{**details, **units, "scope": Scope(details["scope"])})


class _Maker:
    """Makes excerpts of calls; what must not be heard or read is found once for a call."""

    def __init__(
        self, options: Options, agents: Mapping[str, str], teams: Mapping[str, str], detector: Detector
    ) -> None:
        self.options = options
        self._agents, self._teams, self._detector = dict(agents), teams, detector

    def masked(self, call: Call) -> tuple[list[str], tuple[Span, ...]]:
        """The texts of the transcript without personal data, and when it is heard."""
        heard = with_rejected(call)
        spans = self._detector(heard)
        if not self.options.names:
            about = call.recording.metadata
            own = [name for name in (about.agent_name, about.agent_id) if name]
            spans = joined(spans, find_words(heard, own, "agent"))
        texts = masked(heard, spans)
        # What a guard refused is bleeped and never shown.
        shown = {id(one) for one in call.transcript.utterances}
        kept = [text for one, text in zip(heard, texts, strict=True) if id(one) in shown]
        return kept, hearable_at(heard, spans, call.turns)

    def excerpt(
        self, recording_id: str, call: Call, evidence: Span, file: str, pre_roll_s: float, stretch: TaughtStretch | None
    ) -> Excerpt:
        """A stretch of a call with its clip, or why there is none."""
        recording = recording_of(recording_id)
        texts, secret = self.masked(call)
        clip: Clip | None = None
        problem = ""
        try:
            audio = decode(path_from_text(recording.path))
            clip = cut(audio, call, evidence, secret, pre_roll_s=pre_roll_s, mask_customer=self.options.mask_customer)
        except CustomerCannotBeMaskedError:
            problem = _PROBLEMS["masked"]
        except (OSError, RecordingError):
            problem = _PROBLEMS["gone"]
        whole = Span(max(0.0, evidence.start_s - pre_roll_s), evidence.end_s)
        agent = self._agents.get(recording.agent_id, recording.agent_id if self.options.names else "坐席")
        return Excerpt(
            file=file if clip else "",
            agent=agent,
            team=self._teams.get(recording.team or "-", recording.team if self.options.names else ""),
            business_type=recording.business_type,
            day=recording.started_at.astimezone(zone()).date().isoformat() if recording.started_at else "",
            recording_id=recording_id if self.options.names else "",
            rule=stretch.rule if stretch else "",
            confirmed=bool(stretch and stretch.confirmed),
            lines=self._lines(call, texts, whole, evidence, flagged=stretch is not None),
            clip=clip,
            problem=problem,
        )

    def _lines(
        self, call: Call, texts: Sequence[str], whole: Span, evidence: Span, *, flagged: bool
    ) -> tuple[Line, ...]:
        lines = []
        order = sorted(call.transcript.utterances, key=lambda one: (one.start_s, one.end_s))
        for one, text in zip(order, texts, strict=True):
            if one.start_s >= whole.end_s or one.end_s <= whole.start_s:
                continue
            if one.role is Role.CUSTOMER and self.options.mask_customer:
                text = "（客户）"
            touched = one.role is Role.AGENT and one.start_s < evidence.end_s and one.end_s > evidence.start_s
            lines.append(Line(one.role, max(0.0, one.start_s - whole.start_s), text, flagged and touched))
        return tuple(lines)


def _in_order(stretches: Sequence[TaughtStretch]) -> list[TaughtStretch]:
    """One of each call: confirmed ones first, and every agent once before anybody comes twice."""
    calls: set[str] = set()
    turn: dict[str, int] = {}
    ranked = []
    for place, one in enumerate(sorted(stretches, key=lambda one: not one.confirmed)):
        if one.recording_id not in calls:
            calls.add(one.recording_id)
            turn[one.agent_id] = turn.get(one.agent_id, 0) + 1
            ranked.append((turn[one.agent_id], not one.confirmed, place, one))
    return [one for *_, one in sorted(ranked, key=lambda item: item[:3])]


def _calls(recording_ids: Sequence[str]) -> dict[str, Call]:
    return {recording_id: call_from_document(document) for recording_id, document in calls_heard(recording_ids)}


def _excerpts(maker: _Maker, stretches: Sequence[TaughtStretch], calls: Mapping[str, Call]) -> Iterator[Excerpt]:
    made = uncut = 0
    for one in stretches:
        if made == maker.options.clips or one.recording_id not in calls:
            continue
        span = Span(one.start_s, one.end_s)
        call = calls[one.recording_id]
        excerpt = maker.excerpt(
            one.recording_id, call, span, f"clips/{made + 1:02d}.wav", maker.options.pre_roll_s, one
        )
        if excerpt.clip is not None:
            made += 1
        else:
            uncut += 1
        if excerpt.clip is not None or uncut <= UNCUT:
            yield excerpt


def _quote(stretches: Sequence[TaughtStretch], calls: Mapping[str, Call], maker: _Maker) -> str:
    """What the most typical one says, as the transcript without personal data has it."""
    for one in stretches:
        if one.recording_id in calls:
            call = calls[one.recording_id]
            texts, _ = maker.masked(call)
            order = sorted(call.transcript.utterances, key=lambda item: (item.start_s, item.end_s))
            return "".join(
                text for item, text in zip(order, texts, strict=True)
                if item.role is Role.AGENT and item.start_s <= one.end_s and item.end_s >= one.start_s
            )  # fmt: skip
    return ""


def _taught(
    rule: Rule | None, rule_id: str, hits: int, rulebook: Rulebook, wording: Mapping[str, Wording]
) -> TaughtRule:
    recommended = wording.get(rule_id, Wording(()))
    if rule is None:
        return TaughtRule(rule_id, rule_id, "", "", hits, (), recommended.say, recommended.note)
    lines = explain_rule(rule, rulebook)
    examples = next((place for place, line in enumerate(lines) if line.startswith("应当命中")), len(lines))
    return TaughtRule(
        id=rule_id,
        title=rule.title,
        why=rule.parameters.why,
        cost=_cost(rule),
        hits=hits,
        explained=tuple(lines[:examples]),
        say=recommended.say,
        note=recommended.note,
    )


def _cost(rule: Rule) -> str:
    if rule.severity is Severity.FATAL:
        return "一票否决"
    if rule.severity is Severity.WARN:
        return "只提示，不扣分"
    what = "加" if rule.severity is Severity.ADD else "扣"
    return f"{what} {rule.points:g} 分" + ("，每处" if rule.every_hit else "")


def _good(
    cluster: StoredCluster,
    stretches: Sequence[TaughtStretch],
    calls: Mapping[str, Call],
    rules: Sequence[TaughtRule],
    maker: _Maker,
) -> Excerpt | None:
    """A call of the same business and situation where none of the rules hit, from the question to the answer."""
    asked = [
        asked_before(calls[one.recording_id], one.start_s)
        for one in stretches[:SITUATIONS]
        if one.recording_id in calls
    ]
    types = cluster.document["business_types"]
    own = [rule.id for rule in rules]
    candidates = calls_without(cluster.month, own, types[0][0] if types else "", CANDIDATES)
    say = [sentence for rule in rules for sentence in rule.say]
    answers = best_answer(asked, _calls(candidates), candidates, say)
    for answer in answers:
        excerpt = maker.excerpt(answer.recording_id, answer.call, answer.span, "clips/good.wav", 0.0, None)
        if excerpt.clip is not None:
            return excerpt
    return None
