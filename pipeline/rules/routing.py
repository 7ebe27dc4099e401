"""Whether a person must hear a call, with every reason."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.rules.rulebook import Rulebook
from pipeline.rules.view import CallView
from pipeline.types import Finding, MatchKind, Role, Route, RuleFailure, Score, Severity

_TAKING = (Severity.FATAL, Severity.DEDUCT)


def route(
    findings: Sequence[Finding],
    failures: Sequence[RuleFailure],
    points: Score,
    view: CallView,
    rulebook: Rulebook,
) -> Route:
    """All reasons of the rulebook's ``must_review`` that hold, in a fixed order; a broken rule is a reason too."""
    reasons = [
        *(_because_of_findings(findings, rulebook) if findings else ()),
        *_because_of_score(points, rulebook),
        *_because_of_doubt(view, rulebook),
        *(f"规则 {failure.rule} 判断时出错，没有结论" for failure in failures),
    ]
    rules = {finding.rule for finding in findings}
    risk = math.fsum(rulebook.by_id[rule].parameters.risk for rule in rules) if rules else 0.0
    return Route(bool(reasons), tuple(reasons), risk)


def _because_of_findings(all_findings: Sequence[Finding], rulebook: Rulebook) -> list[str]:
    wanted = rulebook.routing
    rules = rulebook.by_id
    findings = [finding for finding in all_findings if rules[finding.rule].parameters.review != "never"]
    reasons = []
    fatal = {finding.rule: finding.title for finding in findings if finding.severity is Severity.FATAL}
    if wanted.fatal:
        reasons += [f"一票否决：{title}（{rule}）" for rule, title in sorted(fatal.items())]
    for category, least in wanted.findings_at_least.items():
        count = sum(finding.category == category and finding.severity in _TAKING for finding in findings)
        if count >= least:
            title = rulebook.categories[category].title
            reasons.append(f"“{title}”类扣分 {count} 处，达到 {least} 处")
    by_sound = [
        finding
        for finding in findings
        if finding.match is MatchKind.HOMOPHONE and rules[finding.rule].parameters.by_sound == "review"
    ]
    named = {
        finding.rule: finding.title
        for finding in findings
        if (finding.rule in wanted.rules or rules[finding.rule].parameters.review == "must") and finding not in by_sound
    }
    reasons += [f"命中必听规则：{title}（{rule}）" for rule, title in sorted(named.items())]
    sounding = {finding.rule: finding.title for finding in by_sound if rules[finding.rule].changes_score}
    reasons += [f"只是读音相近，请听录音核对：{title}（{rule}）" for rule, title in sorted(sounding.items())]
    return reasons


def _because_of_score(points: Score, rulebook: Rulebook) -> list[str]:
    below = rulebook.routing.total_below
    if points.total is None:
        return ["能判断的计分规则太少，没有预评分"]
    # A fatal finding has given its own reason.
    if below is None or points.fatal or points.total >= below:
        return []
    return [f"预评分 {points.total:.1f} 分，低于 {below:g} 分"]


def _because_of_doubt(view: CallView, rulebook: Rulebook) -> list[str]:
    wanted = rulebook.routing
    unheard = view.dialogue.unheard(Role.AGENT)
    reasons = []
    if wanted.transcript_confidence_below is not None:
        confidence = view.transcript_confidence()
        if confidence is not None and confidence < wanted.transcript_confidence_below:
            reasons.append(f"转写置信度 {confidence:.2f}，低于 {wanted.transcript_confidence_below:.2f}，文字不可靠")
        elif unheard is None and not view.says_anything(Role.AGENT):
            reasons.append("坐席说了话，但没有识别出文字")
    if wanted.agent_unknown and unheard is not None:
        reasons.append(f"{unheard}，坐席的规则没有判断")
    return reasons
