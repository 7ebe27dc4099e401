"""The tables behind the API for the centre's own systems: their tokens, where they want to be told, what they are told.

``store.models`` takes them in; ``store.tokens`` and ``store.webhooks`` read and write them.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiToken(models.Model):
    """The way in of one named system; the token itself is shown once and kept as its digest alone.

    A token may do through the API what its role may do in the pages. A revoked one stays, so that what it did
    keeps its name.
    """

    name = models.CharField(_("系统"), max_length=64, unique=True)
    role = models.CharField(_("角色"), max_length=16)
    # SHA-256: a token is 256 random bits, which nobody guesses however quick the digest.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("开头"), max_length=12, editable=False)
    created_by = models.TextField(_("建立人"), blank=True, editable=False)
    created_at = models.DateTimeField(_("建立"), editable=False)
    expires_at = models.DateTimeField(_("到期"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("最近使用"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("吊销"), null=True, editable=False)

    class Meta:
        """As the administration names it."""

        verbose_name = verbose_name_plural = _("API 令牌")

    def __str__(self) -> str:
        """The name."""
        return str(self.name)


class Webhook(models.Model):
    """An address of the centre that is told of what happens.

    The secret signs each message; it is kept readable, since signing needs it.
    """

    name = models.CharField(_("名称"), max_length=64, unique=True)
    url = models.URLField(_("地址"), max_length=500)
    secret = models.CharField(_("密钥"), max_length=128, blank=True)
    night_finished = models.BooleanField(_("夜间完成"), default=True)
    verdict_final = models.BooleanField(_("评定生效"), default=True)
    active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("建立"), auto_now_add=True)

    class Meta:
        """As the administration names it."""

        verbose_name = verbose_name_plural = _("消息地址（webhook）")

    def __str__(self) -> str:
        """The name."""
        return str(self.name)


class WebhookMessage(models.Model):
    """One message to one address, written together with what it tells of; it stays until it is delivered or given up.

    ``next_try_at`` is empty once nothing is left to do.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, verbose_name=_("消息地址"), on_delete=models.CASCADE, related_name="messages")
    event = models.CharField(_("事件"), max_length=32)
    payload = models.JSONField(_("内容"))
    created_at = models.DateTimeField(_("产生"))
    attempts = models.IntegerField(_("次数"), default=0)
    next_try_at = models.DateTimeField(_("下次发送"), null=True)
    delivered_at = models.DateTimeField(_("送达"), null=True)
    given_up_at = models.DateTimeField(_("放弃"), null=True)
    last_error = models.CharField(_("最近的问题"), max_length=200, blank=True)

    class Meta:
        """Read by what is due."""

        verbose_name = verbose_name_plural = _("发出的消息")
        indexes = (
            models.Index(fields=["next_try_at"], name="webhook_due", condition=models.Q(next_try_at__isnull=False)),
        )
