"""The pages in a real browser (Debian's Chromium), with real recordings; pictures of every page on the way.

The pictures go to ``build/screenshots``, or where ``TINGJIAN_SCREENSHOTS`` says (``make screenshots``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pipeline.rules.loading import BUNDLED
from review.views import sound
from store import estimates, models, month_reports, proposals, queue
from store.centre import AgentRow, set_agents
from tests.review.bundled import store_bundled
from tests.review.people import item_of, person, put_into_queue
from tests.review.test_calls import send, submit, take
from tests.review.test_result_pages import an_estimate, some_estimates
from tingjian.commands.wanted_backtests import run_wanted_backtest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(os.environ.get("TINGJIAN_SCREENSHOTS", ROOT / "build" / "screenshots"))
AXE = ROOT / "build" / "axe.min.js"
THREE_FLAGS, BLIND, LATER, OTHER = "20260302-018", "20260302-029", "20260302-014", "20260302-017"
PASSWORD = "correct-horse-7"
PREROLL_S = 3.0
SELECT_TWO_CHARACTERS = """() => {
  const first = document.querySelector(".line.agent .words").firstChild;
  const words = first.firstChild || first;
  const range = document.createRange();
  range.setStart(words, 0);
  range.setEnd(words, 2);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""
SIZES = ((1440, 900), (1024, 768))

looked_at: set[Page] = set()
# A machine that does other things beside the tests answers late, not wrongly.
expect.set_options(timeout=30_000)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is not installed; run: bash scripts/system_pieces.sh"
    # Playwright's loop runs in this thread; the tables are only used between its steps.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-gpu"]
        started = playwright.chromium.launch(executable_path=found, args=arguments)
        yield started
        started.close()


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Bundled calls in the queue: one with three flags first, then one of the blind lane."""
    settings = SimpleNamespace(listening_dir=tmp_path / "listening", accel_redirect="")
    monkeypatch.setattr(sound, "settings_in_force", lambda: settings)
    found = store_bundled(tmp_path, [THREE_FLAGS, BLIND, LATER, OTHER])
    put_into_queue(found[THREE_FLAGS], "must")
    put_into_queue(found[BLIND], "probability")
    put_into_queue(found[LATER], "risk")
    put_into_queue(found[OTHER], "risk")
    return found


@contextmanager
def visit(browser: Browser, live_server: Any, user: Any, **options: Any) -> Iterator[Page]:
    """A page of a person who has logged in by the form; nothing may go wrong in its scripts."""
    user.set_password(PASSWORD)
    user.save()
    context: BrowserContext = browser.new_context(
        base_url=live_server.url, locale="zh-CN", viewport={"width": 1440, "height": 900}, **options
    )
    # A machine that does other things beside the tests answers late, not wrongly.
    context.set_default_navigation_timeout(120_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" and "40" not in line.text else None)
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
        began = time_of(page)
        assert began >= flags[1].start_s - PREROLL_S - 0.1
        until(page, f"document.getElementById('audio').currentTime > {began + 0.3}")
        until(page, "document.getElementById('audio').paused")
        assert time_of(page) == pytest.approx(flags[1].end_s + 1, abs=0.35)

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


def prefer(user: Any, **preferences: Any) -> None:
    models.Account.objects.filter(user=user).update(preferences=preferences)


def test_playing_begins_and_ends_where_the_evidence_does(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    reviewer = person("gongdan", "reviewer")
    prefer(reviewer, preroll_s=0, autoplay=False, slow_replay=True)
    queue.claim(item_of(calls[THREE_FLAGS]).id, reviewer, timedelta(minutes=20))
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


def test_muting_speed_and_silence_keep_the_sound_going(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    reviewer = person("gongdan", "reviewer")
    queue.claim(item_of(calls[OTHER]).id, reviewer, timedelta(minutes=20))
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


def test_second_tab_is_told_and_overwrites_nothing(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    queue.claim(item_of(calls[LATER]).id, reviewer, timedelta(minutes=20))
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


def review_all(recording_id: str, reviewer: Any) -> None:
    """Confirm every flag of a call and hand it in, without a browser."""
    client = Client()
    client.force_login(reviewer)
    take(client, recording_id)
    version = 0
    for flag in flags_of(recording_id):
        version = send(client, recording_id, version, "verdict", finding=flag.id, verdict="confirm").json()["version"]
    assert submit(client, recording_id, version).status_code == 200


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


def picture(page: Page, name: str) -> None:
    """Pictures at both widths in both themes; nothing is wider than the window, and axe finds nothing serious."""
    looked_at.add(page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(150)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than {width}"
            # Hiding the caret would put a style into the page, which its policy refuses.
            page.screenshot(path=PICTURES / f"{name}-{width}-{theme}.png", caret="initial")
        # The policy of the page lets no foreign script in; the test's own goes round it.
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        told = [f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['any'][:1]}" for one in serious]
        assert told == [], f"{name} {theme}"


def test_pages_look_right_and_are_accessible(browser: Browser, live_server: Any, calls: dict[str, str]) -> None:
    reviewer = person("gongdan", "reviewer")
    queue.claim(item_of(calls[OTHER]).id, reviewer, timedelta(minutes=20))
    with visit(browser, live_server, reviewer) as page:
        page.goto("/queue")
        picture(page, "queue")
        page.goto("/queue?lane=hand")
        picture(page, "queue-empty")
        page.goto(f"/calls/{calls[OTHER]}")
        ready(page)
        page.keyboard.press("y")
        saved(page)
        page.keyboard.press("x")
        picture(page, "call")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        picture(page, "call-keys")
        page.goto("/me")
        picture(page, "account")
        page.goto("/nowhere")
        picture(page, "missing")


def test_blind_call_and_login_look_right_and_are_accessible(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    blind = person("xiaozhou", "reviewer")
    queue.claim(item_of(calls[BLIND]).id, blind, timedelta(minutes=20))
    with visit(browser, live_server, blind) as page:
        page.goto(f"/calls/{calls[BLIND]}")
        ready(page)
        picture(page, "call-blind")
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    page.goto("/login")
    picture(page, "login")
    context.close()


def test_pages_of_results_look_right_and_are_accessible(
    browser: Browser, live_server: Any, calls: dict[str, str]
) -> None:
    boss = person("zhuguan", "supervisor")
    some_estimates()
    agent_id = models.Recording.objects.get(id=calls[OTHER]).agent_id
    values = (("2026-01", 71.0), ("2026-02", 64.0), ("2026-03", 58.5))
    estimates.save_estimates(an_estimate(agent_id, month, value) for month, value in values)
    some_reports(agent_id)
    proposal = a_tried_proposal()
    with visit(browser, live_server, boss) as page:
        for name in ("agents", f"agents/{agent_id}", "teams", "teams/客服一组", "nights",
                     f"nights/{models.Batch.objects.get().id}", "rules", "rules/LANG.03", "calibration"):  # fmt: skip
            page.goto(f"/{name}")
            first, _slash, more = name.partition("/")
            picture(page, f"{first.rstrip('s')}-one" if more else first)
        page.goto("/rules/proposals")
        picture(page, "proposals")
        page.goto(f"/rules/proposals/{proposal}")
        picture(page, "proposal-one")


def some_reports(agent_id: str) -> None:
    """What the commands after the night keep for the pages."""

    def estimate(value: float | None, half: float = 2.0) -> dict[str, Any]:
        interval = None if value is None else {"value": value, "low": value - half, "high": value + half}
        reason = "评过的通话太少" if value is None else None
        return {"interval": interval, "method": value and "greg", "calls": 1820, "reviews": 96, "certain": 12,
                "reason": reason}  # fmt: skip

    def error(item: str, rate: float, scope: str = "none", alone: bool = False) -> dict[str, Any]:
        return {"item": item, "scope": scope, "rate": rate, "reviews": 31.5, "everybody": 0.04, "target": 0.05,
                "stands_out": alone, "low": 0.0, "high": 0.12}  # fmt: skip

    for month, value in (("2026-02", 84.5), ("2026-03", 87.0)):
        rates = {"pass_rate": estimate(0.88, 0.04), "fatal_rate": estimate(0.021, 0.013)}
        teams = {"客服一组": {"score": estimate(value), **rates}, "客服二组": {"score": estimate(None)}}
        month_reports.save(month, month_reports.TEAM, teams)
    by = {"by": "reviews", "months": ["2026-03"]}
    unit = {"name": agent_id, "reviews": 31.0, "rate": 0.29, "compared_with": 0.04, "p_value": 0.001, "q_value": 0.01}
    scopes = {
        "LANG.03": {"scope": "individual", "agents": [unit], "groups": [], "rate": 0.06, "target": 0.05},
        "SIL.01": {"scope": "universal", "agents": [], "groups": [], "rate": 0.21, "target": 0.05},
        "CLOSE.01": {"scope": "none", "agents": [], "groups": [], "rate": 0.03, "target": 0.05},
    }
    scoped = {item: {**one, **by, "order": number} for number, (item, one) in enumerate(scopes.items())}
    month_reports.save("2026-03", month_reports.SCOPE, scoped)
    errors = [
        error("LANG.03", 0.29, "individual", alone=True),
        error("SIL.01", 0.2, "universal"),
        error("CLOSE.01", 0.03),
    ]
    month_reports.save("2026-03", month_reports.AGENT_ERRORS, {agent_id: {**by, "errors": errors}})
    month_reports.save("2026-03", month_reports.TEAM_ERRORS, {"客服一组": {**by, "errors": errors[1:]}})
    names = ("M score", "I flags", "T hour", "T part of month", "L minutes", "A type")
    checks = [
        {"dimension": name, "mean_smd": 0.1 + number / 10, "p_value": 0.6 / (number + 1), "unusual": number == 4}
        for number, name in enumerate(names)
    ]
    month_reports.save("2026-03", month_reports.HEARD, {agent_id: {"calls": 300, "sample": 15, "checks": checks}})


def a_tried_proposal() -> int:
    """A new version of the rulebook, tried on the calls of the test."""
    text = (BUNDLED / "mobile_service.yaml").read_text(encoding="utf-8")
    text = re.sub(r'^version: ".*"$', 'version: "9.1"', text, count=1, flags=re.MULTILINE)
    for quote in models.Finding.objects.filter(rule="LANG.03").values_list("quote", flat=True):
        text = text.replace(quote, quote[::-1])
    row = proposals.propose("mobile_service", "9.1", "digest", text, "“有完没完”加一种说法", "zhuguan")
    proposals.want_backtest(row.pk, 30)
    assert run_wanted_backtest()
    row.refresh_from_db()
    assert row.backtest_state == "done"
    return row.pk


def test_administration_looks_right_and_is_accessible(browser: Browser, live_server: Any) -> None:
    root = person("root", "administrator")
    set_agents([AgentRow("A01", "王工", "客服一组"), AgentRow("A02", "李师傅", "客服二组", active=False)])
    models.Webhook.objects.create(name="crm", url="https://crm.example.com/hook", secret="x")
    with visit(browser, live_server, root) as page:
        for name in ("admin/", "admin/store/agent/", "admin/store/agent/import/", "admin/auth/user/",
                     f"admin/auth/user/{root.pk}/change/"):  # fmt: skip
            page.goto(f"/{name}")
            picture(page, "-".join(part for part in name.split("/") if not part.isdigit()).rstrip("-"))
