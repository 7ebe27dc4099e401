"""The rulebook in words: what counts now, what was announced, what is different, and how each rule fares."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from pipeline.errors import RulebookError
from pipeline.rules.differ import rulebook_changes
from pipeline.rules.explain import explain_rule
from pipeline.rules.rulebook import Rulebook
from review import rulebooks
from review.access import needs
from review.backtests import shown
from review.publishing import announced_now
from store.models import RulebookProposal
from store.proposals import proposals_by_file
from store.rule_verdicts import RuleWords, notes_on, reasons_of, words_on_rules

LOOKED_BACK = timedelta(days=90)


@needs("see_rules")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The rules in force by category, and every announced version with what it changes."""
    now = timezone.now()
    try:
        effective = _effective(now)
    except RulebookError as error:
        return render(request, "review/rules.html", {"problem": str(error)})
    words = words_on_rules(now - LOOKED_BACK) if _sees_health(request) else {}
    categories = [
        (category, [(rule, words.get(rule.id, RuleWords())) for rule in effective.rules if rule.category == name])
        for name, category in effective.categories.items()
    ]
    published = proposals_by_file()
    announced = [
        (book, rulebook_changes(effective, book), _tried(published.get(place.name)))
        for book, place in announced_now(now)
    ]
    context = {
        "book": effective,
        "categories": categories,
        "announced": announced,
        "health": _sees_health(request),
        "publishes": request.user.has_perm("store.publish_rules"),
        "days": LOOKED_BACK.days,
    }
    return render(request, "review/rules.html", context)


def _tried(proposal: RulebookProposal | None) -> dict[str, Any]:
    """What the back-test of a published version came to; empty where there was none."""
    return shown(proposal.backtest) if proposal is not None and proposal.backtest_state == "done" else {}


@needs("see_rules")
@require_GET
def one(request: HttpRequest, rule_id: str) -> HttpResponse:
    """One rule in words, with its examples, notes and what people said of its findings."""
    now = timezone.now()
    try:
        book = _effective(now)
    except RulebookError:
        raise Http404 from None
    rule = book.by_id.get(rule_id)
    if rule is None:
        raise Http404
    health = _sees_health(request)
    context = {
        "book": book,
        "rule": rule,
        "lines": explain_rule(rule, book),
        "notes": notes_on(rule_id),
        "health": health,
        "words": words_on_rules(now - LOOKED_BACK).get(rule_id, RuleWords()) if health else None,
        "reasons_given": reasons_of(rule_id, now - LOOKED_BACK) if health else [],
        "days": LOOKED_BACK.days,
    }
    return render(request, "review/rule.html", context)


def _effective(now: datetime) -> Rulebook:
    return rulebooks.shelf().at(None, now)


def _sees_health(request: HttpRequest) -> bool:
    return any(request.user.has_perm(f"store.{name}") for name in ("see_agents", "judge_calls"))
