"""Common errors and coaching: pictures, and what axe says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.review.browser.driving import picture, visit
from tests.review.browser.filled import a_coached_agent, an_earlier_month
from tests.review.people import person
from tests.training.classroom import MONTH, shirking, store_classroom

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_common_errors_look_right(browser: Browser, live_server: Any, tmp_path: Path) -> None:
    store_classroom(tmp_path)
    number = shirking().number
    an_earlier_month(MONTH, "2026-02")
    with visit(browser, live_server, person("peixun", "trainer")) as page:
        page.goto("/training")
        picture(page, "training", whole=True)
        page.goto(f"/training/{number}?month={MONTH}")
        picture(page, "training-one", whole=True)
        page.goto(f"/training/rules/LANG.03?month={MONTH}")
        picture(page, "training-rule")


def test_coaching_looks_right(browser: Browser, live_server: Any) -> None:
    made = a_coached_agent()
    with visit(browser, live_server, person("peixun", "trainer")) as page:
        page.goto("/coaching")
        picture(page, "coaching")
        page.goto("/coaching/new?agent=A1")
        picture(page, "coaching-new", whole=True)
        page.goto(f"/coaching/{made}")
        picture(page, "coaching-one", whole=True)
    with visit(browser, live_server, person("zuoxi", "agent", agent_id="A1")) as page:
        page.goto(f"/coaching/{made}")
        picture(page, "my-coaching", whole=True)
