"""The score of a call after people have spoken: hits that they rejected leave, violations that they found come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.scoring import score
from pipeline.types import Finding, MatchKind, Role, Score, Severity


def violation(rule: Rule, role: Role, start_s: float, end_s: float, quote: str = "", message: str = "") -> Finding:
    """A violation that a person found, as a finding; its points come from ``recounted``."""
    return Finding(
        rule=rule.id,
        title=rule.title,
        category=rule.category,
        severity=rule.severity,
        points=0.0,
        role=role,
        start_s=start_s,
        end_s=end_s,
        quote=quote,
        match=MatchKind.EXACT if quote else MatchKind.MEASURE,
        measured=None,
        threshold=None,
        confidence=None,
        message=message or rule.title,
    )


def recounted(findings: Sequence[Finding], rulebook: Rulebook) -> tuple[Finding, ...]:
    """The same findings in order of time, each with the points that its rule gives to its hit now.

    A rule that counts hits (a ladder, a cap, once for a call) gives a remaining hit other points than before when an
    earlier one has left. Of a rule that counts once for a call the first hit alone bears points. A finding that only
    warns keeps 0, and so does one of a rule that the rulebook does not have.
    """
    counted: dict[str, int] = {}
    so_far: dict[str, float] = {}
    result: list[Finding] = []
    for finding in sorted(findings, key=lambda one: (one.start_s, one.end_s, one.rule)):
        rule = rulebook.by_id.get(finding.rule)
        points = finding.points if rule is None else 0.0
        if rule is not None and finding.severity in (Severity.DEDUCT, Severity.ADD):
            hits = counted.get(rule.id, 0) + 1
            counted[rule.id] = hits
            before = so_far.get(rule.id, 0.0)
            total = max(before, rule.points_of(hits if rule.every_hit else 1))
            points, so_far[rule.id] = total - before, total
        result.append(replace(finding, points=points))
    return tuple(result)


def rescored(
    findings: Sequence[Finding], not_judged: frozenset[str], rulebook: Rulebook
) -> tuple[tuple[Finding, ...], Score]:
    """Findings with their points of now, and the score of the call by them.

    Args:
        findings: what stands: the machine's that nobody rejected, and what people added.
        not_judged: rules that the machine could not judge; one that a person found violated is judged all the same.
        rulebook: the rulebook by which the call is scored.
    """
    standing = recounted(findings, rulebook)
    return standing, score(standing, not_judged - {finding.rule for finding in standing}, rulebook)
