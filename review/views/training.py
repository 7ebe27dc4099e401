"""Common errors for those who teach: a month's, whose each is, its stretches to hear, and the pack to take away."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.django import settings_in_force
from pipeline.errors import TingjianError
from quality.error_scope import funnel_limits
from review import rulebooks
from review.access import needs
from store import training as store_training
from store.stretches import StoredCluster, utterances_of
from store.training import ErrorMonth, TaughtStretch
from training.contents import Options, scope_key
from training.fonts import chinese_font
from training.gather import scope_from
from training.making import pack_of
from training.pack import write_pack

STRETCHES = 10
LISTED = 8
LEAST_CALLS = 5
"""Calls with an error below which nobody can say whose it is."""
PRE_ROLL_S = 3.0
CURVE_POINTS = 40
NAMED_POINTS = 6


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch as the page lists it: what the customer said before, what the agent said, and what to play."""

    stretch: TaughtStretch
    before: str
    said: str
    begin_s: float
    name: str


@needs("see_training")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The common errors of a month and its rules, each with its trend and its scope."""
    months = store_training.months_looked_at()
    month = _month(request, months)
    searched = store_training.looked_at(month)
    found = store_training.clusters_of(month) if month else []
    history = store_training.history_of([one.number for one, _at in found], month)
    titles = _titles()
    context = {
        "months": months,
        "month": month,
        "found_at": searched[1] if searched else found[0][1] if found else None,
        "searched": searched[0] if searched else None,
        "clusters": [
            {
                "one": one,
                "share": one.document["share"],
                "scope": _scope(one.document, one.calls),
                "agents": len(one.document["agents"]),
                "teams": one.document["teams"][:2],
                "business_types": one.document["business_types"][:2],
                "rules": [(rule, titles.get(rule, rule)) for rule, _hits in one.document["rules"][:2]],
                "change": _change(history.get(one.number, [])),
                "spark": _spark(history.get(one.number, [])),
            }
            for one, _at in found
        ],
        "rules": [
            {
                "one": one,
                "title": titles.get(one.rule, one.rule),
                "share": one.document["share"],
                "scope": _scope(one.document, one.calls),
                "agents": len(one.document["agents"]),
            }
            for one in store_training.rule_scopes(month)
        ],
    }
    return render(request, "review/training.html", context)


@needs("see_training")
@require_GET
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One common error: whose it is, its trend, its stretches to hear, and the form for its pack."""
    cluster = _cluster(request, number)
    document = cluster.document
    stretches = store_training.taught_stretches([int(item) for item in document["findings"]])
    page = Paginator(stretches, STRETCHES).get_page(request.GET.get("page"))
    history = store_training.history_of([number], cluster.month).get(number, [])
    titles = _titles()
    context = {
        **_about(document, history),
        "cluster": cluster,
        "heard": _heard(list(page.object_list)),
        "page": page,
        "rules": [(rule, titles.get(rule, rule), hits) for rule, hits in document["rules"]],
        "teams": document["teams"][:LISTED],
        "business_types": document["business_types"][:LISTED],
        "months": [each.month for each in history if each.calls],
        "change": _change(history),
        "withheld": len(document["findings"]) - len(stretches),
        "may_name": request.user.has_perm("store.name_agents"),
        "has_font": chinese_font(settings_in_force().pdf_font) is not None,
    }
    return render(request, "review/training_error.html", context)


@needs("see_training")
@require_GET
def rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Whose error the hits of one rule are, in a month."""
    month = _month(request, store_training.months_looked_at())
    found = next((each for each in store_training.rule_scopes(month) if each.rule == rule_id), None)
    if found is None:
        raise Http404
    history = store_training.rule_history(rule_id, month)
    context = {
        **_about(found.document, history),
        "rule_id": rule_id,
        "title": _titles().get(rule_id, rule_id),
        "month": month,
        "calls": found.calls,
        "change": _change(history),
    }
    return render(request, "review/training_rule.html", context)


@needs("see_training")
@require_POST
def pack(request: HttpRequest, number: int) -> HttpResponseBase:
    """The training pack of a common error, as a file."""
    cluster = _cluster(request, number)
    named = "names" in request.POST and request.user.has_perm("store.name_agents")
    options = Options(mask_customer="mask_customer" in request.POST, names=named)
    settings = settings_in_force()
    target = tempfile.TemporaryFile()
    try:
        contents = pack_of(
            number, cluster.month, options, rulebook=settings.rulebook, wording=settings.training_wording
        )
        write_pack(contents, target, chinese_font(settings.pdf_font))
    except TingjianError as error:
        target.close()
        messages.error(request, _("没有做成培训包：%(why)s") % {"why": error})
        return redirect(f"{reverse('training-error', args=[number])}?month={cluster.month}")
    target.seek(0)
    name = f"training-{cluster.month}-{number}.zip"
    return FileResponse(target, as_attachment=True, filename=name, content_type="application/zip")


def _month(request: HttpRequest, months: Sequence[str]) -> str:
    month = request.GET.get("month", "")
    return month if month in months else months[0] if months else ""


def _cluster(request: HttpRequest, number: int) -> StoredCluster:
    month = request.POST.get("month") or request.GET.get("month", "")
    cluster = store_training.cluster_in(number, month)
    if cluster is None:
        raise Http404
    return cluster


def _titles() -> dict[str, str]:
    return {each.id: each.title for book in rulebooks.shelf().rulebooks for each in book.rules}


def _scope(document: Mapping[str, Any], calls: int) -> str:
    # One hit in a team that makes few calls is no team's error, whatever the test says.
    return scope_key(scope_from(document["scope_details"])) if calls >= LEAST_CALLS else "not enough data"


def _about(document: Mapping[str, Any], history: Sequence[ErrorMonth]) -> dict[str, Any]:
    """What a common error and a rule have alike: scope, funnel, trend, agents."""
    scope = scope_from(document["scope_details"])
    agents = document["agents"][:LISTED]
    units = [each.name for each in scope.agents]
    names = store_training.agent_names(sorted({name for name, _calls in agents} | set(units)))
    most = max((calls for _name, calls in agents), default=1)
    return {
        "share": document["share"],
        "scope": scope,
        "scope_key": _scope(document, sum(calls for _name, calls in document["agents"])),
        "scope_agents": [(each, names.get(each.name, each.name)) for each in scope.agents[:LISTED]],
        "agents": [(name, names.get(name, name), calls, round(100 * calls / most)) for name, calls in agents],
        "agents_count": len(document["agents"]),
        "charts": {
            "funnel": _funnel(document.get("funnel"), {unit.name for unit in scope.agents}, names),
            "trend": {
                "months": [each.month for each in history],
                "shares": [each.share for each in history],
            },
            "words": {"calls": _("每位坐席的通话"), "rate": _("有此问题的占比")},
        },
    }


def _funnel(found: Mapping[str, Any] | None, apart: set[str], names: Mapping[str, str]) -> dict[str, Any] | None:
    """Points and limits of the funnel; agents who stand out, and the farthest others, by name."""
    if not found or not found["points"]:
        return None
    centre, spread = found["centre"], found["spread"]
    sizes = [size for _name, _group, size, _rate in found["points"]]
    least, most = max(1.0, min(sizes) * 0.8), max(sizes) * 1.1
    steps = [least * math.exp(math.log(most / least) * at / CURVE_POINTS) for at in range(CURVE_POINTS + 1)]
    points = []
    for name, _group, size, rate in found["points"]:
        (_low, inner), (_lower, outer) = funnel_limits(centre, spread, size)
        out = 2 if name in apart or rate > outer else int(rate > inner)
        points.append((size, rate, names.get(name, name), out))
    # A name at every point would be no plot any more.
    named: dict[tuple[int, float], list[str]] = {}
    for size, rate, name, _out in sorted((each for each in points if each[3]), key=lambda each: -each[1])[
        :NAMED_POINTS
    ]:
        # Agents of one place share a label, else one would hide the other.
        named.setdefault((size, rate), []).append(name)
    return {
        "centre": centre,
        "limits": [[size, *(edge for pair in funnel_limits(centre, spread, size) for edge in pair)] for size in steps],
        "points": [(size, rate, "、".join(named.pop((size, rate), [])), out) for size, rate, _name, out in points],
    }


def _change(history: Sequence[ErrorMonth]) -> float | None:
    """Change of the share from the month before, in percent of calls; None where there is none."""
    return None if len(history) < 2 else history[-1].share - history[-2].share


def _spark(history: Sequence[ErrorMonth]) -> str:
    """The shares of the last months as the points of a small line, 72 by 20."""
    last = history[-12:]
    if len(last) < 2:
        return ""
    most = max(each.share for each in last) or 1.0
    return " ".join(
        f"{2 + 68 * at / (len(last) - 1):.1f},{18 - 16 * each.share / most:.1f}" for at, each in enumerate(last)
    )


def _heard(stretches: Sequence[TaughtStretch]) -> list[Heard]:
    said = dict(utterances_of([each.recording_id for each in stretches]))
    names = store_training.agent_names(sorted({each.agent_id for each in stretches}))
    found = []
    for each in stretches:
        ordered = sorted(said.get(each.recording_id, ()), key=lambda item: float(item["start_s"]))
        own = [
            item for item in ordered
            if item["role"] == "agent" and item["start_s"] <= each.end_s and item["end_s"] >= each.start_s
        ]  # fmt: skip
        begin = float(own[0]["start_s"]) if own else each.start_s
        asked = [item for item in ordered if item["role"] == "customer" and item["start_s"] < begin]
        text = "".join(str(item["text"]) for item in own) or each.quote
        found.append(
            Heard(
                stretch=each,
                before=str(asked[-1]["text"]) if asked else "",
                said=text,
                begin_s=max(0.0, each.start_s - PRE_ROLL_S),
                name=each.agent_name or names.get(each.agent_id, each.agent_id),
            )
        )
    return found
