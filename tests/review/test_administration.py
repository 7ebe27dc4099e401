from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from flows.retention import apply_retention
from store import models, queue
from store.listening import copy_file, peaks_file
from store.plans import Plan, plans_of_month
from tests.review.people import item_of, person, queued
from tingjian.cli import run

pytestmark = pytest.mark.django_db

AGENTS, TEAMS, PLANS, PEOPLE = (
    f"/admin/{name}/import/" for name in ("store/agent", "store/team", "store/reviewerplan", "auth/user")
)


@pytest.fixture
def admin(client: Client) -> Any:
    user = person("root", "administrator")
    client.force_login(user)
    return user


def bring(client: Client, address: str, text: str, encoding: str = "utf-8") -> Any:
    return client.post(address, {"file": SimpleUploadedFile("list.csv", text.encode(encoding))})


def test_lists_are_imported_and_known_entries_updated(client: Client, admin: Any) -> None:
    assert bring(client, TEAMS, "name,note\n一组,投诉\n").status_code == 302
    assert bring(client, AGENTS, "agent_id,name,team,active\nA1,王工,一组,1\nA2,李工,二组,0\n").status_code == 302
    assert bring(client, AGENTS, "agent_id,name\nA2,李师傅\n", "gb18030").status_code == 302
    agents = list(models.Agent.objects.values_list("agent_id", "name", "team__name", "active"))
    assert agents == [("A1", "王工", "一组", True), ("A2", "李师傅", None, True)]
    assert set(models.Team.objects.values_list("name", "note")) == {("一组", "投诉"), ("二组", "")}
    assert bring(client, PLANS, "reviewer,day,calls\nzhou,2026-03-02,30\nzhou,2026-03-03,0\n").status_code == 302
    assert plans_of_month("2026-03") == [Plan("zhou", date(2026, 3, 2), 30), Plan("zhou", date(2026, 3, 3), 0)]


def test_accounts_are_imported_with_their_groups_and_cannot_log_in_before_a_password(
    client: Client, admin: Any
) -> None:
    text = "username,name,roles,team,agent_id\nzhou,小周,reviewer；trainer,质检,\nwang,王工,agent,一组,A1\n"
    assert bring(client, PEOPLE, text).status_code == 302
    zhou = get_user_model().objects.get(username="zhou")
    assert sorted(zhou.groups.values_list("name", flat=True)) == ["reviewer", "trainer"]
    assert (zhou.account.team, zhou.has_usable_password()) == ("质检", False)
    bring(client, PEOPLE, "username,roles\nzhou,administrator\n")
    zhou.refresh_from_db()
    assert list(zhou.groups.values_list("name", flat=True)) == ["administrator"]
    assert zhou.is_staff


@pytest.mark.parametrize(
    ("address", "text", "told"),
    [
        (AGENTS, "agent_id,shoe_size\nA1,43\n", "shoe_size"),
        (AGENTS, "name\n王工\n", "agent_id"),
        (AGENTS, "agent_id,active\nA1,1\nA2,vielleicht\n,1\n", "第 3 行"),
        (AGENTS, "agent_id,active\nA1,1\nA2,vielleicht\n,1\n", "第 4 行"),
        (AGENTS, "", "第一行应是列名"),
        (AGENTS, "agent_id\n", "没有数据行"),
        (AGENTS, "agent_id\nA1,x\n", "格数"),
        (PLANS, "reviewer,day,calls\nzhou,2026-03-02,30\nzhou,2.3.2026,30\n", "不是日期"),
        (PLANS, "reviewer,day,calls\nzhou,2026-03-02,many\n", "整数"),
        (PEOPLE, "username,roles\nzhou,reviewer\nli,boss\n", "boss"),
        (PEOPLE, "username,roles\nzhou,reviewer\nli,agent\n", "agent id"),
    ],
)
def test_list_with_a_mistake_is_not_imported_at_all(
    client: Client, admin: Any, address: str, text: str, told: str
) -> None:
    answer = bring(client, address, text)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not models.Agent.objects.exists()
    assert not models.ReviewerPlan.objects.exists()
    assert get_user_model().objects.count() == 1


def test_file_that_is_no_text_is_refused(client: Client, admin: Any) -> None:
    answer = client.post(AGENTS, {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04\xff\xff\x81")})
    assert answer.status_code == 422
    assert client.post(AGENTS, {}).status_code == 422


@pytest.mark.parametrize("role", ["reviewer", "supervisor", "trainer", "agent"])
def test_nobody_else_imports_anything(client: Client, role: str) -> None:
    client.force_login(person("x", role, agent_id="A1"))
    for address in (AGENTS, TEAMS, PLANS, PEOPLE):
        assert client.get(address).status_code == 302
        assert bring(client, address, "agent_id\nA1\n").status_code == 302
    assert not models.Agent.objects.exists()


def test_administration_speaks_chinese_and_looks_like_the_pages(client: Client, admin: Any) -> None:
    page = client.get("/admin/").content.decode()
    for words in ("听鉴管理", "录音来源", "API 令牌", "消息地址", "review/admin.css", "到期清理记录"):
        assert words in page
    for name in ("agent", "team", "recordingsource", "retentionrun", "reviewerplan", "apitoken", "webhook",
                 "webhookmessage"):  # fmt: skip
        assert client.get(f"/admin/store/{name}/").status_code == 200, name
    assert "导入坐席" in client.get("/admin/store/agent/").content.decode()


def test_agent_whom_the_platform_does_not_name_has_the_name_of_the_list() -> None:
    team = models.Team.objects.create(name="一组")
    models.Agent.objects.create(agent_id="A1", name="王工", team=team)
    queued("c1")
    queued("c2", agent_id="A1", agent_name="王平", team="三组")
    assert (item_of("id-c1").agent_name, item_of("id-c1").team) == ("王工", "一组")
    assert (item_of("id-c2").agent_name, item_of("id-c2").team) == ("王平", "三组")
    assert queue.values_left("team") == ["一组", "三组"]


def test_night_without_a_folder_hears_the_sources_that_are_entered(tmp_path: Path, capsys: Any) -> None:
    from tingjian.commands import nightly

    assert run(["nightly"]) == 2
    assert "no source is entered" in capsys.readouterr().err
    models.RecordingSource.objects.create(name="a", folder=str(tmp_path / "a"), manifest=str(tmp_path / "a.csv"))
    models.RecordingSource.objects.create(name="b", folder=str(tmp_path / "b"))
    models.RecordingSource.objects.create(name="off", folder=str(tmp_path / "c"), active=False)
    found = nightly._sources(nightly.load_settings(), None)
    assert found == [(tmp_path / "a", tmp_path / "a.csv"), (tmp_path / "b", None)]
    assert run(["nightly", "--manifest", "x.csv"]) == 2


def copies_of(folder: Path, recording_id: str, days_old: float) -> list[Path]:
    files = [copy_file(folder, recording_id), peaks_file(folder, recording_id)]
    then = (timezone.now() - timedelta(days=days_old)).timestamp()
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 100)
        os.utime(file, (then, then))
    return files


def test_copies_of_old_calls_are_removed_and_the_rest_stays(tmp_path: Path) -> None:
    queued("old")
    queued("new")
    models.Recording.objects.filter(call_id="new").update(started_at=timezone.now() - timedelta(days=5))
    # What counts is the age of the call, not of the copy, which may have been made again yesterday.
    old, new = copies_of(tmp_path, "id-old", 1), copies_of(tmp_path, "id-new", 400)
    nobody, nobodys = copies_of(tmp_path, "zz-unknown", 400), copies_of(tmp_path, "zz-recent", 1)
    dry = apply_retention(tmp_path, 30, dry_run=True)
    assert (dry.calls, dry.files, dry.bytes) == (2, 4, 400)
    assert all(file.exists() for file in old + new + nobody + nobodys)
    assert apply_retention(tmp_path, 30, dry_run=False) == dry
    assert not any(file.exists() for file in old + nobody)
    assert all(file.exists() for file in new + nobodys)
    assert apply_retention(tmp_path / "nothing", 30, dry_run=False).files == 0


def test_retention_is_run_by_the_setting_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert run(["retention", "apply"]) == 2
    assert "retention_days" in capsys.readouterr().err
    monkeypatch.setenv("TINGJIAN_VAR_DIR", str(tmp_path))
    from config.django import settings_in_force

    monkeypatch.setenv("TINGJIAN_DATABASE_URL", settings_in_force().database)
    monkeypatch.setenv("TINGJIAN_RETENTION_DAYS", "30")
    queued("old")
    files = copies_of(tmp_path / "listening", "id-old", 1)
    assert run(["retention", "apply", "--dry-run"]) == 0
    assert "would be removed" in capsys.readouterr().out
    assert not models.RetentionRun.objects.exists()
    assert run(["retention", "apply", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 2
    assert not files[0].exists()
    row = models.RetentionRun.objects.get()
    assert (row.days, row.calls, row.files) == (30, 1, 2)
    assert row.at > datetime.now(UTC) - timedelta(minutes=5)
