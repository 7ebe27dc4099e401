"""A call judged by a rulebook: findings, what could not be judged, score and route."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.rules.messages import fill
from pipeline.rules.outcome import Match, Result
from pipeline.rules.routing import route
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.scoring import score
from pipeline.rules.view import CallView
from pipeline.types import Call, Finding, Judgement, Measures, NotAssessable, RuleFailure


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
    view = CallView.of(call, measures, rulebook.lexicon)
    findings: list[Finding] = []
    unknown: list[NotAssessable] = []
    failures: list[RuleFailure] = []
    for rule in sorted(rulebook.rules, key=lambda rule: rule.id):
        try:
            result = apply_rule(rule, view)
        except Exception as error:
            if raise_failures:
                raise
            # The text of an exception may quote the call; its kind does not.
            failures.append(RuleFailure(rule.id, f"{type(error).__name__} in {_place(error)}"))
            continue
        if result.unknown is not None:
            unknown.append(NotAssessable(rule.id, result.unknown))
        findings.extend(_findings(rule, result))
    findings.sort(key=lambda finding: (finding.start_s, finding.end_s, finding.rule))
    not_judged = frozenset([*(item.rule for item in unknown), *(failure.rule for failure in failures)])
    points = score(findings, not_judged, rulebook)
    return Judgement(
        findings=tuple(findings),
        not_assessable=tuple(unknown),
        failures=tuple(failures),
        score=points,
        route=route(findings, failures, points, view, rulebook),
    )


def apply_rule(rule: Rule, view: CallView) -> Result:
    """The matches of one rule in order of time, exceptions and words counted twice left out.

    A match whose exception cannot be judged is not held against anyone: when nothing else is left, the rule is not
    assessable.
    """
    result = rule.condition.evaluate(view, None)
    if not result.matches:
        return result
    kept: list[Match] = []
    unknown: str | None = None
    for match in _longest(result.matches):
        exception = rule.unless.evaluate(view, match) if rule.unless is not None else Result()
        if exception.unknown is not None:
            unknown = exception.unknown
        elif not exception.holds:
            kept.append(match)
    kept.sort(key=lambda match: (match.start_s, match.end_s))
    return Result(tuple(kept if rule.every_hit else kept[:1]), None if kept else unknown)


def _longest(matches: tuple[Match, ...]) -> list[Match]:
    """Each stretch of words once: 不行就是不行 is not also 不行, twice."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda one: one.span[0] - one.span[1] if one.span is not None else 0):
        if not any(other.covers(match) for other in kept):
            kept.append(match)
    return kept


@dataclass(slots=True)
class _Purse:
    """What a rule may still take."""

    left: float | None

    def take(self, points: float) -> float:
        if self.left is None:
            return points
        taken = min(points, self.left)
        self.left -= taken
        return taken


def _findings(rule: Rule, result: Result) -> list[Finding]:
    purse = _Purse(rule.cap)
    return [
        Finding(
            rule=rule.id,
            title=rule.title,
            category=rule.category,
            severity=rule.severity,
            points=purse.take(rule.points),
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
        for match in result.matches
    ]


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    code = trace.tb_frame.f_code
    return f"{code.co_qualname} line {trace.tb_lineno}"
