"""A reviewer's day by keyboard, and what two tabs do to each other."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from store import models, queue
from tests.review.browser.driving import (
    BLIND,
    LATER,
    LEASE,
    SELECT_TWO_CHARACTERS,
    THREE_FLAGS,
    flags_of,
    open_call,
    ready,
    saved,
    time_of,
    until,
    visit,
)
from tests.review.people import item_of, person

PREROLL_S = 3.0
LAST_PLAYED = """() => {
  const { played } = document.getElementById("audio");
  return [played.start(played.length - 1), played.end(played.length - 1)];
}"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_reviewer_works_through_calls_by_keyboard(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    flags = flags_of(calls[THREE_FLAGS])
    assert len(flags) == 3
    with visit(browser, live_server, reviewer) as page:
        page.wait_for_url("**/queue")
        page.keyboard.press("n")
        page.wait_for_url(f"**/calls/{calls[THREE_FLAGS]}")
        ready(page)

        # The second flag is a moment, not the whole call: play it, with the seconds before it.
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(page.locator(f'[data-flag="{flags[1].id}"]')).to_have_class(re.compile("current"))
        until(page, "!document.getElementById('audio').seeking")
        assert time_of(page) >= flags[1].start_s - PREROLL_S - 0.1
        until(page, "document.getElementById('audio').paused")
        assert time_of(page) == pytest.approx(flags[1].end_s + 1, abs=0.35)
        assert [flags[1].start_s - PREROLL_S, flags[1].end_s + 1] == pytest.approx(page.evaluate(LAST_PLAYED), abs=0.35)

        page.keyboard.press("p")
        page.keyboard.press(" ")
        until(page, "document.getElementById('audio').paused")
        assert time_of(page) == pytest.approx(flags[1].start_s - PREROLL_S, abs=0.5)

        # Confirm, undo, reject with a reason.
        page.keyboard.press("y")
        saved(page)
        pressed = page.locator(f'[data-flag="{flags[1].id}"] [data-verdict="confirm"][aria-pressed="true"]')
        expect(pressed).to_have_count(1)
        page.keyboard.press("z")
        expect(pressed).to_have_count(0)
        page.click(f'[data-flag="{flags[1].id}"] [data-verdict="reject"]')
        page.keyboard.press("2")
        expect(page.locator(f'[data-flag="{flags[1].id}"] .why')).to_have_text("语境不符")

        # A violation that the machine missed: select words, choose the rule.
        page.evaluate(SELECT_TWO_CHARACTERS)
        page.keyboard.press("m")
        page.keyboard.type("LANG.05")
        page.keyboard.press("Enter")
        expect(page.locator(".flag.added")).to_have_count(1)
        saved(page)
        page.click(f'[data-flag="{flags[2].id}"] [data-verdict="confirm"]')
        saved(page)
        page.click(f'[data-flag="{flags[0].id}"] [data-verdict="confirm"]')
        expect(page.locator("#left")).to_have_text("已判 3 / 3")
        saved(page)
        expect(page.locator("#total")).to_have_text("0")
        page.keyboard.press("Control+Enter")

        # The next call is heard blind: nothing of the machine is in anything that the server sends.
        page.wait_for_url(f"**/calls/{calls[BLIND]}")
        ready(page)
        sent = page.content() + page.request.get(f"/calls/{calls[BLIND]}").text()
        for finding in flags_of(calls[BLIND]):
            assert finding.message not in sent
            assert f'data-flag="{finding.id}"' not in sent
        assert json.loads(page.locator("#call-data").text_content() or "")["flags_data"] == []
        expect(page.locator("#total")).to_have_text("100")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".compare")).to_contain_text("与机器对照")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(f"**/calls/{calls[LATER]}")

    reviews = {review.recording_id: review for review in models.Review.objects.all()}
    assert reviews[calls[THREE_FLAGS]].score == 0
    assert (reviews[calls[BLIND]].score, reviews[calls[BLIND]].blind) == (100, True)
    assert models.AddedViolation.objects.get().rule == "LANG.05"
    assert models.Reveal.objects.get().person == "gongdan"


def test_keys_are_what_a_person_makes_them(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    with visit(browser, live_server, reviewer) as page:
        page.goto("/me")
        page.fill("[name=confirm]", "x")
        page.click("form:has([name=confirm]) button")
        expect(page.locator("form:has([name=confirm]) .note.error").first).to_contain_text("只能做一件事")
        page.fill("[name=confirm]", "a")
        page.click("form:has([name=confirm]) button")
        expect(page.locator(".note.success")).to_be_visible()
        open_call(page, calls[LATER], reviewer)
        first = f'[data-flag="{flags_of(calls[LATER])[0].id}"] [data-verdict="confirm"]'
        expect(page.locator(f"{first} kbd")).to_have_text("A")
        page.keyboard.press("y")
        page.keyboard.press("a")
        saved(page)
        expect(page.locator(f'{first}[aria-pressed="true"]')).to_have_count(1)
        page.keyboard.press("?")
        expect(page.locator("#help")).to_contain_text("成立，并到下一条")
    assert models.SittingEvent.objects.count() == 1


def test_second_tab_is_told_and_overwrites_nothing(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    queue.claim(item_of(calls[LATER]).id, reviewer, LEASE)
    flag = flags_of(calls[LATER])[0].id
    with visit(browser, live_server, reviewer) as page:
        page.goto(f"/calls/{calls[LATER]}")
        ready(page)
        second = page.context.new_page()
        second.goto(f"/calls/{calls[LATER]}")
        ready(second)
        page.click(f'[data-flag="{flag}"] [data-verdict="confirm"]')
        saved(page)
        second.click(f'[data-flag="{flag}"] [data-verdict="unsure"]')
        expect(second.locator("#banner")).to_contain_text("另一个标签页")
    assert [event.payload["verdict"] for event in models.SittingEvent.objects.all()] == ["confirm"]
