"""Driving the pages in a real browser, and taking pictures of them.

All of them are kept where ``TINGJIAN_SCREENSHOTS`` says (``make screenshots``); without it one of each page goes to
``build/screenshots``, and the others are only checked.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from store import models, queue
from tests.review.people import item_of
from tests.review.test_calls import send, submit, take

ROOT = Path(__file__).resolve().parents[3]
PICTURES = Path(os.environ.get("TINGJIAN_SCREENSHOTS", ROOT / "build" / "screenshots"))
KEPT = "TINGJIAN_SCREENSHOTS" in os.environ
AXE = ROOT / "build" / "axe.min.js"
THREE_FLAGS, BLIND, LATER, OTHER = "20260302-018", "20260302-029", "20260302-014", "20260302-017"
PASSWORD = "correct-horse-7"
LEASE = timedelta(minutes=20)
WIDE, NARROW = (1440, 900), (1024, 768)
SELECT_TWO_CHARACTERS = """() => {
  const first = document.querySelector(".line.agent .words").firstChild;
  const words = first.firstChild || first;
  const range = document.createRange();
  range.setStart(words, 0);
  range.setEnd(words, 2);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
COME_TO_REST = "document.getAnimations().forEach((one) => one.finish())"
BESIDE = "document.documentElement.scrollWidth <= innerWidth"
SCROLLED = "[...document.querySelectorAll('.scroll-x')].some((one) => one.scrollWidth > one.clientWidth + 1)"
# Elements whose text does not fit them and is not meant to be shortened: cut words and figures.
SHOWN_WHOLE = "button, .button, .badge, h1, h2, th, td.right, .value, dt, dd, kbd, label"
CUT_OFF = """(shown) => [...document.querySelectorAll(shown)]
  .filter((one) => one.offsetParent && !one.matches(".sr") && one.children.length === 0)
  .filter((one) => getComputedStyle(one).textOverflow !== "ellipsis" && getComputedStyle(one).display !== "inline")
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 40)}`)"""

looked_at: set[Page] = set()
# A machine that does other things beside the tests answers late, not wrongly.
expect.set_options(timeout=30_000)


@contextmanager
def visit(browser: Browser, live_server: Any, user: Any, *, broken: bool = False, **options: Any) -> Iterator[Page]:
    """A page of a person who has logged in by the form; nothing may go wrong in its scripts.

    ``broken``: the server's own failure is what is looked at, and no fault of the page.
    """
    user.set_password(PASSWORD)
    user.save()
    context: BrowserContext = browser.new_context(
        base_url=live_server.url, locale="zh-CN", viewport={"width": WIDE[0], "height": WIDE[1]}, **options
    )
    # A machine that does other things beside the tests answers late, not wrongly.
    context.set_default_navigation_timeout(120_000)
    page = context.new_page()
    wrong: list[str] = []
    expected = ("status of 4", "status of 5") if broken else ("status of 4",)

    def heard(line: Any) -> None:
        if line.type == "error" and not any(one in line.text for one in expected):
            wrong.append(line.text)

    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", heard)
    page.goto("/login")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("button.primary")
    yield page
    context.close()
    # axe puts styles of its own into the pages that it looks at.
    assert [line for line in wrong if page not in looked_at or "Applying inline style" not in line] == []


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]")


def until(page: Page, truth: str) -> None:
    """Wait for an expression to hold; asked from outside, since the page's policy lets nothing be evaluated inside."""
    for _ in range(900):
        if page.evaluate(truth):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {truth}")


def time_of(page: Page) -> float:
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("已保存")


def flags_of(recording_id: str) -> list[models.Finding]:
    return list(models.Finding.objects.filter(assessment__recording=recording_id).order_by("id"))


def prefer(user: Any, **preferences: Any) -> None:
    models.Account.objects.filter(user=user).update(preferences=preferences)


def open_call(page: Page, recording_id: str, reviewer: Any) -> None:
    """A call in a reviewer's hands, on their page."""
    queue.claim(item_of(recording_id).id, reviewer, LEASE)
    page.goto(f"/calls/{recording_id}")
    ready(page)


def review_all(recording_id: str, reviewer: Any) -> None:
    """Confirm every flag of a call and hand it in, without a browser."""
    client = Client()
    client.force_login(reviewer)
    take(client, recording_id)
    version = 0
    for flag in flags_of(recording_id):
        version = send(client, recording_id, version, "verdict", finding=flag.id, verdict="confirm").json()["version"]
    assert submit(client, recording_id, version).status_code == 200


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Pictures at both widths in both themes; nothing is cut off or beside the window, and axe finds nothing serious.

    ``whole``: of the page down to its end, not of the window alone.
    """
    looked_at.add(page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    drawn = page.locator("canvas, #wave").count() > 0
    # The policy of the page lets no foreign script in; the test's own goes round it.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    faults: list[str] = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        # What fits in the light fits in the dark.
        for width, height in (WIDE, NARROW) if KEPT or theme == "light" else (NARROW,):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(TWO_FRAMES)
            page.evaluate(COME_TO_REST)
            if drawn:
                # Charts and waves follow the width a little later.
                page.wait_for_timeout(250)
            if not page.evaluate(BESIDE):
                faults.append(f"wider than {width}")
            if page.evaluate(SCROLLED):
                faults.append(f"a table is wider than its place at {width}")
            faults += [f"cut off at {width}: {one}" for one in page.evaluate(CUT_OFF, SHOWN_WHOLE)]
            if KEPT or (width, theme) == (WIDE[0], "light"):
                # Hiding the caret would put a style into the page, which its policy refuses.
                keep(page.screenshot(caret="initial", full_page=whole), PICTURES / f"{name}-{width}-{theme}.png")
        # Only the colours differ in the dark.
        told = "{resultTypes: ['violations']%s}" % (", runOnly: ['color-contrast']" if theme == "dark" else "")
        for one in page.evaluate(f"axe.run(document, {told})")["violations"]:
            if one["impact"] in ("serious", "critical"):
                node = one["nodes"][0]
                faults.append(f"{theme}: {one['id']}: {node['html'][:160]} {node['any'][:1]}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    assert faults == [], f"{name}: {faults}"


def keep(picture: bytes, path: Path) -> None:
    """Store a picture; in the repository with as few colours as do."""
    if KEPT:
        few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(200, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
    else:
        path.write_bytes(picture)
