"""Agents and teams: estimates with their intervals, trend, what was found; never a mean of flagged calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from quality.words import Quantity
from review import rulebooks
from review.access import needs
from store import appeals, estimates, models, month_reports

ROWS = 100
RULES = 12
ERRORS = 30
MEMBERS = 200
REVIEWS = 15


@needs("see_agents")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """A month's agents with their intervals, all of them or a team's."""
    months = estimates.months()
    month = request.GET.get("month", "")
    month = month if month in months else months[0] if months else ""
    team = request.GET.get("team", "")
    page = Paginator(estimates.listed(month, Quantity.SCORE.value, team), ROWS).get_page(request.GET.get("page"))
    ids = [one.agent_id for one in page.object_list]
    others: dict[str, dict[str, models.AgentEstimate]] = defaultdict(dict)
    for one in models.AgentEstimate.objects.filter(month=month, agent_id__in=ids).exclude(quantity="score"):
        others[one.agent_id][one.quantity] = one
    rows = [(one, others[one.agent_id].get("pass_rate"), others[one.agent_id].get("fatal_rate")) for one in page]
    context = {
        "rows": rows,
        "page": page,
        "months": months,
        "month": month,
        "teams": estimates.teams(month) if month else [],
        "team": team,
        "computed_at": page.object_list[0].computed_at if page.object_list else None,
    }
    return render(request, "review/agents.html", context)


@needs("see_agents")
@require_GET
def one_agent(request: HttpRequest, agent_id: str) -> HttpResponse:
    """One agent: the trend, the last month in words, findings by rule, reviewed calls."""
    known = estimates.history(agent_id)
    latest = models.Recording.objects.filter(agent_id=agent_id).order_by("-started_at").first()
    if latest is None:
        raise Http404
    scores = [one for one in known if one.quantity == Quantity.SCORE.value]
    titles = _titles()
    counts = estimates.findings_by_rule(agent_id, RULES)
    most = max((count for _rule, count in counts), default=1)
    reviews = appeals.reviews_of_agent(agent_id)[:REVIEWS]
    errors = _last(month_reports.of_subject(month_reports.AGENT_ERRORS, agent_id))
    balance = _last(month_reports.of_subject(month_reports.HEARD, agent_id)) or _last(
        month_reports.of_subject(month_reports.DRAWN, agent_id)
    )
    context: dict[str, Any] = {
        "errors": errors,
        "titles": titles,
        "balance": balance,
        "agent_id": agent_id,
        "recording": latest,
        "last": {one.quantity: one for one in known if scores and one.month == scores[-1].month},
        "scores": scores,
        "rules": [(rule, titles.get(rule, rule), count, round(100 * count / most)) for rule, count in counts],
        "reviews": reviews,
        "chart": _chart([(one.month, one.value, one.low, one.high) for one in scores]),
    }
    return render(request, "review/agent.html", context)


@needs("see_agents")
@require_GET
def show_teams(request: HttpRequest) -> HttpResponse:
    """A month's teams with their intervals, and how wide each error is."""
    months = month_reports.months(month_reports.TEAM)
    month = request.GET.get("month", "")
    month = month if month in months else months[0] if months else ""
    teams = month_reports.of_month(month, month_reports.TEAM)
    of_errors = month_reports.newest_month(month_reports.SCOPE)
    errors = month_reports.of_month(of_errors, month_reports.SCOPE)
    context = {
        "months": months,
        "month": month,
        "teams": teams,
        "computed_at": teams[0].computed_at if teams else None,
        "errors": sorted(errors, key=lambda one: one.document["order"])[:ERRORS],
        "titles": _titles(),
        "section": "agents",
    }
    return render(request, "review/teams.html", context)


@needs("see_agents")
@require_GET
def one_team(request: HttpRequest, team: str) -> HttpResponse:
    """One team: the trend, the last month, its errors, its agents."""
    history = month_reports.of_subject(month_reports.TEAM, team)
    if not history:
        raise Http404
    last = history[-1]
    scores = [(one.month, one.document.get("score") or {}) for one in history]
    context = {
        "team": team,
        "month": last.month,
        "last": last.document,
        "errors": _last(month_reports.of_subject(month_reports.TEAM_ERRORS, team)),
        "titles": _titles(),
        "members": estimates.listed(last.month, Quantity.SCORE.value, team)[:MEMBERS],
        "scores": scores,
        "chart": _chart([(month, *_numbers(one)) for month, one in scores]),
    }
    return render(request, "review/team.html", context)


def _numbers(estimate: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    interval = estimate.get("interval") or {}
    return interval.get("value"), interval.get("low"), interval.get("high")


def _chart(scores: Sequence[tuple[str, float | None, float | None, float | None]]) -> dict[str, Any]:
    months, values, low, high = [list(column) for column in zip(*scores, strict=True)] if scores else [[]] * 4
    words = {"value": _("估计"), "interval": _("区间")}
    return {"months": months, "values": values, "low": low, "high": high, "words": words}


def _last(reports: Sequence[month_reports.Report]) -> month_reports.Report | None:
    return reports[-1] if reports else None


def _titles() -> dict[str, str]:
    return {rule.id: rule.title for book in rulebooks.shelf().rulebooks for rule in book.rules}
