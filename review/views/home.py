"""Where a person begins, logging in, and the language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from config.single_sign_on import PROVIDER
from review.access import needs

STARTS = (
    ("store.judge_calls", "queue"),
    ("store.see_own_results", "my"),
    ("store.see_agents", "agents"),
    ("store.manage_queue", "queue"),
)


@needs()
def home(request: HttpRequest) -> HttpResponse:
    """Send each role to where its work is."""
    for permission, name in STARTS:
        if request.user.has_perm(permission):
            return redirect(name)
    return redirect("profile")


class Login(auth_views.LoginView):
    """User name and password."""

    template_name = "review/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the way to the single sign-on, where there is one."""
        way = ""
        if settings.SINGLE_SIGN_ON:
            next_page = self.get_redirect_url()
            way = reverse("openid_connect_login", kwargs={"provider_id": PROVIDER})
            way += f"?{urlencode({'next': next_page})}" if next_page else ""
        return {**super().get_context_data(**kwargs), "sign_on": settings.SINGLE_SIGN_ON, "sign_on_way": way}


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie and go back."""
    chosen = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = redirect(target)
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=365 * 86_400, samesite="Lax", secure=request.is_secure()
        )
    return response


choose_language.public = True  # type: ignore[attr-defined]  # read by the test that walks over all addresses
