"""A report in a real browser: the page under its strict policy, and the file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from config.settings import load_settings
from flows.period_report import monthly_report
from pipeline.rules import load_rulebook
from quality.report_sections import layout_of
from review.report_page import report_file
from store.reports import save_report
from tests.review.browser.driving import picture, visit
from tests.review.people import RUDE, person
from tests.stored_calls import store_call

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

DRAWN = """[...document.querySelectorAll('[data-chart]')].map((place) => {
  const canvas = place.querySelector('canvas');
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.filter((value, at) => at % 4 === 3 && value > 0).length > 500;
})"""


def test_charts_are_drawn_on_the_page_and_in_the_file(browser: Browser, live_server: Any, tmp_path: Path) -> None:
    book = load_rulebook("mobile_service")
    for day in range(2, 6):
        about = {"started_at": f"2026-03-{day:02d}T1{day}:00:00+08:00", "team": "一组" if day % 2 else "二组"}
        store_call(book, f"c{day}", *RUDE, **about)
    report = monthly_report("2026-03", load_settings())
    save_report(report)
    with visit(browser, live_server, person("zhuguan", "supervisor")) as page:
        page.goto("/reports/2026-03")
        drawn = page.evaluate(DRAWN)
        assert len(drawn) >= 6
        assert all(drawn)
        picture(page, "report")
        page.goto("/reports")
        picture(page, "reports")

    place = tmp_path / "report.html"
    place.write_text(report_file(layout_of(report), "zh"), encoding="utf-8")
    alone = browser.new_context(offline=True).new_page()
    wrong: list[str] = []
    alone.on("pageerror", lambda error: wrong.append(str(error)))
    alone.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    alone.goto(place.as_uri())
    assert alone.evaluate(DRAWN) == drawn
    assert alone.inner_text("h1") == "质检月报 2026-03"
    assert wrong == []
    alone.context.close()
