"""New versions of the rulebook: uploaded, compared, tried on stored calls, published with their first day."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.errors import RulebookError, UsageError
from pipeline.rules.differ import rulebook_changes
from pipeline.rules.loading import parse_rulebook
from review import publishing, rulebooks
from review.access import needs
from review.backtests import shown
from store import proposals
from store.models import RulebookProposal

SHOWN = 50
MOST_DAYS = 366


@needs("publish_rules")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """What was proposed, and a form for a new version."""
    rows = RulebookProposal.objects.defer("text", "backtest")[:SHOWN]
    return render(request, "review/proposals.html", {"proposals": rows})


@needs("publish_rules")
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Take a file; what is wrong with it is said whole."""
    file = request.FILES.get("file")
    rows = RulebookProposal.objects.defer("text", "backtest")[:SHOWN]
    if file is None:
        messages.error(request, _("请选择规则册文件（YAML）。"))
        return redirect("rules-proposals")
    try:
        content = file.read(publishing.LARGEST + 1)
        book = publishing.read_proposal(content, file.name)
        text = content.decode("utf-8")
    except (UsageError, UnicodeDecodeError) as error:
        problem = str(error) if isinstance(error, UsageError) else _("文件不是 UTF-8 文本。")
        return render(request, "review/proposals.html", {"proposals": rows, "problem": problem}, status=422)
    note = request.POST.get("note", "")
    row = proposals.propose(book.name, book.version, book.sha256, text, note, request.user.get_username())
    return redirect("rules-proposal", row.pk)


@needs("publish_rules")
@require_GET
def one(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """One version: what it changes, what it would have done, publishing it."""
    row = get_object_or_404(RulebookProposal, pk=proposal_id)
    changes, problem = [], ""
    try:
        book = parse_rulebook(row.text.encode(), f"{row.version}.yaml")
        now = timezone.now()
        changes = list(rulebook_changes(rulebooks.shelf().at(None, now), book))
    except RulebookError as error:
        problem = str(error)
    context = {
        "proposal": row,
        "changes": changes,
        "problem": problem,
        "result": shown(row.backtest) if row.backtest_state == "done" else row.backtest or {},
        "waiting": row.backtest_state in ("wanted", "running"),
        "first_day": publishing.first_day().isoformat(),
        "counts": row.effective_from is not None and row.effective_from <= timezone.localdate(),
    }
    return render(request, "review/proposal.html", context)


@needs("publish_rules")
@require_POST
def try_it(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Ask for a back-test; the process that serves the pages runs it beside them."""
    row = get_object_or_404(RulebookProposal, pk=proposal_id)
    days = request.POST.get("days", "30")
    wanted = int(days) if days.isdigit() and 1 <= int(days) <= MOST_DAYS else 30
    if proposals.want_backtest(row.pk, wanted):
        messages.success(request, _("试算已排上，算完会显示在这里。"))
    else:
        messages.error(request, _("上一次试算还没有算完。"))
    return redirect("rules-proposal", row.pk)


@needs("publish_rules")
@require_POST
def publish(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Publish with the first day on which it counts."""
    row = get_object_or_404(RulebookProposal, pk=proposal_id)
    try:
        effective_from = date.fromisoformat(request.POST.get("effective_from", ""))
        publishing.publish(row, effective_from, request.user.get_username())
        messages.success(request, _("已公布；所有人现在可以在“规则”里看到它，到生效日才用于通话。"))
    except UsageError as error:
        messages.error(request, _("没有公布：%(why)s") % {"why": error})
    except ValueError:
        messages.error(request, _("请填写生效日。"))
    except OSError as error:
        messages.error(request, _("规则册文件夹不能写入：%(why)s") % {"why": error.strerror})
    return redirect("rules-proposal", row.pk)


@needs("publish_rules")
@require_POST
def withdraw(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Take a version back before it counts."""
    row = get_object_or_404(RulebookProposal, pk=proposal_id)
    try:
        publishing.withdraw(row, request.user.get_username())
        messages.success(request, _("已撤回。"))
    except UsageError as error:
        messages.error(request, _("没有撤回：%(why)s") % {"why": error})
    return redirect("rules-proposal", row.pk)
