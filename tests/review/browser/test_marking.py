"""What a reviewer writes on a call: comments, corrected lines, violations by region; and giving it out of hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from store import models, queue
from tests.review.browser.driving import (
    LATER,
    LEASE,
    OTHER,
    flags_of,
    open_call,
    prefer,
    ready,
    saved,
    time_of,
    until,
    visit,
)
from tests.review.people import item_of, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def draw(page: Page, first: float, last: float) -> None:
    """Draw a stretch on the agent's lane, from one share of the width to another."""
    box = page.locator("#wave").bounding_box()
    assert box
    drawn = page.locator("#wave [part^='region region-']")
    for _try in range(3):
        page.mouse.move(box["x"] + first * box["width"], box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + last * box["width"], box["y"] + 24, steps=6)
        page.mouse.up()
        page.wait_for_timeout(300)
        # A page that is busy at this very moment may miss the movement, as it may a person's.
        if drawn.count():
            return
    raise AssertionError("no stretch was drawn")


def test_comments_corrections_and_violations_stay_and_count(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    reviewer = person("gongdan", "reviewer")
    with visit(browser, live_server, reviewer) as page:
        open_call(page, calls[LATER], reviewer)
        expect(page.locator("#total")).to_have_text("80")
        page.click('.line[data-line="5"] .at')
        page.keyboard.press(" ")
        heard = time_of(page)
        page.keyboard.press("c")
        page.fill("#text-input", "语气很急")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".comment")).to_contain_text("语气很急")
        saved(page)

        # The line that is heard: the one before, where the sound began some seconds early.
        page.keyboard.press("e")
        page.fill("#text-input", "请您旁边的人小声一些")
        page.keyboard.press("Control+Enter")
        expect(page.locator('.line[data-line="4"] .corrected')).to_contain_text("小声一些")
        expect(page.locator('.line[data-line="4"] .words')).to_contain_text("叫你旁边的人")

        draw(page, 0.62, 0.7)
        page.keyboard.press("m")
        page.keyboard.type("LANG.05")
        page.keyboard.press("Enter")
        saved(page)
        expect(page.locator("#banner")).to_have_text("")
        expect(page.locator(".flag.added")).to_have_count(1)
        expect(page.locator("#total")).to_have_text("70")
        first = flags_of(calls[LATER])[0]
        page.click(f'[data-flag="{first.id}"] .message')
        page.keyboard.press("u")
        expect(page.locator("#total")).to_have_text("80")
        saved(page)

        # Whoever leaves and comes back finds all of it.
        page.goto("/queue")
        page.goto(f"/calls/{calls[LATER]}")
        ready(page)
        expect(page.locator(".comment")).to_contain_text("语气很急")
        expect(page.locator('.line[data-line="4"] .corrected')).to_be_visible()
        expect(page.locator("#total")).to_have_text("80")
        page.click(".flag.added [data-undo]")
        expect(page.locator(".flag.added")).to_have_count(0)
        expect(page.locator("#total")).to_have_text("90")
        page.click(".comment [data-play]")
        page.keyboard.press(" ")
        assert time_of(page) == pytest.approx(heard, abs=4)
    kinds = [event.kind for event in models.SittingEvent.objects.order_by("id")]
    assert kinds == ["comment", "correct", "add", "verdict", "undo"]
    added = models.SittingEvent.objects.get(kind="add").payload
    length = models.Recording.objects.get(id=calls[LATER]).duration_s or 0.0
    assert added["start_s"] == pytest.approx(0.62 * length, abs=0.5)
    assert added["end_s"] == pytest.approx(0.7 * length, abs=0.5)


def test_what_is_marked_while_it_plays_lies_before_the_key_was_pressed(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    reviewer = person("gongdan", "reviewer")
    prefer(reviewer, reaction_s=2)
    with visit(browser, live_server, reviewer) as page:
        open_call(page, calls[LATER], reviewer)
        page.evaluate("document.getElementById('audio').currentTime = 20")
        page.keyboard.press(" ")
        until(page, "document.getElementById('audio').currentTime > 20.2")
        page.keyboard.press("c")
        page.fill("#text-input", "这里")
        page.keyboard.press("Control+Enter")
        saved(page)
        stopped = time_of(page)
    assert models.SittingEvent.objects.get().payload["at_s"] == pytest.approx(stopped - 2, abs=0.3)


def test_call_goes_back_or_to_somebody_else(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    first, second = person("gongdan", "reviewer"), person("xiaozhou", "reviewer")
    with visit(browser, live_server, first) as page:
        open_call(page, calls[OTHER], first)
        page.click("text=放回队列")
        page.wait_for_url("**/queue")
        assert queue.claim(item_of(calls[OTHER]).id, first, LEASE)
        page.goto("/queue")
        row = page.locator("tr", has_text=OTHER)
        row.locator("summary").click()
        row.locator("[name=to]").fill("xiaozhou")
        row.locator("form[action$='/hand-over'] button").click()
        expect(page.locator("tr", has_text=OTHER)).to_contain_text("留给")
    with visit(browser, live_server, second) as page:
        page.goto("/queue")
        page.locator("tr", has_text=OTHER).locator("form[action$='/take'] button").click()
        page.wait_for_url(f"**/calls/{calls[OTHER]}")


def test_expired_lease_loses_the_call_but_nothing_that_was_saved(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    first, second = person("gongdan", "reviewer"), person("xiaozhou", "reviewer")
    with visit(browser, live_server, first) as page:
        open_call(page, calls[LATER], first)
        page.keyboard.press("y")
        saved(page)
        models.QueueItem.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
        assert queue.claim(item_of(calls[LATER]).id, second, LEASE)
        page.keyboard.press("y")
        expect(page.locator("#banner")).to_contain_text("已不在您手上")
        expect(page.locator("#saved")).to_have_text("未保存")
        page.click("#banner button")
        page.wait_for_url("**/queue")
        expect(page.locator("tr", has_text=LATER)).to_contain_text("xiaozhou")
    assert models.SittingEvent.objects.count() == 1
