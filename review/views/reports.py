"""Reports as they were last computed by ``tingjian report``: the list, one with its charts, and its files."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from quality.report_layout import Layout, say_in
from quality.report_sections import layout_of
from quality.report_types import Kind
from review.access import needs
from review.report_page import page_context, report_file
from review.report_sheet import write_sheet
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
    language = _language(request)
    context = page_context(_layout(request, name), language)
    say = say_in(language)
    context |= {
        "name": name,
        "all_reports": say("全部报表", "All reports"),
        "as_sheet": say("下载 Excel", "Spreadsheet"),
        "as_file": say("下载网页", "HTML file"),
    }
    return render(request, "review/report.html", context)


@needs("see_agents")
@require_GET
def sheet(request: HttpRequest, name: str) -> HttpResponse:
    """The same as a spreadsheet."""
    content = BytesIO()
    write_sheet(_layout(request, name), content)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _download(HttpResponse(content.getvalue(), content_type=kind), f"tingjian-{name}.xlsx")


@needs("see_agents")
@require_GET
def file(request: HttpRequest, name: str) -> HttpResponse:
    """The same as an HTML file that needs nothing else."""
    page = report_file(_layout(request, name), _language(request))
    return _download(HttpResponse(page, content_type="text/html; charset=utf-8"), f"tingjian-{name}.html")


def _layout(request: HttpRequest, name: str) -> Layout:
    """The report in the person's language, as far as the person may see it."""
    report = reports.report_named(name)
    if report is None:
        raise Http404
    layout = layout_of(report, _language(request))
    if request.user.has_perm("store.run_calibration"):
        return layout
    return replace(layout, sections=tuple(one for one in layout.sections if not one.about_reviewers))


def _download(response: HttpResponse, name: str) -> HttpResponse:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _language(request: HttpRequest) -> str:
    return str(getattr(request, "LANGUAGE_CODE", "zh-hans"))
