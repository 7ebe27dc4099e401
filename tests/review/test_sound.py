from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from django.test import Client

from review.views import sound
from store import models, queue
from tests.review.people import item_of, person, queued
from tests.review.test_queue_pages import LEASE

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client) -> str:
    """A call in hand of a reviewer, as an MP3 of two channels."""
    file = tmp_path / "录音 1.mp3"
    t = np.arange(8000) / 8000
    soundfile.write(file, np.stack([np.sin(600 * t), np.zeros_like(t)]).T * 0.5, 8000)
    settings = SimpleNamespace(listening_dir=tmp_path / "listening", accel_redirect="")
    monkeypatch.setattr(sound, "settings_in_force", lambda: settings)
    recording_id = queued("c1")
    models.Recording.objects.filter(id=recording_id).update(path=str(file))
    user = person("a", "reviewer")
    queue.claim(item_of(recording_id).id, user, LEASE)
    client.force_login(user)
    return recording_id


def test_sound_comes_in_parts_from_a_copy_of_constant_rate(client: Client, recording: str, tmp_path: Path) -> None:
    response = client.get(f"/calls/{recording}/audio", headers={"Range": "bytes=0-43"})
    assert (response.status_code, response.headers["Content-Type"]) == (206, "audio/wav")
    assert b"".join(response.streaming_content)[:4] == b"RIFF"
    assert client.get(f"/calls/{recording}/audio", headers={"Range": "bytes=9000000-"}).status_code == 416
    (copy,) = (tmp_path / "listening").rglob("*.wav")
    assert soundfile.info(copy).subtype == "ULAW"


def test_peaks_have_a_lane_for_each_channel(client: Client, recording: str) -> None:
    header, levels = client.get(f"/calls/{recording}/peaks").content.split(b"\n", 1)
    assert b'"channels": 2' in header
    assert max(levels[:100]) > 100
    assert max(levels[100:]) < 20


def test_proxy_sends_the_file_when_the_setting_says_so(
    client: Client, recording: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = SimpleNamespace(listening_dir=tmp_path / "listening", accel_redirect="/recordings/")
    monkeypatch.setattr(sound, "settings_in_force", lambda: settings)
    response = client.get(f"/calls/{recording}/audio")
    assert response.headers["X-Accel-Redirect"] == f"/recordings{tmp_path}/listening/id/{recording}.wav"
    assert not response.content


def test_recording_that_is_gone_says_so_without_its_path(client: Client, recording: str) -> None:
    models.Recording.objects.update(path="/nowhere/13912345678.wav")
    response = client.get(f"/calls/{recording}/audio")
    assert response.status_code == 404
    assert "13912345678" not in response.content.decode()


@pytest.mark.parametrize("part", ["audio", "peaks"])
def test_sound_is_refused_to_whoever_may_not_open_the_call(client: Client, recording: str, part: str) -> None:
    for other, roles, status in (("b", ("reviewer",), 404), ("x", ("administrator",), 403)):
        client.force_login(person(other, *roles))
        assert client.get(f"/calls/{recording}/{part}").status_code == status
    client.logout()
    assert client.get(f"/calls/{recording}/{part}").status_code == 302


def test_agent_hears_own_reviewed_calls_alone(client: Client, recording: str) -> None:
    from django.utils import timezone

    agent: Any = person("agent", "agent", agent_id="A1")
    client.force_login(agent)
    assert client.get(f"/calls/{recording}/audio").status_code == 404
    now = timezone.now()
    models.Review.objects.create(
        recording_id=recording, rater="a", purpose="review", score=90, fatal=False, blind=False,
        submitted_at=now, recorded_at=now,
    )  # fmt: skip
    assert client.get(f"/calls/{recording}/audio").status_code == 200
    models.Account.objects.filter(user=agent).update(agent_id="A2")
    assert client.get(f"/calls/{recording}/audio").status_code == 404
