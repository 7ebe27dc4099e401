"""What the guards refused, as a user sees it: at the end of the printed call, and in the JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tingjian.commands.one_call import run_assess

SAID = [
    {"role": "agent", "start_s": 0.5, "end_s": 2.5, "text": "您好，请问需要什么", "confidence": 0.9},
    {"role": "agent", "start_s": 3.0, "end_s": 4.0, "text": "字幕由Amara.org社区提供", "confidence": 0.98},
]


@pytest.fixture
def call(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    recording, transcript = tmp_path / "call.wav", tmp_path / "call.json"
    sf.write(recording, 0.05 * rng.standard_normal((40_000, 2)), 8000, subtype="PCM_16")
    transcript.write_text(json.dumps({"utterances": SAID}), "utf-8")
    return recording, transcript


def test_assess_shows_what_was_rejected_and_why_apart_from_the_transcript(call, capsys) -> None:
    run_assess(*call, [], {"vad": "webrtcvad"}, as_json=False)
    transcript, rejected = capsys.readouterr().out.split("rejected by the guards")
    assert "您好，请问需要什么" in transcript
    assert "Amara" not in transcript
    assert "字幕由Amara.org社区提供" in rejected
    assert "署名或推广语" in rejected


def test_assess_json_keeps_what_was_rejected_with_the_reason(call, capsys) -> None:
    run_assess(*call, [], {"vad": "webrtcvad"}, as_json=True)
    transcript = json.loads(capsys.readouterr().out)["transcript"]
    assert [one["text"] for one in transcript["utterances"]] == ["您好，请问需要什么"]
    (rejected,) = transcript["rejected"]
    assert (rejected["text"], rejected["reason"]) == ("字幕由Amara.org社区提供", "credit_line")
    assert (rejected["role"], rejected["start_s"], rejected["end_s"]) == ("agent", 3.0, 4.0)
