"""Speech detection on a human voice: a few telephone prompts, with firm bounds (the whole table: make bench-vad)."""

from __future__ import annotations

import pytest

from benchmarks.prompts import FOLDER, Take, make_take, precision_and_recall
from pipeline.audio.vad import make_detector

PROMPTS = ("agent-incorrect", "conf-getpin", "vm-intro", "demo-thanks", "digits/7", "cannot-complete-as-dialed")


@pytest.fixture(scope="module")
def take() -> Take:
    files = [FOLDER / f"{name}.wav" for name in PROMPTS]
    missing = [path.name for path in files if not path.is_file()]
    assert not missing, f"{missing} not in {FOLDER}: run bash scripts/telephone_prompts.sh"
    return make_take(files, 30.0)


@pytest.fixture(scope="module", params=["silero", "webrtcvad"])
def detector(request):
    return make_detector(request.param)


def test_speech_of_a_human_voice_on_a_clean_line_is_found_to_the_frame(take, detector) -> None:
    precision, recall = precision_and_recall(take, detector, None, "white")
    assert precision > 0.96
    assert recall > 0.95


@pytest.mark.parametrize("noise", ["white", "babble"])
def test_speech_of_a_human_voice_in_light_noise_is_found(take, detector, noise: str) -> None:
    precision, recall = precision_and_recall(take, detector, 20.0, noise)
    assert precision > 0.88
    assert recall > 0.85


@pytest.mark.parametrize("snr_db", [10.0, 5.0])
def test_speech_of_a_human_voice_in_strong_noise_is_found_by_the_default_detector(take, snr_db: float) -> None:
    precision, recall = precision_and_recall(take, make_detector("silero"), snr_db, "white")
    assert precision > 0.95
    assert recall > 0.8
