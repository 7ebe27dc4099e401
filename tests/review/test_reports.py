from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.test import Client

from config.settings import load_settings
from flows.period_report import monthly_report
from pipeline.rules import load_rulebook
from quality.types import Review
from store.reports import report_named, save_report
from store.reviews import record_review
from tests.review.people import RUDE, person
from tests.stored_calls import store_call

pytestmark = pytest.mark.django_db


def kept_report() -> None:
    store_call(load_rulebook("mobile_service"), "c1", *RUDE, team="一组")
    record_review(Review("id-c1", "质检一", datetime(2026, 3, 3, tzinfo=UTC), 80.0))
    save_report(monthly_report("2026-03", load_settings()))


def test_kept_report_reads_back_as_it_was() -> None:
    store_call(load_rulebook("mobile_service"), "c1", *RUDE)
    report = monthly_report("2026-03", load_settings())
    save_report(report)
    assert report_named("2026-03") == report
    assert report_named("2026-04") is None


def test_page_shows_report_with_charts_and_says_what_is_missing(client: Client) -> None:
    kept_report()
    client.force_login(person("s", "supervisor"))
    assert "2026-03" in client.get("/reports").content.decode()
    page = client.get("/reports/2026-03").content.decode()
    assert "质检月报 2026-03" in page
    assert "数据不足" in page
    assert 'id="report-charts"' in page
    assert "质检一" in page
    assert "<script>" not in page


def test_what_is_said_of_reviewers_stays_with_those_who_calibrate_them(client: Client) -> None:
    kept_report()
    client.force_login(person("t", "trainer"))
    sheet = client.get("/reports/2026-03/sheet").content
    texts = zipfile.ZipFile(BytesIO(sheet)).read("xl/sharedStrings.xml").decode()
    for shown in (
        client.get("/reports/2026-03").content.decode(),
        client.get("/reports/2026-03/file").content.decode(),
        texts,
    ):
        assert "一组" in shown
        assert "质检一" not in shown


def test_page_in_english(client: Client) -> None:
    kept_report()
    client.force_login(person("s", "supervisor"))
    client.post("/language", {"language": "en"})
    page = client.get("/reports/2026-03").content.decode()
    assert "Quality report of the month 2026-03" in page
    assert "Not enough data" in page or "expected a month with draws" in page


def test_page_of_no_report_is_missing(client: Client) -> None:
    client.force_login(person("s", "supervisor"))
    assert client.get("/reports/2026-03").status_code == 404
    assert "还没有报表" in client.get("/reports").content.decode()
