"""An agent's own results and appeals; what supervisors decide."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.django import settings_in_force
from pipeline.errors import UsageError
from quality.verdicts import AppealOutcome
from review.access import needs
from review.keys import key_table, keys_of
from review.results import Result, corrected_review, corrections_of, key_of, load_result
from review.transcript import Line, character_starts, marked_lines
from review.views.profile import preferences_of
from store import appeals, models
from store.accounts import account_of
from store.appeals import Target

ROWS = 30


@needs("see_own_results")
@require_GET
def my_results(request: HttpRequest) -> HttpResponse:
    """The agent's reviewed calls, each once, with the score that counts."""
    agent_id = account_of(request.user).agent_id
    reviews = appeals.reviews_of_agent(agent_id) if agent_id else models.Review.objects.none()
    newest: dict[str, models.Review] = {}
    for review in reviews:
        newest.setdefault(review.recording_id, review)
    page = Paginator(list(newest.values()), ROWS).get_page(request.GET.get("page"))
    filed = models.Appeal.objects.filter(recording__in=[review.recording_id for review in page.object_list])
    by_call: dict[str, list[models.Appeal]] = {}
    for appeal in filed:
        by_call.setdefault(appeal.recording_id, []).append(appeal)
    rows = [(review, by_call.get(review.recording_id, [])) for review in page.object_list]
    return render(request, "review/my.html", {"rows": rows, "page": page, "agent_id": agent_id})


@needs("see_own_results")
@require_GET
def my_call(request: HttpRequest, recording_id: str) -> HttpResponse:
    """One reviewed call of the agent: sound, dialogue, what stands, and appealing it."""
    result = _own(request, recording_id)
    until = appeals.deadline(result.review, settings_in_force().appeal_days)
    findings = [(one.number, one.finding) for one in result.standing]
    lines = _lines(result, findings)
    keys = keys_of(account_of(request.user).preferences)
    context = {
        "result": result,
        "lines": lines,
        "until": until,
        "may_appeal": timezone.now() <= until,
        "data": {**_data(request, result), "keys": keys},
        "recording": result.review.recording,
        "desk": {"judging": False},
        "keys": keys,
        "key_list": key_table(keys),
        "score_shown": True,
    }
    return render(request, "review/my_call.html", context)


@needs("see_own_results")
@require_POST
def file_appeal(request: HttpRequest, recording_id: str) -> HttpResponse:
    """Appeal a finding, an added violation, or the score."""
    result = _own(request, recording_id)
    key = request.POST.get("target", "")
    kind, _dash, number = key.partition("-")
    known = {one.key for one in result.standing}
    if key and key not in known:
        raise Http404
    target = Target(
        finding_id=int(number) if kind == "finding" else None, added_id=int(number) if kind == "added" else None
    )
    try:
        reason = request.POST.get("reason", "")
        appeals.file(result.review, target, request.user.get_username(), reason, settings_in_force().appeal_days)
        messages.success(request, _("申诉已提交，主管答复后会显示在这里。"))
    except UsageError as error:
        messages.error(request, _("没有提交：%(why)s") % {"why": error})
    return redirect("my-call", recording_id)


@needs("decide_appeals")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Open appeals with a form each, and the last decisions."""
    waiting = [(appeal, *_now_and_after(appeal)) for appeal in appeals.open_appeals()[:ROWS]]
    decided = list(appeals.decided(ROWS))
    corrections = corrections_of([appeal.recording_id for appeal in decided])
    context = {"waiting": waiting, "decided": [(appeal, corrections.get(appeal.pk)) for appeal in decided]}
    return render(request, "review/appeals.html", context)


@needs("decide_appeals")
@require_POST
def decide(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Decide one, with a reason; an upheld one corrects the score beside the earlier review."""
    appeal = get_object_or_404(models.Appeal.objects.select_related("recording"), id=appeal_id)
    try:
        outcome = AppealOutcome(request.POST.get("outcome", ""))
        corrected = None
        review = appeals.last_review(appeal.recording_id)
        if outcome is AppealOutcome.UPHELD and review is not None:
            corrected = corrected_review(load_result(review), appeal, _entered(request, appeal))
        done = appeals.decide(
            appeal_id, outcome, request.user.get_username(), request.POST.get("reason", ""), corrected
        )
        if done:
            messages.success(request, _("已决定。"))
        else:
            messages.error(request, _("这条申诉已有决定；决定只作一次。"))
    except UsageError as error:
        messages.error(request, str(error))
    except ValueError:
        messages.error(request, _("请选择支持或驳回。"))
    return redirect("appeals")


def _entered(request: HttpRequest, appeal: models.Appeal) -> float | None:
    """The total that a supervisor enters when an appeal against the score is upheld.

    Raises:
        UsageError: there is none between 0 and 100.
    """
    if key_of(appeal):
        return None
    try:
        score = float(request.POST.get("score", ""))
    except ValueError:
        score = -1.0
    if not 0 <= score <= 100:
        raise UsageError(_("支持对总分的申诉，要填写改判后的总分（0 至 100）。"))
    return score


def _own(request: HttpRequest, recording_id: str) -> Result:
    agent_id = account_of(request.user).agent_id
    review = appeals.last_review(recording_id)
    if review is None or not agent_id or review.recording.agent_id != agent_id:
        raise Http404
    return load_result(review)


def _now_and_after(appeal: models.Appeal) -> tuple[float | None, float | None]:
    """The score that counts now, and if the appeal is upheld; None where that is the supervisor's to enter."""
    review = appeals.last_review(appeal.recording_id)
    if review is None:
        return None, None
    return review.score, load_result(review).total_without(appeal)


def _lines(result: Result, findings: list[Any]) -> list[Line]:
    utterances = result.document.get("transcript", {}).get("utterances", ())
    cut = marked_lines(utterances, findings)
    return [
        Line(number, item["role"], item["start_s"], item["end_s"], item.get("confidence"), pieces)
        for number, (item, pieces) in enumerate(zip(utterances, cut, strict=True))
    ]


def _data(request: HttpRequest, result: Result) -> dict[str, Any]:
    recording = result.review.recording
    base = f"/calls/{recording.id}"
    utterances = result.document.get("transcript", {}).get("utterances", ())
    return {
        "id": recording.id,
        "version": 0,
        "judging": False,
        "hidden": False,
        "duration": recording.duration_s or 0.0,
        "channels": recording.channels or 1,
        "agent_channel": result.document.get("recording", {}).get("agent_channel"),
        "preferences": preferences_of(request.user),
        "undecided": 0,
        "flags_data": [
            {
                "id": one.number,
                "number": one.number,
                "start": one.finding.start_s,
                "end": one.finding.end_s,
                "role": one.finding.role.value,
                "severity": one.finding.severity.value,
                "verdict": "reject" if one.upheld else "confirm",
                "scoring": True,
            }
            for one in result.standing
        ],
        "added_data": [],
        "comments_data": [],
        "lines": [
            {
                "role": item["role"],
                "channel": item["channel"],
                "start": item["start_s"],
                "end": item["end_s"],
                "times": character_starts(item),
            }
            for item in utterances
        ],
        "urls": {"audio": f"{base}/audio", "peaks": f"{base}/peaks"},
        "words": {"agent": _("坐席"), "customer": _("客户"), "unknown": _("声道"), "reload": _("重新载入")},
    }
