from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

RATE_HZ = 8000


def _voice_like(duration_s: float, seed: int = 0, level: float = 0.1) -> NDArray[np.float32]:
    """Not speech, but as uneven in level and pitch as speech is."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * RATE_HZ)
    at_s = np.arange(count) / RATE_HZ
    pitch_hz = 150 + 30 * np.sin(2 * np.pi * 0.7 * at_s + seed)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    sound = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 15))
    rhythm = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * at_s + seed)
    return (level * rhythm * sound + 0.001 * rng.standard_normal(count)).astype(np.float32)


@pytest.fixture
def voice_like():
    return _voice_like
