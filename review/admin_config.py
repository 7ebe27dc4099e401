"""Django's administration as an application with our title and look."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class TingjianAdminConfig(AdminConfig):
    """The administration pages; see ``review.admin_site``."""

    default_site = "review.admin_site.TingjianAdminSite"
