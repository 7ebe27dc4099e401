"""What people see when something is refused, missing or broken."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def _answer(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        code = {403: "not_allowed", 404: "not_found"}.get(status, "broken")
        return JsonResponse({"error": {"code": code, "message": f"{title}：{text}", "fields": []}}, status=status)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"message": f"{title}：{text}"}, status=status)
    return render(request, "review/error.html", {"status": status, "title": title, "text": text}, status=status)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _answer(request, 403, _("没有权限"), _("您的角色不能看这一页。需要时请找主管或管理员。"))


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _answer(request, 404, _("没有这一页"), _("地址不存在，或这通电话不在您手上。请从队列重新进入。"))


def sign_on_failed(request: HttpRequest, text: str) -> HttpResponse:
    """403 for somebody whom the directory or the account stopped."""
    return _answer(request, 403, _("没有登录成功"), text)


def broken(request: HttpRequest) -> HttpResponse:
    """500; nothing of the request is shown."""
    return _answer(
        request,
        500,
        _("出错了"),
        _("这是程序的缺陷，已记入日志；已保存的判定没有丢失。请过一会儿再试；还不行就告诉管理员是几点、在做什么。"),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token."""
    return _answer(request, 403, _("页面已过期"), _("请刷新页面后再试；已保存的内容没有丢失。"))


def problem(message: str, status: int, **more: Any) -> JsonResponse:
    """An answer to a script that says what is wrong."""
    return JsonResponse({"message": message, **more}, status=status)
