from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from django.test import Client

from flows.error_clusters import clusters_of_month
from review.views import training
from store.training import taught_stretches
from tests.review.people import RUDE, person, put_into_queue, rulebook
from tests.stored_calls import store_call
from tests.training.classroom import MONTH, shirking, store_classroom

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(client: Client) -> Client:
    client.force_login(person("peixun", "trainer"))
    return client


def pack_of(response) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_month_without_clusters_says_how_to_find_them(trainer: Client) -> None:
    assert "tingjian training clusters" in trainer.get("/training").content.decode()


def test_month_that_was_searched_in_vain_says_so(trainer: Client) -> None:
    store_call(rulebook(), "c1", *RUDE)
    clusters_of_month(MONTH)
    page = trainer.get("/training").content.decode()
    assert "这个月没有共性问题" in page
    assert "1 通通话里标出了 2 处" in page
    assert "tingjian training clusters" not in page


def test_pack_without_a_font_is_announced(trainer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_classroom(tmp_path)
    address = f"/training/{shirking().number}"
    assert "pdf_font" not in trainer.get(address).content.decode()
    monkeypatch.setattr(training, "chinese_font", lambda _path: None)
    assert "pdf_font" in trainer.get(address).content.decode()


def test_trainer_sees_the_errors_hears_them_and_takes_the_pack(trainer: Client, tmp_path: Path) -> None:
    store_classroom(tmp_path)
    cluster = shirking()
    page = trainer.get("/training").content.decode()
    assert MONTH in page
    assert f"/training/{cluster.number}?month={MONTH}" in page
    assert "数据不足" in page or "普遍" in page
    assert "/training/rules/LANG.03" in page

    page = trainer.get(f"/training/{cluster.number}").content.decode()
    stretches = taught_stretches(cluster.document["findings"])
    for each in stretches:
        assert f"/calls/{each.recording_id}/audio#t={max(0, each.start_s - 3):.2f},{each.end_s:.2f}" in page
    data = json.loads(re.search(r'id="training-data" type="application/json">(.*?)</script>', page)[1])
    assert len(data["funnel"]["points"]) == 4
    assert data["trend"]["months"] == [MONTH]

    page = trainer.get("/training/rules/LANG.03").content.decode()
    assert "funnel" in page

    files = pack_of(trainer.post(f"/training/{cluster.number}/pack", {"month": MONTH}))
    assert {"summary.html", "stretches.xlsx", "clips/01.wav"} <= set(files)
    assert "坐席甲" not in files["summary.html"].decode()
    named = pack_of(trainer.post(f"/training/{cluster.number}/pack", {"month": MONTH, "names": "on"}))
    assert "agent2" in named["summary.html"].decode()


def test_call_that_is_to_be_heard_blind_is_not_listed(trainer: Client, tmp_path: Path) -> None:
    store_classroom(tmp_path)
    cluster = shirking()
    blind = taught_stretches(cluster.document["findings"])[0]
    put_into_queue(blind.recording_id, "probability")
    page = trainer.get(f"/training/{cluster.number}").content.decode()
    assert blind.recording_id not in page
    assert "另有 1 条" in page
