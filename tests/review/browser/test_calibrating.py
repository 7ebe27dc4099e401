"""A calibration session from its setting up to its comparison."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from store import models
from tests.review.browser.driving import LATER, SELECT_TWO_CHARACTERS, picture, ready, saved, visit
from tests.review.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_calibration_is_set_up_scored_blind_and_compared(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    boss = person("zhuguan", "supervisor")
    raters = [person("gongdan", "reviewer"), person("xiaozhou", "reviewer")]
    with visit(browser, live_server, boss) as page:
        page.goto("/calibration")
        page.fill("[name=name]", "三月校准")
        page.fill("[name=calls]", LATER)
        for rater in raters:
            page.check(f'[name=raters][value="{rater.pk}"]')
        page.click("form.stack button.primary")
        page.wait_for_url("**/calibration/*")
    session = models.CalibrationSession.objects.get()
    for number, rater in enumerate(raters):
        with visit(browser, live_server, rater) as page:
            page.goto(f"/calibration/{session.pk}")
            page.click(f'a[href*="{calls[LATER]}"]')
            ready(page)
            assert json.loads(page.locator("#call-data").text_content() or "")["flags_data"] == []
            if number:
                page.evaluate(SELECT_TWO_CHARACTERS)
                page.keyboard.press("m")
                page.keyboard.type("LANG.05")
                page.keyboard.press("Enter")
                expect(page.locator(".flag.added")).to_have_count(1)
                saved(page)
            page.keyboard.press("Control+Enter")
            page.wait_for_url(f"**/calibration/{session.pk}")
            assert models.Review.objects.filter(purpose="calibration").count() == number + 1
    with visit(browser, live_server, boss) as page:
        page.goto(f"/calibration/{session.pk}")
        page.fill("[name=score]", "100")
        page.click("tr.form-row button")
        expect(page.locator(".note.success")).to_be_visible()
        page.click("form[action$='/close'] button")
        expect(page.locator("table").first).to_contain_text("100")
        picture(page, "calibration-one")
