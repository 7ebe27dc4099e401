"""Nightly runs: what was done, what could not be done and why, trying again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from review.access import needs
from store import ledger, nights

RUNS = 30
ASIDE = 500


@needs("see_nights")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The newest runs with their counts."""
    return render(request, "review/nights.html", {"runs": nights.runs(RUNS)})


@needs("see_nights")
@require_GET
def one(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """One run with everything that was set aside."""
    run = nights.run_of(str(batch_id))
    if run is None:
        raise Http404
    return render(request, "review/night.html", {"run": run, "aside": nights.set_aside(str(batch_id), ASIDE)})


@needs("retry_nights")
@require_POST
def retry(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Make what was set aside new again, for the next run over the same folder."""
    if nights.run_of(str(batch_id)) is None:
        raise Http404
    count = ledger.retry_quarantined(str(batch_id))
    messages.success(request, _("%(n)s 条录音会在下一次夜间处理时重试。") % {"n": count})
    return redirect("night", batch_id)
