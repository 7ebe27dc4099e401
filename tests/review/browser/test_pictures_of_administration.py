"""The administration: pictures, and what axe says."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from store import models
from store.centre import AgentRow, set_agents
from tests.review.browser.driving import picture, visit
from tests.review.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_administration_looks_right_and_is_accessible(browser: Browser, live_server: Any) -> None:
    root = person("root", "administrator")
    set_agents([AgentRow("A01", "王工", "客服一组"), AgentRow("A02", "李师傅", "客服二组", active=False)])
    models.Webhook.objects.create(name="crm", url="https://crm.example.com/hook", secret="x")
    with visit(browser, live_server, root) as page:
        for name in ("admin/", "admin/store/agent/", "admin/store/agent/import/", "admin/auth/user/",
                     f"admin/auth/user/{root.pk}/change/"):  # fmt: skip
            page.goto(f"/{name}")
            picture(page, "-".join(part for part in name.split("/") if not part.isdigit()).rstrip("-"))
