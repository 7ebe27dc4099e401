"""The queue: what is to be heard, claiming, releasing, handing over, progress."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.django import settings_in_force
from quality.types import Lane
from review.access import needs
from store import queue
from store.models import QueueItem

ROWS = 50
AGENTS_OFFERED = 50
"""A centre may have thousands of agents: their number is typed, and some are offered."""
FILTERS = {"lane": "lane", "team": "team", "agent": "agent_id", "business": "business_type"}


def lease() -> timedelta:
    """How long a claim lasts without a sign of life."""
    return timedelta(minutes=settings_in_force().lease_minutes)


@needs("judge_calls", "manage_queue")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The open calls with filters, who has them, and the day's progress."""
    filters = _filters(request)
    rows = queue.open_items().filter(**{FILTERS[name]: value for name, value in filters.items()})
    rows = rows.select_related("claimed_by", "reserved_for")
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    now = timezone.now()
    mine, everybody = queue.progress(timezone.localdate(), request.user)
    counts = queue.lanes_left()
    context = {
        "page": page,
        "now": now,
        "filters": filters,
        "query": "&".join(f"{name}={value}" for name, value in filters.items()),
        "lanes": [(lane.value, counts.get(lane.value, 0)) for lane in Lane],
        "total": sum(counts.values()),
        "teams": queue.values_left("team"),
        "businesses": queue.values_left("business_type"),
        "agents": queue.values_left("agent_id", most=AGENTS_OFFERED),
        "mine": mine,
        "everybody": everybody,
        "reviewers": queue.team_progress(timezone.localdate()) if request.user.has_perm("store.manage_queue") else [],
        "in_hand": queue.open_items().filter(claimed_by=request.user, lease_until__gte=now),
        "can_judge": request.user.has_perm("store.judge_calls"),
        "can_manage": request.user.has_perm("store.manage_queue"),
    }
    template = "review/queue_rows.html" if request.headers.get("HX-Target") == "rows" else "review/queue.html"
    return render(request, template, context)


@needs("judge_calls")
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """Claim the next free call and open it."""
    filters = {FILTERS[name]: value for name, value in _filters(request).items()}
    item = queue.claim_next(request.user, lease(), filters)
    if item is None:
        messages.info(request, _("没有可领取的通话了。"))
        return redirect("queue")
    return redirect("call", item.recording_id)


@needs("judge_calls")
@require_POST
def take(request: HttpRequest, item_id: int) -> HttpResponse:
    """Claim a certain call and open it."""
    item = get_object_or_404(QueueItem, id=item_id)
    if queue.claim(item_id, request.user, lease()):
        return redirect("call", item.recording_id)
    messages.error(request, _("这通电话刚被别人领取或已完成，请换一通。"))
    return redirect("queue")


@needs("judge_calls", "manage_queue")
@require_POST
def release(request: HttpRequest, item_id: int) -> HttpResponse:
    """Give a call back to the queue."""
    if queue.release(item_id, request.user, anybody=request.user.has_perm("store.manage_queue")):
        messages.success(request, _("已放回队列；已保存的判定仍在。"))
    else:
        messages.error(request, _("这通电话不在您手上。"))
    return redirect("queue")


@needs("judge_calls", "manage_queue")
@require_POST
def hand_over(request: HttpRequest, item_id: int) -> HttpResponse:
    """Keep a call for a colleague, who finds it first."""
    to = get_user_model().objects.filter(username=request.POST.get("to", ""), is_active=True).first()
    if to is None or not to.has_perm("store.judge_calls"):
        messages.error(request, _("没有这位质检员；请填对方的登录名。"))
    elif queue.hand_over(item_id, request.user, to, anybody=request.user.has_perm("store.manage_queue")):
        messages.success(request, _("已转交给 %(name)s。") % {"name": to.first_name or to.username})
    else:
        messages.error(request, _("这通电话不在您手上。"))
    return redirect("queue")


def _filters(request: HttpRequest) -> dict[str, str]:
    given = request.POST if request.method == "POST" else request.GET
    return {name: value for name in FILTERS if (value := given.get(name, "").strip())}
