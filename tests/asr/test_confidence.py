from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from pipeline.asr.confidence import confidence_of
from pipeline.asr.engine import make_engine
from pipeline.types import Audio, Role, Span, Turn


@pytest.mark.parametrize(
    ("mean_log_probability", "confidence"),
    [(math.log(0.5), 0.5), (0.0, 1.0), (1e-9, 1.0), (-50.0, 0.0), (-math.inf, 0.0), (None, None), (math.nan, None)],
)
def test_confidence_is_the_geometric_mean_of_the_probabilities(
    mean_log_probability: float | None, confidence: float | None
) -> None:
    found = confidence_of(mean_log_probability)
    assert found == (confidence if confidence is None else pytest.approx(confidence, abs=1e-9))


def test_transcript_of_whisper_read_from_a_file_is_on_the_same_scale(tmp_path: Path) -> None:
    segments = [{"start": 0.5, "end": 1.5, "text": "您好", "avg_logprob": -0.25}]
    (tmp_path / "call.json").write_text(json.dumps({"segments": segments}), "utf-8")
    turns = (Turn(Role.AGENT, 0, 0.5, 1.5, (Span(0.5, 1.5),)),)
    audio = Audio(np.zeros((2, 16_000), np.float32), 8000)
    (said,) = make_engine("sidecar").transcribe(audio, turns, tmp_path / "call.wav").utterances
    assert said.confidence == confidence_of(-0.25)
