"""Calibration: setting a session up, scoring blind, comparing, the standard score, notes on clauses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.errors import UsageError
from review.access import needs
from review.calibration import Comparison, compare
from review.desk import newest_assessment
from review.rulebooks import rulebook_of
from store import calibration, models

MOST_CALLS = 50


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of a session with everybody's score; ``cells`` are (rater, score, deviation, beyond tolerance)."""

    call: models.CalibrationCall
    cells: tuple[tuple[str, float | None, float | None, bool], ...]
    mine: str


@needs("run_calibration", "rate_calibration")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The sessions: all of them for who runs them, one's own for a rater; and a form for a new one."""
    sessions = models.CalibrationSession.objects.prefetch_related("raters", "calls")
    runs = request.user.has_perm("store.run_calibration")
    if not runs:
        sessions = sessions.filter(raters=request.user)
    raters = get_user_model().objects.filter(is_active=True, groups__permissions__codename="rate_calibration")
    context = {"sessions": sessions[:50], "runs": runs, "raters": raters.distinct().order_by("username")}
    return render(request, "review/calibration.html", context)


@needs("run_calibration")
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Set a session up from call ids and raters."""
    wanted = [one for one in re.split(r"[\s,，;；]+", request.POST.get("calls", "")) if one][:MOST_CALLS]
    known = dict(models.Recording.objects.filter(call_id__in=wanted).values_list("call_id", "id"))
    missing = [one for one in wanted if one not in known]
    raters = get_user_model().objects.filter(pk__in=[pk for pk in request.POST.getlist("raters") if pk.isdigit()])
    try:
        if missing:
            raise UsageError(_("没有这些通话：%(ids)s") % {"ids": "、".join(missing[:5])})
        session = calibration.create(
            request.POST.get("name", ""),
            request.user.get_username(),
            [known[one] for one in wanted],
            [one for one in raters if one.has_perm("store.rate_calibration")],
            float(request.POST.get("tolerance") or 5),
        )
    except (UsageError, ValueError) as error:
        messages.error(request, _("没有建立：%(why)s") % {"why": error})
        return redirect("calibration")
    return redirect("calibration-session", session.pk)


@needs("run_calibration", "rate_calibration")
@require_GET
def session(request: HttpRequest, session_id: int) -> HttpResponse:
    """One session: for a rater the calls to score; once it is closed, or for who runs it, the comparison."""
    found = get_object_or_404(models.CalibrationSession, pk=session_id)
    runs = request.user.has_perm("store.run_calibration")
    rating = found.raters.filter(pk=request.user.pk).exists()
    if not runs and not rating:
        raise Http404
    ratings = calibration.ratings(found)
    calls = list(found.calls.select_related("recording", "standard").order_by("id"))
    mine = {one.recording_id for one in ratings if one.rater == request.user.get_username()}
    # Whoever still has calls to score must not see what the others said.
    open_for_me = rating and found.closed_at is None and len(mine) < len(calls)
    compared = not open_for_me and (runs or found.closed_at is not None)
    comparison: Comparison | None = None
    rows = []
    raters = sorted(found.raters.values_list("username", flat=True))
    if compared:
        standards = {
            one.recording_id: (one.standard.score or 0.0, one.standard.deductions) for one in calls if one.standard
        }
        comparison = compare(ratings, standards, found.tolerance)
    scores = {(one.recording_id, one.rater): one.score for one in ratings}
    for call in calls:
        cells = []
        for rater in raters if compared else ():
            score = scores.get((call.recording_id, rater))
            standard = call.standard.score if call.standard else None
            off = None if score is None or standard is None else score - standard
            cells.append((rater, score, off, off is not None and abs(off) > found.tolerance))
        rows.append(CallRow(call, tuple(cells), "done" if call.recording_id in mine else "open"))
    context = {
        "session": found,
        "rows": rows,
        "raters": raters,
        "comparison": comparison,
        "names": {call.recording_id: call.recording.call_id for call in calls},
        "runs": runs,
        "rating": rating,
        "compared": compared,
        "waiting": len(raters) * len(calls) - len(ratings),
        "notes": models.RuleNote.objects.filter(session=found).order_by("id"),
    }
    return render(request, "review/calibration_session.html", context)


@needs("run_calibration")
@require_POST
def set_standard(request: HttpRequest, session_id: int, call_id: int) -> HttpResponse:
    """Store the agreed score of a call, with the rules that the agreed review deducts for."""
    call = get_object_or_404(models.CalibrationCall.objects.select_related("session"), pk=call_id, session=session_id)
    rules = [one for one in re.split(r"[\s,，;；]+", request.POST.get("rules", "")) if one]
    assessment = newest_assessment(call.recording_id)
    book = None
    if assessment is not None:
        book, _exact = rulebook_of(assessment.rulebook, assessment.rulebook_sha256)
    try:
        unknown = [rule for rule in rules if book is None or rule not in book.by_id]
        if unknown:
            raise UsageError(_("规则册里没有 %(rule)s") % {"rule": unknown[0]})
        points = {rule: book.by_id[rule].points or 100.0 for rule in rules} if book else {}
        score = float(request.POST.get("score", ""))
        calibration.set_standard(call, request.user.get_username(), score, points, request.POST.get("discussion", ""))
        messages.success(request, _("标准分已保存。"))
    except (UsageError, ValueError) as error:
        messages.error(request, _("没有保存：%(why)s") % {"why": error})
    return redirect("calibration-session", session_id)


@needs("run_calibration")
@require_POST
def add_note(request: HttpRequest, session_id: int) -> HttpResponse:
    """Write down how a clause is to be read."""
    found = get_object_or_404(models.CalibrationSession, pk=session_id)
    first = found.calls.first()
    assessment = newest_assessment(first.recording_id) if first else None
    try:
        rule, text = request.POST.get("rule", "")[:128], request.POST.get("text", "")
        name = assessment.rulebook if assessment else ""
        calibration.add_note(found, name, rule, text, request.user.get_username())
        messages.success(request, _("已记到这条规则。"))
    except UsageError as error:
        messages.error(request, str(error))
    return redirect("calibration-session", session_id)


@needs("run_calibration")
@require_POST
def close(request: HttpRequest, session_id: int) -> HttpResponse:
    """End the scoring: everybody sees the comparison from now on."""
    models.CalibrationSession.objects.filter(pk=session_id, closed_at__isnull=True).update(closed_at=timezone.now())
    return redirect("calibration-session", session_id)
