"""One call: the page, what is done on it, handing it in."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.errors import UsageError
from review.access import address_of, needs
from review.desk import CALIBRATION_LANE, Desk, is_blind, load_desk, submission_of
from review.errors import problem
from review.keys import key_table, keys_of
from review.sheet import comparison, measure_rows, sheet_rows
from review.sitting_state import CORRECT, checked
from review.transcript import Line, character_starts, marked_lines
from review.views.profile import preferences_of
from review.views.queue import lease
from review.words import REASONS
from store import models, queue, sittings
from store.accounts import account_of
from store.sittings import Origin, StaleSittingError

LARGEST_BODY = 20_000


@needs("judge_calls", "see_calls", "rate_calibration")
@require_GET
def show(request: HttpRequest, recording_id: str) -> HttpResponse:
    """The call with sound, dialogue, flags and score sheet, as far as this person may see them."""
    return _page(request, load_desk_of(request, recording_id))


def load_desk_of(request: HttpRequest, recording_id: str) -> Desk:
    """The call that a request is about, with its lease renewed: from the queue, or of the session that it names."""
    session_id = request.GET.get("session", "")
    if session_id:
        session = models.CalibrationSession.objects.filter(pk=session_id).first() if session_id.isdigit() else None
        if session is None or not request.user.has_perm("store.rate_calibration"):
            raise Http404
        return load_desk(request.user, recording_id, session)
    queue.renew(recording_id, request.user, lease())
    return load_desk(request.user, recording_id)


def _page(request: HttpRequest, desk: Desk) -> HttpResponse:
    _note_disclosure(request, desk)
    parts = _parts(request, desk)
    context = {
        **parts,
        "measures": [] if desk.hidden else measure_rows(desk),
        "data": _page_data(request, desk, parts["keys"]),
        "comparison": comparison(desk),
        "can_reveal": desk.hidden and not desk.judging and request.user.has_perm("store.reveal_blind"),
        "can_take": _can_take(request, desk),
        "reasons": REASONS,
        "rules": _rules(desk),
        "key_list": key_table(parts["keys"]),
        "metadata": desk.document.get("recording", {}).get("metadata", {}),
    }
    return render(request, "review/call.html", context)


@needs("judge_calls", "rate_calibration")
@require_POST
def add_event(request: HttpRequest, recording_id: str) -> HttpResponse:
    """Store one verdict, violation, correction, comment or undo, and answer with what the page now shows."""
    desk = _in_hand(request, recording_id)
    if isinstance(desk, HttpResponse):
        return desk
    try:
        body = _body(request)
        kind = str(body.get("kind", ""))
        payload = checked(kind, body.get("payload", {}), desk.facts(), desk.state)
        sittings.add_event(_sitting(desk), int(body.get("version", -1)), kind, payload, _origin(request))
    except StaleSittingError:
        return _stale(desk)
    except (UsageError, ValueError) as error:
        return problem(_("没有保存：%(why)s") % {"why": error}, 422)
    return _now(request, load_desk_of(request, recording_id), kind)


@needs("judge_calls", "rate_calibration")
@require_POST
def submit(request: HttpRequest, recording_id: str) -> HttpResponse:
    """Hand the call in: the review and its verdicts are stored, the next call is claimed."""
    desk = _in_hand(request, recording_id)
    if isinstance(desk, HttpResponse):
        return desk
    body = _body(request)
    if desk.undecided:
        return problem(
            _("还有 %(n)s 条影响得分的标记没有判定。") % {"n": desk.undecided}, 422, undecided=desk.undecided
        )
    if desk.score is None:
        return problem(_("找不到这通电话的规则册，无法计分；请主管恢复规则册文件。"), 422)
    try:
        sittings.submit(_sitting(desk), int(body.get("version", -1)), submission_of(desk), _origin(request))
    except StaleSittingError:
        return _stale(desk)
    if desk.lane == CALIBRATION_LANE:
        messages.success(request, _("已提交。"))
        return JsonResponse({"next": f"/calibration/{request.GET['session']}"})
    queue.finish(recording_id, request.user)
    if is_blind(desk.lane):
        sittings.record_reveal(recording_id, _origin(request), before_review=False)
        # What the machine says is shown first; from there one key leads on.
        return JsonResponse({"next": f"/calls/{recording_id}"})
    item = queue.claim_next(request.user, lease()) if body.get("go_on", True) else None
    if item is None:
        messages.success(request, _("已提交。"))
        return JsonResponse({"next": "/queue"})
    return JsonResponse({"next": f"/calls/{item.recording_id}"})


@needs("judge_calls", "rate_calibration")
@require_POST
def renew(request: HttpRequest, recording_id: str) -> HttpResponse:
    """Keep the call in hand, and count what was listened to."""
    desk = _in_hand(request, recording_id)
    if isinstance(desk, HttpResponse):
        return desk
    # Nobody listens longer than the time between two signs of life.
    sittings.add_listened(_sitting(desk).pk, min(float(_body(request).get("listened_s", 0.0)), 300.0))
    return JsonResponse({"until": (timezone.now() + lease()).isoformat()})


@needs("judge_calls")
@require_POST
def take(request: HttpRequest, recording_id: str) -> HttpResponse:
    """Take this very call in hand."""
    item = models.QueueItem.objects.filter(recording=recording_id).first()
    if item is None or not queue.claim(item.pk, request.user, lease()):
        messages.error(request, _("这通电话刚被别人领取或已完成。"))
        return redirect("queue")
    return redirect("call", recording_id)


@needs("reveal_blind")
@require_POST
def reveal(request: HttpRequest, recording_id: str) -> HttpResponse:
    """Show a blind call's machine result before it is reviewed; that is on record and ends the blindness."""
    desk = load_desk(request.user, recording_id)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("查看盲评通话的机器结果需要写明原因。"))
    elif desk.hidden:
        sittings.record_reveal(recording_id, _origin(request), before_review=True, reason=reason[:500])
        if desk.sitting is not None and desk.sitting.submitted_at is None:
            models.Sitting.objects.filter(pk=desk.sitting.pk).update(blind=False)
    return redirect("call", recording_id)


def _in_hand(request: HttpRequest, recording_id: str) -> Desk | HttpResponse:
    """The desk of a call that this person holds, or the answer that says why not."""
    try:
        desk = load_desk_of(request, recording_id)
    except Http404:
        return problem(_("这通电话已不在您手上。已保存的判定仍在。"), 409, lost=True)
    if not desk.judging:
        return problem(_("这通电话已不在您手上，或已经提交。"), 409, lost=True)
    return desk


def _sitting(desk: Desk) -> models.Sitting:
    if desk.sitting is None:
        raise Http404
    return desk.sitting


def _stale(desk: Desk) -> JsonResponse:
    return problem(_("另一个标签页里已有新的判定；重新载入后继续，这里没有覆盖它。"), 409, version=desk.state.version)


def _note_disclosure(request: HttpRequest, desk: Desk) -> None:
    """Whoever sees a blind call's machine result for the first time without having reviewed it is remembered."""
    if is_blind(desk.lane) and not desk.hidden and not desk.submitted:
        if not sittings.revealed_to(desk.recording.id, request.user.get_username()):
            sittings.record_reveal(desk.recording.id, _origin(request), before_review=False)


def _origin(request: HttpRequest) -> Origin:
    return Origin(request.user.get_username(), address_of(request), request.headers.get("User-Agent", ""))


def _body(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > LARGEST_BODY:
        raise BadRequest("the request is too large")
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise BadRequest("the request is not JSON") from None
    return body if isinstance(body, dict) else {}


def _can_take(request: HttpRequest, desk: Desk) -> bool:
    item = desk.item
    if desk.judging or item is None or item.done_at is not None or not request.user.has_perm("store.judge_calls"):
        return False
    return (
        item.claimed_by_id in (None, request.user.pk) or item.lease_until is None or item.lease_until < timezone.now()
    )


def _parts(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    """What the three columns need."""
    cut = marked_lines(desk.lines, [(flag.number, flag.finding) for flag in desk.flags])
    lines = []
    for number, (item, pieces) in enumerate(zip(desk.lines, cut, strict=True)):
        correction = desk.state.corrected.get(number)
        lines.append(
            Line(
                number=number,
                role=item["role"],
                start_s=item["start_s"],
                end_s=item["end_s"],
                confidence=item.get("confidence"),
                pieces=pieces,
                corrected=correction.corrected if correction else "",
                correction=correction.event if correction else None,
            )
        )
    keys = keys_of(account_of(request.user).preferences)
    return {"desk": desk, "lines": lines, "sheet": sheet_rows(desk), "reasons": REASONS, "keys": keys}


def _now(request: HttpRequest, desk: Desk, kind: str) -> JsonResponse:
    context = _parts(request, desk)
    answer: dict[str, Any] = {
        **_live(desk),
        "flags": render_to_string("review/call_flags.html", context),
        "sheet": render_to_string("review/call_sheet.html", context),
    }
    if kind in (CORRECT, "undo"):
        answer["dialogue"] = render_to_string("review/call_dialogue.html", context)
    return JsonResponse(answer)


def _live(desk: Desk) -> dict[str, Any]:
    """What changes with each event."""
    total = None if desk.score is None else desk.score.total
    return {
        "version": desk.state.version,
        "undecided": desk.undecided,
        "total": None if total is None else round(total, 1),
        "undoable": desk.state.undoable is not None,
        "flags_data": [
            {
                "id": flag.id,
                "number": flag.number,
                "start": flag.finding.start_s,
                "end": flag.finding.end_s,
                "role": flag.finding.role.value,
                "severity": flag.finding.severity.value,
                "verdict": flag.verdict.value if flag.verdict else "",
                "scoring": flag.scoring,
            }
            for flag in desk.flags
        ],
        "added_data": [
            {"event": event, "start": one.start_s, "end": one.end_s, "role": one.role.value}
            for event, one, _comment in desk.added
        ],
        "comments_data": [{"event": one.event, "at": one.at_s} for one in desk.state.comments],
    }


def _page_data(request: HttpRequest, desk: Desk, keys: dict[str, str]) -> dict[str, Any]:
    """What the page's script needs; of a hidden result nothing."""
    recording = desk.document.get("recording", {})
    base, session, back = f"/calls/{desk.recording.id}", "", "/queue"
    if desk.lane == CALIBRATION_LANE:
        session, back = f"?session={request.GET['session']}", f"/calibration/{request.GET['session']}"
    return {
        **_live(desk),
        "id": desk.recording.id,
        "judging": desk.judging,
        "hidden": desk.hidden,
        "duration": desk.duration_s,
        "channels": desk.recording.channels or 1,
        "agent_channel": recording.get("agent_channel"),
        "preferences": preferences_of(request.user),
        "keys": keys,
        "lines": [
            {
                "role": item["role"],
                "channel": item["channel"],
                "start": item["start_s"],
                "end": item["end_s"],
                "times": character_starts(item),
            }
            for item in desk.lines
        ],
        "urls": {
            "audio": f"{base}/audio",
            "peaks": f"{base}/peaks",
            "events": f"{base}/events{session}",
            "submit": f"{base}/submit{session}",
            "renew": f"{base}/renew{session}",
            "back": back,
        },
        "words": {
            "saved": _("已保存"),
            "saving": _("保存中…"),
            "failed": _("未保存，正在重试…"),
            "agent": _("坐席"),
            "customer": _("客户"),
            "unknown": _("声道"),
            "judged": _("已判"),
            "reload": _("重新载入"),
            "back": _("回到列表"),
            "unsaved": _("未保存"),
            "confirm_leave": _("还有判定没有保存。"),
            "choose_words": _("请先在对话里选中文字，或在波形上拖出一段。"),
            "choose_rule": _("请选择规则。"),
        },
    }


def _rules(desk: Desk) -> list[dict[str, Any]]:
    if desk.rulebook is None:
        return []
    book = desk.rulebook
    return [
        {
            "id": rule.id,
            "title": rule.title,
            "category": book.categories[rule.category].title,
            "severity": rule.severity.value,
            "points": rule.points,
        }
        for rule in sorted(book.rules, key=lambda rule: (list(book.categories).index(rule.category), rule.id))
    ]
