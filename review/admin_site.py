"""Django's administration under our name."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class TingjianAdminSite(AdminSite):
    """Accounts, plans and what else an administrator keeps."""

    site_header = _("听鉴管理")
    site_title = _("听鉴管理")
    index_title = _("账号与计划")
    site_url = "/"
