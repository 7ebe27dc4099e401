from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from django.core.management import call_command
from django.db import connection

from flows.agent_estimates import estimates_of_month
from pipeline.rules import load_rulebook
from quality.agent_month import Quantity
from quality.estimates import EstimateOptions
from quality.types import Review
from quality.verdicts import Verdict
from store import export_columns, models, sql_views
from store.estimates import save_estimates
from store.export_columns import TABLES
from store.plans import Plan, set_plans
from store.reviews import record_review
from store.stretches import StoredCluster, save_clusters
from store.verdicts import file_appeal, record_verdict
from tests.review.people import POLITE, RUDE, put_into_queue
from tests.stored_calls import store_call
from tingjian.cli import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> None:
    """A row in every table: three calls of two months, one of them judged twice, one a test call."""
    book = load_rulebook("mobile_service")
    store_call(book, "rude", *RUDE, agent_name="=张一", team="一组", duration_s="20")
    store_call(book, "rude", *RUDE, code_version="other", agent_name="=张一", team="一组", duration_s="20")
    store_call(book, "polite", *POLITE, started_at="2026-02-28T23:30:00+08:00", team="二组")
    store_call(load_rulebook("announced_test_call"), "test", "agent: 您好。", call_type="test")
    put_into_queue("id-rude", "probability")
    record_review(Review("id-rude", "质检一", datetime(2026, 3, 3, tzinfo=UTC), 80.0, deductions={"LANG.03": 20.0}))
    finding = models.Finding.objects.order_by("-id").filter(assessment__recording="id-rude").first()
    record_verdict(finding.pk, Verdict.CONFIRM, "质检一", comment="客户哭了")
    file_appeal(finding.pk, "A1", "我没有说")
    estimates = estimates_of_month("2026-03", [Quantity.SCORE], EstimateOptions())
    save_estimates(one for report in estimates.reports for one in report.estimates)
    set_plans([Plan("质检一", date(2026, 3, 2), 40)])
    document = {"findings": [finding.pk], "rules": [["LANG.03", 1]], "share": 0.5, "scope": "none"}
    save_clusters("2026-03", [StoredCluster("2026-03", 1, "用不起", "用不起就别用", 1.0, 1, (0.0,), document)])


def exported(name: str, place: Path, *more: str) -> list[dict[str, str]]:
    out = place / f"{name}.csv"
    assert run(["export", name, "--out", str(out), *more]) == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    with out.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("centre")
def test_every_table_is_the_same_as_csv_and_as_parquet(tmp_path: Path) -> None:
    for table in TABLES:
        rows = exported(table.name, tmp_path, "--with-words")
        out = tmp_path / "t.parquet"
        assert run(["export", table.name, "--out", str(out), "--with-words"]) == 0
        typed = pyarrow.parquet.read_table(out)
        assert typed.column_names == [column.name for column in table.columns]
        assert len(rows) == typed.num_rows > 0, table.name
        for row, values in zip(rows, typed.to_pylist(), strict=True):
            for column, value in values.items():
                assert row[column].removeprefix("'") == shown(value), (table.name, column)


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else str(value)


@pytest.mark.usefixtures("centre")
def test_months_begin_in_the_centre_and_only_the_newest_assessment_counts(tmp_path: Path) -> None:
    march = exported("calls", tmp_path, "--month", "2026-03")
    assert [(row["call_id"], row["call_type"]) for row in march] == [("rude", "customer"), ("test", "test")]
    assert march[0]["agent_name"] == "'=张一", "no formula for a spreadsheet"
    assert march[0]["started_at"] == "2026-03-02 09:00:00"
    (february,) = exported("calls", tmp_path, "--month", "2026-02")
    assert february["call_id"] == "polite"
    findings = exported("findings", tmp_path, "--month", "2026-03")
    assert {row["assessment_id"] for row in findings if row["call_id"] == "rude"} == {march[0]["assessment_id"]}
    measured = {row["measure"] for row in exported("measures", tmp_path) if row["call_id"] == "rude"}
    assert "greeting_latency_s" in measured


@pytest.mark.usefixtures("centre")
def test_words_stay_out_unless_asked_for(tmp_path: Path, capsys) -> None:
    for table in TABLES:
        if not table.only_words:
            exported(table.name, tmp_path)
            text = (tmp_path / f"{table.name}.csv").read_text(encoding="utf-8-sig")
            assert not [word for word in ("用不起就别用", "客户哭了", "我没有说", "你有完没完") if word in text]
    assert run(["export", "utterances", "--out", str(tmp_path / "u.csv")]) == 2
    assert "--with-words" in capsys.readouterr().err
    assert exported("findings", tmp_path, "--with-words")[0]["quote"]
    assert "客户哭了" in exported("verdicts", tmp_path, "--with-words")[0]["comment"]


@pytest.mark.usefixtures("centre")
def test_views_say_what_the_exports_say(tmp_path: Path) -> None:
    for table in (one for one in TABLES if one.view):
        names = [column.name for column in table.columns if not column.words]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table.view}")
            assert sorted(column[0] for column in cursor.description) == sorted(names)
            rows = [dict(zip((column[0] for column in cursor.description), row, strict=True)) for row in cursor]
        key = names[0] if table.name != "estimates" else "quantity"
        mine = exported(table.name, tmp_path)
        assert sorted(str(row[key]) for row in rows) == sorted(row[key] for row in mine)
        assert {row["month"] for row in rows} == {row["month"] for row in mine}


@pytest.mark.usefixtures("centre")
def test_views_read_by_another_programme() -> None:
    """A BI tool has no Django: plain SQL on the file, grouped as docs/exports.md shows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT team, count(*) FROM tingjian_calls WHERE month = '2026-03' AND call_type = 'customer' GROUP BY team"
        )
        assert cursor.fetchall() == [("一组", 1)]


def test_views_stand_aside_for_migrations() -> None:
    def there() -> set[str]:
        with connection.cursor() as cursor:
            return {table.name for table in connection.introspection.get_table_list(cursor) if table.type == "v"}

    assert there() >= set(sql_views.VIEWS)
    sql_views.before_migrations("default", ["a migration"])
    assert not there() & set(sql_views.VIEWS)
    sql_views.after_migrations("default", ["a migration"])
    assert there() >= set(sql_views.VIEWS)


@pytest.mark.django_db(transaction=True)
def test_views_stay_when_tables_are_emptied() -> None:
    call_command("flush", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tingjian_calls")
        assert cursor.fetchall() == [(0,)]


def test_file_that_cannot_be_whole_is_not_there(tmp_path: Path, monkeypatch, capsys) -> None:
    store_call(load_rulebook("mobile_service"), "one", *RUDE)
    out = tmp_path / "calls.csv"
    out.write_text("before")

    def broken(*_: Any) -> Any:
        yield ("row",)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("store.exports.rows_of", lambda *_, **__: broken())
    assert run(["export", "calls", "--out", str(out)]) == 2
    assert "No space left" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["calls.csv"]
    assert out.read_text() == "before"


@pytest.mark.parametrize(
    ("out", "said"), [("calls.xls", ".csv or .parquet"), ("nowhere/calls.csv", "a folder that exists")]
)
def test_wrong_use_is_explained(out: str, said: str, tmp_path: Path, capsys) -> None:
    assert run(["export", "calls", "--out", str(tmp_path / out)]) == 2
    assert said in capsys.readouterr().err


def test_page_names_every_column() -> None:
    page = export_columns.PAGE.read_text(encoding="utf-8")
    assert export_columns.with_tables(page) == page, "run: python -m store.export_columns"
