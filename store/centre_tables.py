"""What the centre says of itself: agents, teams, where recordings lie; and what was removed after its time.

``store.models`` takes them in; ``store.centre`` reads and writes them.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """A team of agents."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    note = models.TextField(_("说明"), blank=True)

    class Meta:
        """By name."""

        verbose_name = verbose_name_plural = _("班组")
        ordering = ("name",)

    def __str__(self) -> str:
        """The name."""
        return str(self.name)


class Agent(models.Model):
    """An agent by the platform's id; name and team stand in where the platform says none of a call."""

    agent_id = models.CharField(_("工号"), max_length=100, unique=True)
    name = models.CharField(_("姓名"), max_length=100, blank=True)
    team = models.ForeignKey(
        Team, verbose_name=_("班组"), null=True, blank=True, on_delete=models.SET_NULL, related_name="agents"
    )
    active = models.BooleanField(_("在职"), default=True)

    class Meta:
        """By id."""

        verbose_name = verbose_name_plural = _("坐席")
        ordering = ("agent_id",)

    def __str__(self) -> str:
        """Name and id."""
        return f"{self.name} {self.agent_id}".strip()


class RecordingSource(models.Model):
    """A folder of recordings that a night hears when none is named to it."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    folder = models.TextField(_("文件夹"))
    manifest = models.TextField(_("清单"), blank=True)
    active = models.BooleanField(_("启用"), default=True)
    note = models.TextField(_("说明"), blank=True)

    class Meta:
        """By name."""

        verbose_name = verbose_name_plural = _("录音来源")
        ordering = ("name",)


class RetentionRun(models.Model):
    """One removal of files that were kept long enough."""

    at = models.DateTimeField(_("时间"))
    days = models.IntegerField(_("保留天数"))
    calls = models.IntegerField(_("通话"))
    files = models.IntegerField(_("文件"))
    bytes = models.BigIntegerField(_("字节"))
    failed = models.IntegerField(_("未删成"), default=0)
    person = models.TextField(_("执行人"), blank=True)

    class Meta:
        """The newest first."""

        verbose_name = verbose_name_plural = _("到期清理记录")
        ordering = ("-at",)
