from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from config.django import settings_in_force
from config.settings import load_settings
from pipeline.rules.loading import BUNDLED
from pipeline.rules.shelf import open_shelf
from review import publishing, rulebooks
from store import models, proposals
from tests.review.people import person, queued
from tingjian.commands import wanted_backtests

pytestmark = pytest.mark.django_db

TEXT = (BUNDLED / "mobile_service.yaml").read_text(encoding="utf-8")
OLD = open_shelf("mobile_service").rulebooks[0]


def changed(version: str = "99.0", **swaps: str) -> bytes:
    """The bundled rulebook under another version, with other words."""
    text = TEXT.replace(f'version: "{OLD.version}"', f'version: "{version}"', 1)
    for before, after in swaps.values() if swaps else ():
        assert before in text
        text = text.replace(before, after)
    return text.encode()


@pytest.fixture(autouse=True)
def settings_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    # A folder of its own, on the database that this process works on already.
    settings = load_settings(var_dir=tmp_path, rulebook="mobile_service", database_url=settings_in_force().database)
    for module in (publishing, rulebooks, wanted_backtests):
        monkeypatch.setattr(module, "settings_in_force", lambda: settings)
    return settings


@pytest.fixture
def boss(client: Client) -> Any:
    user = person("boss", "supervisor")
    client.force_login(user)
    return user


def upload(client: Client, content: bytes, name: str = "new.yaml", note: str = "收紧") -> Any:
    return client.post("/rules/proposals/new", {"file": SimpleUploadedFile(name, content), "note": note})


def proposed(client: Client, content: bytes) -> models.RulebookProposal:
    assert upload(client, content).status_code == 302
    return models.RulebookProposal.objects.first()


def publish(client: Client, row: models.RulebookProposal, days: int) -> str:
    day = (timezone.localdate() + timedelta(days=days)).isoformat()
    answer = client.post(f"/rules/proposals/{row.pk}/publish", {"effective_from": day}, follow=True)
    return answer.content.decode()


def test_published_rulebook_is_read_by_everybody_before_it_counts(
    client: Client, boss: Any, settings_here: Any
) -> None:
    row = proposed(client, changed(title=("态度傲慢", "态度傲慢（新）")))
    page = client.get(f"/rules/proposals/{row.pk}").content.decode()
    assert "态度傲慢（新）" in page
    assert "没有公布" in publish(client, row, 0)
    assert "已公布" in publish(client, row, 3)
    shelf = open_shelf(settings_here.rulebook_place)
    day = timezone.now()
    assert shelf.at(day, day).sha256 == OLD.sha256
    assert shelf.at(day + timedelta(days=3), day).version == "99.0"
    client.force_login(person("agent", "agent", agent_id="A1"))
    page = client.get("/rules").content.decode()
    assert "已公布，尚未生效" in page
    assert "态度傲慢（新）" in page
    assert "新版本</a>" not in page


def test_published_rulebook_can_be_withdrawn_until_it_counts(client: Client, boss: Any, settings_here: Any) -> None:
    row = proposed(client, changed())
    publish(client, row, 2)
    client.post(f"/rules/proposals/{row.pk}/withdraw")
    assert [one.version for one in open_shelf(settings_here.rulebook_place).rulebooks] == [OLD.version]
    publish(client, row, 2)
    models.RulebookProposal.objects.update(effective_from=timezone.localdate())
    assert "没有撤回" in client.post(f"/rules/proposals/{row.pk}/withdraw", follow=True).content.decode()
    assert len(open_shelf(settings_here.rulebook_place).rulebooks) == 2


def test_two_versions_follow_one_another_and_never_share_a_day(client: Client, boss: Any, settings_here: Any) -> None:
    first, second = proposed(client, changed("99.0")), proposed(client, changed("99.1"))
    publish(client, first, 2)
    assert "没有公布" in publish(client, second, 2)
    publish(client, second, 5)
    now = timezone.now()
    shelf = open_shelf(settings_here.rulebook_place)
    found = [shelf.at(now + timedelta(days=days), now).version for days in (0, 2, 4, 5)]
    assert found == [OLD.version, "99.0", "99.0", "99.1"]


def test_dates_are_set_and_everything_else_stays_word_for_word() -> None:
    text = '# ours\nrulebook: r\nversion: "2"\neffective_until: "2026-01-01"\ntitle: 甲  # 乙\n'
    day = timezone.localdate()
    assert publishing.with_dates(text, day, day + timedelta(days=1)).splitlines() == [
        "# ours",
        "rulebook: r",
        'version: "2"',
        f'published_on: "{day}"',
        f'effective_from: "{day + timedelta(days=1)}"',
        "title: 甲  # 乙",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "文件没有收下"),
        (b"rulebook: x", "文件没有收下"),
        (TEXT.encode(), "expected a new version"),
        (changed().replace(b"rulebook: mobile_service", b"rulebook: other"), "which judges the calls"),
        (changed(hit=("- id: LANG.03", "- id: LANG.03\n    typo: 1")), "typo"),
    ],
    ids=["not_text", "no_rulebook", "same_version", "another_rulebook", "mistake"],
)
def test_file_that_could_not_be_published_is_refused_with_everything_wrong(
    client: Client, boss: Any, content: bytes, told: str
) -> None:
    answer = upload(client, content)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not models.RulebookProposal.objects.exists()


def test_backtest_is_run_beside_the_pages_and_shown(client: Client, boss: Any) -> None:
    queued("c1")
    row = proposed(client, changed(words=("有完没完", "有完没完没有")))
    assert not wanted_backtests.run_wanted_backtest()
    client.post(f"/rules/proposals/{row.pk}/backtest", {"days": "5"})
    client.post(f"/rules/proposals/{row.pk}/backtest", {"days": "7"})
    assert "正在试算" in client.get(f"/rules/proposals/{row.pk}").content.decode()
    assert wanted_backtests.run_wanted_backtest()
    row.refresh_from_db()
    assert (row.backtest_state, row.backtest["calls"], row.backtest_days) == ("done", 1, 5)
    page = client.get(f"/rules/proposals/{row.pk}").content.decode()
    assert "试算的通话" in page
    assert "LANG.03" in page
    publish(client, row, 2)
    assert "试算结果" in client.get("/rules").content.decode()


def test_backtest_that_was_interrupted_can_be_wanted_again(boss: Any) -> None:
    row = proposals.propose("r", "1", "s", "text", "", "boss")
    assert proposals.want_backtest(row.pk, 30)
    assert proposals.take_wanted_backtest() == row
    assert proposals.take_wanted_backtest() is None
    assert not proposals.want_backtest(row.pk, 30)
    models.RulebookProposal.objects.update(backtest_at=timezone.now() - timedelta(hours=3))
    assert proposals.want_backtest(row.pk, 30)


def test_backtest_that_cannot_be_run_says_why(client: Client, boss: Any) -> None:
    row = proposals.propose("r", "1", "s", "no rulebook", "", "boss")
    proposals.want_backtest(row.pk, 30)
    assert wanted_backtests.run_wanted_backtest()
    page = client.get(f"/rules/proposals/{row.pk}").content.decode()
    assert "试算没有成功" in page
