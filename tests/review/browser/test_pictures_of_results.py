"""Agents, teams, nights, rules and reports: pictures, and what axe says; of empty ones, too."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from store import estimates, models
from tests.review.browser.driving import OTHER, picture, visit
from tests.review.browser.filled import a_tried_proposal, set_one_aside, some_reports
from tests.review.people import person
from tests.review.test_result_pages import an_estimate, some_estimates

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_pages_of_results_look_right(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    boss = person("zhuguan", "supervisor")
    some_estimates()
    agent_id = models.Recording.objects.get(id=calls[OTHER]).agent_id
    values = (("2026-01", 71.0), ("2026-02", 64.0), ("2026-03", 58.5))
    estimates.save_estimates(an_estimate(agent_id, month, value) for month, value in values)
    some_reports(agent_id)
    set_one_aside(calls[OTHER])
    proposal = a_tried_proposal()
    with visit(browser, live_server, boss) as page:
        for name in ("agents", f"agents/{agent_id}", "teams", "teams/客服一组", "nights",
                     f"nights/{models.Batch.objects.get().id}", "rules", "rules/LANG.03", "calibration"):  # fmt: skip
            page.goto(f"/{name}")
            first, _slash, more = name.partition("/")
            picture(page, f"{first.rstrip('s')}-one" if more else first, whole=first != "rules")
        page.goto("/rules/proposals")
        picture(page, "proposals")
        page.set_input_files("[name=file]", files=[WRONG_FILE])
        page.click("form.decide button.primary")
        picture(page, "proposal-refused")
        page.goto(f"/rules/proposals/{proposal}")
        picture(page, "proposal-one", whole=True)


WRONG_FILE = {
    "name": "mobile_service.yaml",
    "mimeType": "application/yaml",
    "buffer": b"format: 1\nname: mobile_service\nversion: 9.2\nrules: {}\n",
}


def test_pages_without_results_say_how_they_come(browser: Browser, live_server: Any) -> None:
    with visit(browser, live_server, person("zhuguan", "supervisor")) as page:
        for name in ("agents", "teams", "nights", "rules/proposals", "reports", "training", "coaching", "appeals",
                     "calibration"):  # fmt: skip
            page.goto(f"/{name}")
            picture(page, f"{name.rpartition('/')[2]}-empty")
    with visit(browser, live_server, person("zuoxi", "agent", agent_id="A1")) as page:
        page.goto("/my")
        picture(page, "my-empty")
    with visit(browser, live_server, person("xinlai", "agent")) as page:
        page.goto("/my")
        picture(page, "my-without-number")
