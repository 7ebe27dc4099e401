"""An appeal from both sides."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from store import models
from tests.review.browser.driving import LATER, picture, ready, review_all, visit
from tests.review.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_appeal_is_seen_and_decided_from_both_sides(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    recording_id = calls[LATER]
    review_all(recording_id, person("gongdan", "reviewer"))
    score = models.Review.objects.get().score
    agent = person("zuoxi", "agent", agent_id=models.Recording.objects.get(id=recording_id).agent_id)
    boss = person("zhuguan", "supervisor")
    with visit(browser, live_server, agent) as page:
        page.wait_for_url("**/my")
        picture(page, "my")
        page.click("td a.button")
        ready(page)
        page.click(".flag details.appeal summary")
        page.fill(".flag details[open] textarea", "客户那边风很大，我是请他大声一点")
        picture(page, "my-call")
        page.click(".flag details[open] button.primary")
        expect(page.locator(".flag .appeal").first).to_contain_text("待决定")
    with visit(browser, live_server, boss) as page:
        page.goto("/appeals")
        expect(page.locator("blockquote")).to_contain_text("风很大")
        picture(page, "appeals")
        page.fill("input[name=reason]", "录音里确有风声，语气平和")
        page.click("button[value=upheld]")
        expect(page.locator("table")).to_contain_text("支持")
    with visit(browser, live_server, agent) as page:
        page.goto(f"/my/{recording_id}")
        ready(page)
        expect(page.locator(".flag .appeal").first).to_contain_text("录音里确有风声")
        expect(page.locator(".total .value")).to_have_text(f"{score + 10:.0f}")
