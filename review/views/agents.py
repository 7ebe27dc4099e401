"""Agents and teams: estimates with their intervals, trend, what was found; never a mean of flagged calls."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from quality.words import Quantity
from review import rulebooks
from review.access import needs
from store import appeals, estimates, models

ROWS = 100
RULES = 12
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
    context: dict[str, Any] = {
        "agent_id": agent_id,
        "recording": latest,
        "last": {one.quantity: one for one in known if scores and one.month == scores[-1].month},
        "scores": scores,
        "rules": [(rule, titles.get(rule, rule), count, round(100 * count / most)) for rule, count in counts],
        "reviews": reviews,
        "chart": {
            "months": [one.month for one in scores],
            "values": [one.value for one in scores],
            "low": [one.low for one in scores],
            "high": [one.high for one in scores],
            "words": {"value": _("估计"), "interval": _("区间")},
        },
    }
    return render(request, "review/agent.html", context)


def _titles() -> dict[str, str]:
    return {rule.id: rule.title for book in rulebooks.shelf().rulebooks for rule in book.rules}
