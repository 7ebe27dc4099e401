"""Tiny models in the form in which sherpa-onnx tells voices apart: the graph and metadata of real exports.

They know two made-up voices: one is a low tone on a raised line, the other a high tone on a lowered one. The first
model sees which way the line is moved, the second the tone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser

RATE_HZ = 16_000

_SEGMENTATION = """
<ir_version: 8, opset_import: ["" : 17]>
seg (float[N,C,T] x) => (float[N,F,K] y)
<float limit = {0.1}, float low = {-0.1}, int64 depth = {7}, float[2] scores = {-9.0, 0.0}, int64 none = {0},
 int64 first = {1}, int64 second = {2}, int64[1] axis = {1}>
{
  moved = AveragePool <kernel_shape = [991], strides = [270]> (x)
  flat = Squeeze (moved, axis)
  up = Greater (flat, limit)
  down = Less (flat, low)
  one = Where (up, first, none)
  both = Where (down, second, one)
  y = OneHot <axis = 2> (both, depth, scores)
}
"""
_EMBEDDING = """
<ir_version: 8, opset_import: ["" : 17]>
emb (float[N,T,80] x) => (float[N,80] y)
{
  y = ReduceMean <axes = [1], keepdims = 0> (x)
}
"""
_METADATA = {
    "segmentation.onnx": {
        "sample_rate": "16000",
        "window_size": "80000",
        "receptive_field_size": "991",
        "receptive_field_shift": "270",
        "num_speakers": "3",
        "powerset_max_classes": "2",
        "num_classes": "7",
    },
    "embedding.onnx": {
        "framework": "wespeaker",
        "language": "none",
        "output_dim": "80",
        "sample_rate": "16000",
        "normalize_samples": "1",
        "feature_normalize_type": "",
    },
}


def write_models(folder: Path, *, without: str = "") -> Path:
    """A folder with both models; ``without`` names metadata that they lack."""
    folder.mkdir(parents=True)
    for name, graph in (("segmentation.onnx", _SEGMENTATION), ("embedding.onnx", _EMBEDDING)):
        model = onnx.parser.parse_model(graph)
        onnx.helper.set_model_props(model, {key: value for key, value in _METADATA[name].items() if key != without})
        onnx.save(model, folder / name)
    return folder


def made_up_voice(voice: int, seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """One of the two voices that the models know."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    hertz, moved = ((350.0, 0.3), (2500.0, -0.3))[voice]
    return (0.2 * np.sin(2 * np.pi * hertz * at_s) + moved).astype(np.float32)
