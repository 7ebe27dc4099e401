"""Reports as they were last computed by ``tingjian report``: the list, and one with its charts."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from quality.report_layout import say_in
from quality.report_sections import layout_of
from quality.report_types import Kind
from review.access import needs
from review.report_page import page_context
from store import reports


@needs("see_agents")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The reports that are kept, the newest first."""
    say = say_in(_language(request))
    kinds = {Kind.MONTH.value: say("月报", "month"), Kind.WEEK.value: say("周报", "week")}
    words = {
        "title": say("报表", "Reports"),
        "subtitle": say("由 tingjian report 算出并保存。", "Computed and kept by tingjian report."),
        "none": say("还没有报表", "No report yet"),
        "how": say(
            "运行 tingjian report monthly --month 2026-03，报表会出现在这里。",
            "Run tingjian report monthly --month 2026-03; the report then appears here.",
        ),
        "period": say("时间", "Period"),
        "kind": say("种类", "Kind"),
        "computed": say("算于", "Computed"),
    }
    kept = [(name, kinds.get(kind, kind), at) for name, kind, at in reports.reports_kept()]
    return render(request, "review/reports.html", {"kept": kept, "words": words})


@needs("see_agents")
@require_GET
def one(request: HttpRequest, name: str) -> HttpResponse:
    """One report; what it says of reviewers is shown to those alone who calibrate them."""
    report = reports.report_named(name)
    if report is None:
        raise Http404
    language = _language(request)
    layout = layout_of(report, language)
    context = page_context(layout, language, reviewers=request.user.has_perm("store.run_calibration"))
    context["all_reports"] = say_in(language)("全部报表", "All reports")
    return render(request, "review/report.html", context)


def _language(request: HttpRequest) -> str:
    return str(getattr(request, "LANGUAGE_CODE", "zh-hans"))
