"""What every page has round it: navigation by what the person may do, the nonce, the language."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _


def navigation() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """The entries in the language of now: address name, words, permissions of which one is enough."""
    return (
        ("queue", _("队列"), ("judge_calls", "manage_queue")),
        ("my", _("我的成绩"), ("see_own_results",)),
        ("calibration", _("校准"), ("run_calibration", "rate_calibration")),
        ("appeals", _("申诉"), ("decide_appeals",)),
        ("agents", _("坐席"), ("see_agents",)),
        ("reports", _("报表"), ("see_agents",)),
        ("training", _("共性问题"), ("see_training",)),
        ("coaching", _("辅导"), ("coach_agents", "see_own_results")),
        ("rules", _("规则"), ("see_rules",)),
        ("nights", _("夜间"), ("see_nights",)),
    )


def frame(request: HttpRequest) -> dict[str, Any]:
    """Navigation, nonce, language and the person's roles."""
    user = getattr(request, "user", None)
    entries = []
    roles: list[str] = []
    if user is not None and user.is_authenticated:
        here = request.resolver_match.view_name if request.resolver_match else ""
        for name, text, permissions in navigation():
            if any(user.has_perm(f"store.{permission}") for permission in permissions):
                entries.append({"name": name, "text": text, "here": here.split("-")[0].rstrip("s") == name.rstrip("s")})
        roles = sorted(group.name for group in user.groups.all())
    return {
        "navigation": entries,
        "account_roles": roles,
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "language": getattr(request, "LANGUAGE_CODE", "zh-hans"),
    }
