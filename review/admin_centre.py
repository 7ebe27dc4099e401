"""The administration pages of the centre: agents, teams, sources of recordings, what was removed; lists as CSV."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from pipeline.errors import UsageError
from review import csv_import
from store.models import Agent, RecordingSource, RetentionRun, Team


class ImportsCsv(admin.ModelAdmin):
    """An administration page with a list that can be brought as CSV."""

    change_list_template = "admin/with_import.html"
    csv_kind = ""

    def get_urls(self) -> list[URLPattern]:
        """With the page that takes the file."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_import"
        return [path("import/", self.admin_site.admin_view(self.take_csv), name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list with the way to the import."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_import"
        more = {"import_url": reverse(name), "import_title": csv_import.TITLES[self.csv_kind]}
        allowed = self.has_add_permission(request) and self.has_change_permission(request)
        return super().changelist_view(request, {**(extra_context or {}), **(more if allowed else {})})

    def take_csv(self, request: HttpRequest) -> HttpResponse:
        """Show the form; enter all rows of a file or none."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        kind = csv_import.KINDS[self.csv_kind]
        problem = ""
        if request.method == "POST":
            file = request.FILES.get("file")
            try:
                if file is None:
                    raise UsageError(_("请选择文件。"))
                content = file.read(csv_import.LARGEST + 1)
                messages.success(request, kind.enter(csv_import.read_csv(content, kind)))
                return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            except UsageError as error:
                problem = str(error)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": csv_import.TITLES[self.csv_kind],
            "example": kind.example,
            "needed": kind.needed,
            "optional": kind.optional,
            "problem": problem,
        }
        return render(request, "admin/import_csv.html", context, status=422 if problem else 200)


class AgentAdmin(ImportsCsv):
    """Agents: name and team where the platform says none."""

    csv_kind = "agents"
    list_display = ("agent_id", "name", "team", "active")
    list_filter = ("team", "active")
    list_select_related = ("team",)
    search_fields = ("agent_id", "name")


class TeamAdmin(ImportsCsv):
    """Teams."""

    csv_kind = "teams"
    list_display = ("name", "note")
    search_fields = ("name",)


class SourceAdmin(admin.ModelAdmin):
    """Folders that `tingjian nightly` hears when none is named to it."""

    list_display = ("name", "folder", "manifest", "active")


class RetentionAdmin(admin.ModelAdmin):
    """What `tingjian retention apply` removed: only shown."""

    list_display = ("at", "days", "calls", "files", "bytes", "failed", "person")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes one by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor changes one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor removes one."""
        return False


admin.site.register(Agent, AgentAdmin)
admin.site.register(Team, TeamAdmin)
admin.site.register(RecordingSource, SourceAdmin)
admin.site.register(RetentionRun, RetentionAdmin)
