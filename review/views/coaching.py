"""Coaching: agreements with agents over findings, and whether the agreed items became rarer."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline.errors import UsageError
from review import rulebooks
from review.access import needs
from store import coaching as store_coaching
from store.accounts import account_of
from store.models import Coaching
from store.training import agent_names, taught_stretches

FOLLOW_UP_DAYS = 30
PRE_ROLL_S = 3.0


@needs("coach_agents", "see_own_results")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Agreements: all of them for who coaches, one's own for an agent."""
    own = "" if request.user.has_perm("store.coach_agents") else account_of(request.user).agent_id
    agent_id = own or request.GET.get("agent", "")
    if request.user.has_perm("store.coach_agents"):
        rows = store_coaching.listed(agent_id or None)
    else:
        rows = store_coaching.listed(own) if own else []
    names, titles = agent_names(sorted({row.agent_id for row in rows})), _titles()
    context = {
        "rows": [
            (row, names.get(row.agent_id, row.agent_id), [(each, titles.get(each, each)) for each in row.rules])
            for row in rows
        ],
        "agent_id": agent_id,
        "today": timezone.localdate(),
    }
    return render(request, "review/coachings.html", context)


@needs("coach_agents")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Pick findings of an agent, write the agreement and the day to look again."""
    agent_id = request.POST.get("agent") or request.GET.get("agent", "")
    if not agent_id:
        return redirect("coaching")
    if request.method == "POST":
        try:
            made = store_coaching.agree(
                agent_id,
                request.user.get_username(),
                request.POST.get("text", "")[:4000],
                [int(each) for each in request.POST.getlist("finding") if each.isdigit()],
                date.fromisoformat(request.POST.get("follow_up_on", "")),
            )
        except UsageError as error:
            messages.error(request, _("没有保存：%(why)s") % {"why": error})
        except ValueError:
            messages.error(request, _("没有保存：复查日期要写成年-月-日。"))
        else:
            messages.success(request, _("已记下约定。"))
            return redirect("coaching-one", made.pk)
    titles = _titles()
    found = sorted(store_coaching.findings_to_pick(agent_id), key=lambda each: each.rule)
    context = {
        "agent_id": agent_id,
        "name": agent_names([agent_id]).get(agent_id, agent_id),
        "groups": [
            (rule, titles.get(rule, rule), list(group)) for rule, group in groupby(found, key=lambda each: each.rule)
        ],
        "picked": set(request.POST.getlist("finding")),
        "text": request.POST.get("text", ""),
        "follow_up_on": request.POST.get("follow_up_on")
        or (timezone.localdate() + timedelta(days=FOLLOW_UP_DAYS)).isoformat(),
        "tomorrow": (timezone.localdate() + timedelta(days=1)).isoformat(),
        "days": store_coaching.PICKED_FROM.days,
    }
    return render(request, "review/coaching_new.html", context, status=422 if request.method == "POST" else 200)


@needs("coach_agents", "see_own_results")
@require_GET
def one(request: HttpRequest, coaching_id: int) -> HttpResponse:
    """One agreement: its words, its findings, and the rate of each item before and after."""
    row = _coaching(request, coaching_id)
    coaches = request.user.has_perm("store.coach_agents")
    titles = _titles()
    context: dict[str, Any] = {
        "row": row,
        "name": agent_names([row.agent_id]).get(row.agent_id, row.agent_id),
        "coaches": coaches,
        "today": timezone.localdate(),
        "changes": [(each, titles.get(each.rule, each.rule)) for each in store_coaching.changes(row)],
        "findings": [
            (each, titles.get(each.rule, each.rule), max(0.0, each.start_s - PRE_ROLL_S))
            for each in taught_stretches(list(row.findings.order_by("id").values_list("id", flat=True)))
        ],
    }
    return render(request, "review/coaching.html", context)


@needs("coach_agents")
@require_POST
def close(request: HttpRequest, coaching_id: int) -> HttpResponse:
    """End an agreement with what came of it."""
    row = _coaching(request, coaching_id)
    outcome = request.POST.get("outcome", "").strip()[:4000]
    if not outcome:
        messages.error(request, _("没有保存：请写下结果。"))
    elif not store_coaching.close(row, request.user.get_username(), outcome):
        messages.error(request, _("这条约定已经结束。"))
    return redirect(reverse("coaching-one", args=[coaching_id]))


def _coaching(request: HttpRequest, coaching_id: int) -> Coaching:
    row = Coaching.objects.filter(pk=coaching_id).first()
    if row is None:
        raise Http404
    if not request.user.has_perm("store.coach_agents"):
        own = account_of(request.user).agent_id
        if not own or own != row.agent_id:
            raise Http404
    return row


def _titles() -> dict[str, str]:
    return {each.id: each.title for book in rulebooks.shelf().rulebooks for each in book.rules}
