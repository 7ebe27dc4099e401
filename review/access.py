"""Who may see what: every view is wrapped by one of these."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

View = Callable[..., HttpResponse]


def needs(*permissions: str) -> Callable[[View], View]:
    """Let a view answer those who have any of these permissions of ``store.review_tables.Account``.

    Whoever is not logged in is sent to the login; scripts get 401, so that the page can say so and lose nothing.
    """
    wanted = tuple(f"store.{permission}" for permission in permissions)

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                if request.headers.get("Accept") == "application/json" or request.headers.get("HX-Request"):
                    response = JsonResponse(
                        {"message": _("登录已失效，请在新标签页重新登录后继续；未保存的内容仍在本页。")}, status=401
                    )
                    response.headers["HX-Redirect"] = "/login"
                    return response
                return redirect_to_login(request.get_full_path())
            if wanted and not any(request.user.has_perm(permission) for permission in wanted):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.needs = permissions  # type: ignore[attr-defined]  # read by the test that walks over all addresses
        return guarded

    return wrap


def address_of(request: HttpRequest) -> str:
    """Where a request comes from: what the proxy on this machine says, else the peer."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if peer in ("127.0.0.1", "::1"):
        forwarded = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
        return (forwarded or peer)[:64]
    return peer[:64]
