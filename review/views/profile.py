"""One's own account: roles, password, how the player behaves."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from review.access import needs
from review.keys import KeysForm
from store.accounts import account_of

DEFAULTS = {"preroll_s": 3.0, "autoplay": True, "speed": 1.0, "slow_replay": False, "reaction_s": 0.0}


class PlayerForm(forms.Form):
    """How the player behaves for this person."""

    preroll_s = forms.FloatField(min_value=0, max_value=10, label=_("提前量（秒）"))
    speed = forms.FloatField(min_value=0.5, max_value=2, label=_("默认速度"))
    reaction_s = forms.FloatField(min_value=0, max_value=2, label=_("边听边记时往前算（秒）"))
    autoplay = forms.BooleanField(required=False, label=_("到下一条时自动播放"))
    slow_replay = forms.BooleanField(required=False, label=_("重听时放慢"))


def preferences_of(user: object) -> dict[str, object]:
    """The person's preferences, defaults filled in."""
    return {**DEFAULTS, **account_of(user).preferences}


@needs()
def show(request: HttpRequest) -> HttpResponse:
    """Show the account; take a new password or new preferences."""
    account = account_of(request.user)
    sent = request.POST.get("form") if request.method == "POST" else None
    player = PlayerForm(request.POST if sent == "player" else None, initial=preferences_of(request.user))
    password = PasswordChangeForm(request.user, request.POST if sent == "password" else None)
    if sent == "player" and player.is_valid():
        account.preferences = {**account.preferences, **player.cleaned_data}
        account.save(update_fields=["preferences"])
        messages.success(request, _("已保存。"))
        return redirect("profile")
    keys = KeysForm(request.POST if sent == "keys" else None, preferences=account.preferences)
    if sent == "keys" and keys.is_valid():
        account.preferences = {**account.preferences, "keys": keys.cleaned_data}
        account.save(update_fields=["preferences"])
        messages.success(request, _("已保存。"))
        return redirect("profile")
    if sent == "password" and password.is_valid():
        update_session_auth_hash(request, password.save())
        messages.success(request, _("密码已更改。"))
        return redirect("profile")
    forms_shown = {"account": account, "player": player, "password": password, "keys": keys}
    return render(request, "review/profile.html", forms_shown)
