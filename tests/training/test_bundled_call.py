"""A bundled call with real speech in which the caller reads out a telephone number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.decode import decode
from pipeline.personal import find_numbers, hearable_at, with_rejected
from pipeline.serialise import call_from_document
from pipeline.types import Span
from store.models import Recording
from store.training import calls_heard
from tests.review.bundled import BUNDLED, store_bundled
from training.clips import cut

CALL = "20260302-033"

pytestmark = pytest.mark.django_db


def test_number_in_real_speech_is_a_tone_from_its_first_to_its_last_sound(tmp_path: Path) -> None:
    recording_id = store_bundled(tmp_path, [CALL])[CALL]
    recording = Recording.objects.get(id=recording_id)
    ((_, document),) = calls_heard([recording_id])
    call = call_from_document(document)
    heard = with_rejected(call)
    audio = decode(Path(recording.path))
    secret = hearable_at(heard, find_numbers(heard), call.turns)
    clip = cut(audio, call, Span(0.0, audio.duration_s), secret, pre_roll_s=0.0, mask_customer=False)
    truth = json.loads((BUNDLED / "calls" / f"{CALL}.truth.json").read_text(encoding="utf-8"))
    (said,) = (one for one in truth["utterances"] if "幺三八零零幺三八零零零" in one["text"])
    first, last = (round(said[at] * clip.sample_rate_hz) for at in ("start_s", "end_s"))
    tone = clip.samples[:, first:last]
    assert np.array_equal(tone, np.broadcast_to(tone[0], tone.shape))
    spectrum = np.abs(np.fft.rfft(tone[0] * np.hanning(tone.shape[1]))) ** 2
    near = np.abs(np.fft.rfftfreq(tone.shape[1], 1 / clip.sample_rate_hz) - 1000) < 60
    assert spectrum[~near].sum() < 1e-6 * spectrum.sum()
    # And no more of the call than the number's turn.
    assert sum(span.duration_s for span in secret) < said["end_s"] - said["start_s"] + 2.0
