"""The queue, the call and one's account: pictures, and what axe says; nothing to do, and something failing, too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from store import models, nights, queue
from tests.review.browser.driving import BLIND, LATER, LEASE, OTHER, open_call, picture, ready, saved, visit
from tests.review.people import POLITE, item_of, person, queued

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_queue_and_call_look_right(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    with visit(browser, live_server, reviewer) as page:
        page.goto("/queue")
        picture(page, "queue")
        page.goto("/queue?lane=hand")
        picture(page, "queue-empty")
        open_call(page, calls[OTHER], reviewer)
        page.keyboard.press("y")
        saved(page)
        page.keyboard.press("x")
        picture(page, "call")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        picture(page, "call-keys")
        page.keyboard.press("Escape")
        page.keyboard.press("m")
        picture(page, "call-add")
        page.goto("/me")
        picture(page, "account", whole=True)


def test_call_that_is_lost_or_cannot_be_heard_says_what_to_do(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    reviewer, other = person("gongdan", "reviewer"), person("xiaozhou", "reviewer")
    with visit(browser, live_server, reviewer) as page:
        open_call(page, calls[LATER], reviewer)
        models.QueueItem.objects.filter(recording=calls[LATER]).update(
            lease_until=timezone.now() - timedelta(minutes=1)
        )
        assert queue.claim(item_of(calls[LATER]).id, other, LEASE)
        page.keyboard.press("j")
        page.keyboard.press("y")
        expect(page.locator("#banner button")).to_be_visible()
        picture(page, "call-lost")

        Path(models.Recording.objects.get(id=calls[OTHER]).path).unlink()
        open_call(page, calls[OTHER], reviewer)
        expect(page.locator("#wave-loading")).to_contain_text("录音")
        picture(page, "call-without-sound")


def test_call_without_flags_looks_right(browser: Browser, live_server: Any) -> None:
    reviewer = person("gongdan", "reviewer")
    queued("c1", *POLITE)
    with visit(browser, live_server, reviewer) as page:
        open_call(page, "id-c1", reviewer)
        picture(page, "call-without-flags")


def test_blind_call_looks_right_before_and_after(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("xiaozhou", "reviewer")
    with visit(browser, live_server, reviewer) as page:
        open_call(page, calls[BLIND], reviewer)
        picture(page, "call-blind")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".compare")).to_be_visible()
        ready(page)
        picture(page, "call-compared")


def test_nothing_to_do_and_nothing_found_look_right(browser: Browser, live_server: Any) -> None:
    with visit(browser, live_server, person("gongdan", "reviewer")) as page:
        page.goto("/queue")
        picture(page, "queue-done")
        page.goto("/nowhere")
        picture(page, "missing")
        page.goto("/nights")
        picture(page, "refused")


def test_failure_looks_right(browser: Browser, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(limit: int) -> None:
        raise RuntimeError(str(limit))

    monkeypatch.setattr(nights, "runs", fail)
    with visit(browser, live_server, person("zhuguan", "supervisor"), broken=True) as page:
        page.goto("/nights")
        picture(page, "broken")


def test_english_looks_right(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    with visit(browser, live_server, reviewer) as page:
        page.click("button[name=language]")
        picture(page, "queue-english")
        open_call(page, calls[OTHER], reviewer)
        picture(page, "call-english")


def test_logging_in_looks_right(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    page = context.new_page()
    page.goto("/login")
    picture(page, "login")
    page.fill("[name=username]", "gongdan")
    page.fill("[name=password]", "wrong")
    page.click("button.primary")
    picture(page, "login-refused")
    context.close()
