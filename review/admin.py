"""The administration pages: accounts with their roles and agent ids, reviewers' plans."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from review import admin_systems as admin_systems
from review.admin_centre import ImportsCsv
from review.templatetags.shown import moment
from review.words import ACCOUNT_ROLES
from store.models import Account, ReviewerPlan


class RolesField(forms.ModelMultipleChoiceField):
    """Groups under the words that the pages have for them."""

    def label_from_instance(self, obj: Any) -> str:
        """The role's word and its name."""
        return f"{ACCOUNT_ROLES.get(obj.name, obj.name)}  {obj.name}"


class AccountInline(admin.StackedInline):
    """What the pages know of a person, beside the login."""

    model = Account
    can_delete = False
    fields = ("agent_id", "team")


class PersonAdmin(ImportsCsv, UserAdmin):
    """Accounts: roles are groups; single permissions are not given here."""

    csv_kind = "people"
    inlines = (AccountInline,)
    list_display = ("username", "first_name", "roles", "agent_id", "is_active", "seen")
    list_filter = ("groups", "is_active")
    search_fields = ("username", "first_name", "account__agent_id")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("姓名"), {"fields": ("first_name", "email")}),
        (_("角色"), {"fields": ("is_active", "is_staff", "groups")}),
    )
    # Five roles are ticked, not moved between two lists.
    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Roles as boxes to tick."""
        if db_field.name == "groups":
            kwargs |= {"widget": forms.CheckboxSelectMultiple, "form_class": RolesField}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With what the list shows, at once."""
        return super().get_queryset(request).prefetch_related("groups").select_related("account")

    @admin.display(description=_("角色"))
    def roles(self, user: User) -> str:
        """The names of the person's groups."""
        return "、".join(str(ACCOUNT_ROLES.get(group.name, group.name)) for group in user.groups.all())

    @admin.display(description=_("上次登录"), ordering="last_login")
    def seen(self, user: User) -> str:
        """When the person came last."""
        return moment(user.last_login)

    @admin.display(description=_("工号"))
    def agent_id(self, user: User) -> str:
        """Whose calls an agent sees."""
        return user.account.agent_id if hasattr(user, "account") else ""


class PlanAdmin(ImportsCsv):
    """How many calls a reviewer is to hear on a day; `tingjian queue plan FILE.csv` takes the same list."""

    csv_kind = "plans"
    list_display = ("day", "reviewer", "calls")
    list_filter = ("reviewer",)
    date_hierarchy = "day"
    ordering = ("-day", "reviewer")


# Django's own registration of accounts comes with its application; ours replaces it.
if admin.site.is_registered(User):
    admin.site.unregister(User)
admin.site.register(User, PersonAdmin)
admin.site.register(ReviewerPlan, PlanAdmin)
