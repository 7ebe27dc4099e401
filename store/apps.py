"""The store as a Django application."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class StoreConfig(AppConfig):
    """Recordings, their ledger, transcripts, assessments and findings; what people say of them; accounts."""

    name = "store"
    label = "store"
    verbose_name = _("中心与系统")

    def ready(self) -> None:
        """Keep the roles' groups and the SQL views as the code has them."""
        from store.accounts import ensure_roles
        from store.sql_views import after_migrations, before_migrations

        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="store.roles")
        pre_migrate.connect(before_migrations, sender=self, dispatch_uid="store.views.before")
        post_migrate.connect(after_migrations, sender=self, dispatch_uid="store.views.after")
