"""The administration pages of the centre's own systems: tokens, addresses that are told, messages on their way."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from review.words import ACCOUNT_ROLES
from store import tokens, webhooks
from store.models import ApiToken, Webhook, WebhookMessage


class TokenForm(forms.ModelForm):
    """A new token: for whom, and what it may do."""

    role = forms.ChoiceField(
        label=_("角色"),
        choices=[(role, ACCOUNT_ROLES[role]) for role in tokens.TOKEN_ROLES],
        help_text=_("与页面上同一角色的权限相同"),
    )

    class Meta:
        """What a person enters."""

        model = ApiToken
        fields = ("name", "role", "expires_at")


class TokenAdmin(admin.ModelAdmin):
    """Tokens: made, seen, revoked; never changed, never read again."""

    form = TokenForm
    list_display = ("name", "role", "hint", "created_by", "created_at", "last_used_at", "expires_at", "revoked_at")
    readonly_shown = ("name", "role", "hint", "created_by", "created_at", "last_used_at", "expires_at", "revoked_at")
    actions = ("revoke",)
    ordering = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The list is for whoever may change; one token is only shown."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A revoked token stays, so that what it did keeps its name."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A form for a new one, everything of an old one."""
        return self.readonly_shown if obj else ("name", "role", "expires_at")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token and show it, this once."""
        row, token = tokens.create_token(obj.name, obj.role, request.user.get_username(), obj.expires_at)
        obj.pk = row.pk
        for name in ("digest", "hint", "created_at", "created_by"):
            setattr(obj, name, getattr(row, name))
        obj._state.adding = False
        messages.warning(request, _("令牌只显示这一次，请现在复制：%(token)s") % {"token": token})

    @admin.action(description=_("吊销所选令牌"))
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
        """End them at once."""
        count = sum(tokens.revoke_token(name) for name in rows.values_list("name", flat=True))
        messages.success(request, _("已吊销 %(n)s 个令牌。") % {"n": count})


class WebhookAdmin(admin.ModelAdmin):
    """Addresses that are told."""

    list_display = ("name", "url", "night_finished", "verdict_final", "active")
    ordering = ("name",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new address gets a secret that nobody has thought up."""
        return {"secret": secrets.token_urlsafe(32)}


class MessageAdmin(admin.ModelAdmin):
    """Messages: seen, and tried again; written by what happens alone."""

    list_display = (
        "created_at",
        "webhook",
        "event",
        "attempts",
        "delivered_at",
        "next_try_at",
        "given_up_at",
        "last_error",
    )
    list_filter = (
        "webhook",
        "event",
        ("given_up_at", admin.EmptyFieldListFilter),
        ("delivered_at", admin.EmptyFieldListFilter),
    )
    ordering = ("-created_at",)
    list_select_related = ("webhook",)
    actions = ("again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes one by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The list is for whoever may act on it; one message is only shown."""
        return obj is None and super().has_change_permission(request)

    @admin.action(description=_("立即重新发送"))
    def again(self, request: HttpRequest, rows: QuerySet[WebhookMessage]) -> None:
        """Make them due now."""
        count = webhooks.try_again(list(rows.values_list("pk", flat=True)))
        messages.success(request, _("%(n)s 条消息将重新发送。") % {"n": count})


admin.site.register(ApiToken, TokenAdmin)
admin.site.register(Webhook, WebhookAdmin)
admin.site.register(WebhookMessage, MessageAdmin)
