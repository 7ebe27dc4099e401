"""A call judged by a rulebook: findings, what could not be judged, score and route."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.features.dialogue import read_dialogue
from pipeline.rules.messages import fill
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.routing import route
from pipeline.rules.rulebook import ALWAYS, Rule, Rulebook
from pipeline.rules.scoring import score
from pipeline.rules.spoken import SpokenText
from pipeline.rules.view import CallView
from pipeline.types import Call, Finding, Judgement, MatchKind, Measures, NotAssessable, RuleFailure, Severity

CALLS_TOGETHER = 25
"""So many calls at once are worth it to ``judge_many``; with more nothing is gained but memory lost."""


def judge(call: Call, measures: Measures, rulebook: Rulebook, *, raise_failures: bool = False) -> Judgement:
    """Judge one call by every rule of a rulebook.

    Findings are in order of time, everything else in order of rule ids: the order of the rules in the file has no
    influence. A rule that breaks is reported in ``failures`` and the others go on, unless ``raise_failures``.

    Args:
        call: recording, turns and transcript.
        measures: as ``pipeline.features.measure.measure_call`` gives them; the rules over one that is absent are
            not assessable.
        rulebook: as ``load_rulebook`` gives it.
        raise_failures: let the exception of a broken rule out, for tests and for work on rules.
    """
    return _judged(call, measures, rulebook, None, raise_failures=raise_failures)


def judge_many(calls: Sequence[tuple[Call, Measures]], rulebook: Rulebook) -> list[Judgement]:
    """Judge some calls as ``judge`` does each: their words are folded and searched together, which is quicker.

    Args:
        calls: each with its measures; about ``CALLS_TOGETHER``, since all their words are held at once.
        rulebook: as ``load_rulebook`` gives it.
    """
    texts = SpokenText.of_all([read_dialogue(call) for call, _ in calls], rulebook.lexicon)
    return [
        _judged(call, measures, rulebook, text, raise_failures=False)
        for (call, measures), text in zip(calls, texts, strict=True)
    ]


def _judged(
    call: Call, measures: Measures, rulebook: Rulebook, text: SpokenText | None, *, raise_failures: bool
) -> Judgement:
    results: dict[str, Result] = {}

    def other_rule(view: CallView, rule: str) -> Result:
        if rule not in results:
            results[rule] = apply_rule(rulebook.by_id[rule], view)
        return results[rule]

    view = CallView(call, measures, rulebook.lexicon, other_rule, text)
    started_at = call.recording.metadata.started_at
    findings: list[Finding] = []
    unknown: list[NotAssessable] = []
    failures: list[RuleFailure] = []
    in_question: Sequence[Rule] = rulebook.ordered
    if view.nothing_in_doubt(rulebook.least_confidence):
        in_question = rulebook.triggers.rules_for(view)
    for rule in in_question:
        if rule.period is not ALWAYS and rule.period.over(started_at):
            continue
        try:
            known = results.get(rule.id)
            result = apply_rule(rule, view) if known is None else known
        except Exception as error:
            if raise_failures:
                raise
            # The text of an exception may quote the call; its kind does not.
            failures.append(RuleFailure(rule.id, f"{type(error).__name__} in {_place(error)}"))
            continue
        results[rule.id] = result
        if result.unknown is not None:
            unknown.append(NotAssessable(rule.id, result.unknown))
        if result.matches:
            findings.extend(_findings(rule, result, announced=rule.period.not_yet(started_at)))
    if len(findings) > 1:
        findings.sort(key=lambda finding: (finding.start_s, finding.end_s, finding.rule))
    not_judged = frozenset([*[item.rule for item in unknown], *[failure.rule for failure in failures]])
    points = score(findings, not_judged, rulebook)
    return Judgement(
        findings=tuple(findings),
        not_assessable=tuple(unknown),
        failures=tuple(failures),
        score=points,
        route=route(findings, failures, points, view, rulebook),
    )


def result_of(rule: Rule, call: Call, measures: Measures, rulebook: Rulebook) -> Result:
    """What one rule of a rulebook finds in a call, with the rules that it asks for; a broken rule raises."""

    def other_rule(view: CallView, name: str) -> Result:
        return apply_rule(rulebook.by_id[name], view)

    view = CallView(call, measures, rulebook.lexicon, other_rule)
    return apply_rule(rule, view)


def apply_rule(rule: Rule, view: CallView) -> Result:
    """The matches of one rule in order of time, exceptions, doubtful words and words counted twice left out.

    A match whose exception cannot be judged, or whose words are not sure enough, is not held against anyone: when
    nothing else is left, the rule is not assessable.
    """
    result = rule.condition.evaluate(view, None)
    if not result.matches:
        return result
    least = rule.parameters.min_hit_confidence
    kept: list[Match] = []
    unknown: str | None = None
    for match in _longest(result.matches):
        if least is not None and match.confidence is not None and match.confidence < least:
            unknown = f"命中处转写置信度 {match.confidence:.2f} 低于 {least:.2f}，不足以判断"
            continue
        exception = rule.unless.evaluate(view, match) if rule.unless is not None else CLEAR
        if exception.unknown is not None:
            unknown = exception.unknown
        elif not exception.holds:
            kept.append(match)
    kept.sort(key=lambda match: (match.start_s, match.end_s, match.span or (0, 0), match.quote))
    return Result(tuple(kept if rule.every_hit else kept[:1]), None if kept else unknown)


def _longest(matches: tuple[Match, ...]) -> Sequence[Match]:
    """Each stretch of words once: 不行就是不行 is not also 不行, twice; what was said as written comes first."""
    if len(matches) == 1:
        return matches
    kept: list[Match] = []
    for match in sorted(matches, key=_weight):
        if match.span is None or not any(other.covers(match) for other in kept):
            kept.append(match)
    return kept


def _weight(match: Match) -> tuple[bool, int, int]:
    length = match.span[1] - match.span[0] if match.span is not None else 0
    return match.kind is MatchKind.HOMOPHONE, -length, _RANKS.get(match.kind, 2)


_RANKS = {MatchKind.EXACT: 0, MatchKind.VARIANT: 1}


def _findings(rule: Rule, result: Result, *, announced: bool) -> list[Finding]:
    findings = []
    counted, so_far = 0, 0.0
    for match in result.matches:
        severity, points = rule.severity, 0.0
        if announced or (match.kind is MatchKind.HOMOPHONE and rule.parameters.by_sound == "review"):
            severity = Severity.WARN
        elif severity in (Severity.DEDUCT, Severity.ADD):
            counted += 1
            total = max(so_far, rule.points_of(counted))
            points, so_far = total - so_far, total
        findings.append(
            Finding(
                rule=rule.id,
                title=rule.title,
                category=rule.category,
                severity=severity,
                points=points,
                role=match.role,
                start_s=match.start_s,
                end_s=match.end_s,
                quote=match.quote,
                match=match.kind,
                measured=match.measured,
                threshold=match.threshold,
                confidence=match.confidence,
                message=fill(rule.message, rule.title, match),
            )
        )
    return findings


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    code = trace.tb_frame.f_code
    return f"{code.co_qualname} line {trace.tb_lineno}"
