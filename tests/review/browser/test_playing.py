"""What is heard: where it begins and ends, how fast, which side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from store import models, queue
from tests.review.browser.driving import (
    LEASE,
    OTHER,
    THREE_FLAGS,
    flags_of,
    open_call,
    prefer,
    ready,
    time_of,
    until,
    visit,
)
from tests.review.bundled import store_bundled
from tests.review.people import item_of, person, put_into_queue

LONG_SILENCE, SHORT_SILENCE = "20260302-021", "20260302-010"
PLAYED_BETWEEN = """([first, last]) => {
  const { played } = document.getElementById("audio");
  let sum = 0;
  for (let n = 0; n < played.length; n += 1) {
    sum += Math.max(0, Math.min(played.end(n), last) - Math.max(played.start(n), first));
  }
  return sum;
}"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def test_playing_begins_and_ends_where_the_evidence_does(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    reviewer = person("gongdan", "reviewer")
    prefer(reviewer, preroll_s=0, autoplay=False, slow_replay=True)
    queue.claim(item_of(calls[THREE_FLAGS]).id, reviewer, LEASE)
    with visit(browser, live_server, reviewer) as page:
        page.goto(f"/calls/{calls[THREE_FLAGS]}")
        ready(page)
        whole = models.Recording.objects.get(id=calls[THREE_FLAGS]).duration_s or 0.0
        heard = 0
        for flag in flags_of(calls[THREE_FLAGS]):
            page.keyboard.press("j")
            expect(page.locator(f'[data-flag="{flag.id}"]')).to_have_class(re.compile("current"))
            if flag.end_s - flag.start_s > whole / 2:
                continue
            # Without the seconds before it and without playing at once: the very place of the evidence.
            heard += 1
            until(page, "!document.getElementById('audio').seeking")
            assert time_of(page) == pytest.approx(flag.start_s, abs=0.1)
            page.keyboard.press(" ")
            until(page, f"document.getElementById('audio').currentTime > {flag.start_s + 0.3}")
            page.keyboard.press("p")
            # What is heard again is slower, as this person wants it.
            until(page, "document.getElementById('audio').playbackRate === 0.75")
            until(page, "document.getElementById('audio').paused")
            until(page, "!document.getElementById('audio').seeking")
            assert time_of(page) == pytest.approx(flag.end_s + 1, abs=0.1)
        assert heard
        expect(page.locator("#speed")).to_have_text("1.0×")


def test_muting_speed_and_silence_keep_the_sound_going(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    reviewer = person("gongdan", "reviewer")
    queue.claim(item_of(calls[OTHER]).id, reviewer, LEASE)
    with visit(browser, live_server, reviewer) as page:
        page.goto(f"/calls/{calls[OTHER]}")
        ready(page)
        expect(page.locator("#lane-names button")).to_have_count(2)
        for key in ("]", "]", "2", "s"):
            page.keyboard.press(key)
        expect(page.locator("#speed")).to_have_text("1.2×")
        expect(page.locator('#lane-names .customer[aria-pressed="true"]')).to_have_count(1)
        page.click('.line[data-line="2"] .words mark')
        until(page, "!document.getElementById('audio').paused")
        at = time_of(page)
        until(page, f"document.getElementById('audio').currentTime > {at} + 0.5")
        assert page.evaluate("document.getElementById('audio').preservesPitch")


def test_words_pre_roll_and_replay_move_the_sound(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    flag = flags_of(calls[OTHER])[2]
    with visit(browser, live_server, reviewer) as page:
        open_call(page, calls[OTHER], reviewer)
        page.fill("#preroll", "1")
        page.click(f'[data-play-flag="{flag.id}"]')
        until(page, "!document.getElementById('audio').paused")
        page.keyboard.press(" ")
        assert time_of(page) == pytest.approx(flag.start_s - 1, abs=0.6)
        page.keyboard.press("ArrowRight")
        at = time_of(page)
        page.keyboard.press("r")
        page.keyboard.press(" ")
        assert time_of(page) == pytest.approx(at - 3, abs=0.6)
        # A word that no flag marks plays from there on.
        page.locator('.line[data-line="3"] .words').click(position={"x": 4, "y": 8})
        until(page, "!document.getElementById('audio').paused")
        page.keyboard.press(" ")
        line = page.evaluate("JSON.parse(document.getElementById('call-data').textContent).lines[3]")
        assert time_of(page) == pytest.approx(line["start"], abs=0.6)


def test_silence_is_passed_over_but_not_where_it_is_the_evidence(
    browser: Browser, live_server: Any, tmp_path: Path, listening: None
) -> None:
    reviewer = person("gongdan", "reviewer")
    found = store_bundled(tmp_path, [LONG_SILENCE, SHORT_SILENCE])
    for recording_id in found.values():
        put_into_queue(recording_id, "must")
    silence = next(flag for flag in flags_of(found[LONG_SILENCE]) if flag.end_s - flag.start_s > 8)
    with visit(browser, live_server, reviewer) as page:
        open_call(page, found[LONG_SILENCE], reviewer)
        page.keyboard.press("s")
        expect(page.locator("#skip-silence")).to_have_attribute("aria-pressed", "true")
        page.click(f'[data-play-flag="{silence.id}"]')
        until(page, f"document.getElementById('audio').currentTime > {silence.end_s - 0.5}")
        page.keyboard.press(" ")
        assert page.evaluate(PLAYED_BETWEEN, [silence.start_s, silence.end_s - 1]) > 5

        # Three seconds in which nobody speaks, and which nobody is charged with.
        open_call(page, found[SHORT_SILENCE], reviewer)
        page.keyboard.press("s")
        page.evaluate("document.getElementById('audio').currentTime = 6.4")
        page.keyboard.press(" ")
        until(page, "document.getElementById('audio').currentTime > 9.8")
        page.keyboard.press(" ")
        assert page.evaluate(PLAYED_BETWEEN, [7.2, 9.5]) < 1
