"""Tiny models in the form that sherpa-onnx reads: the graph, metadata and tokens of real exports, no knowledge inside.

They write 好 about four times a second for as long as the sound lasts.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.parser

LANGUAGES = ("auto", "zh", "en", "yue", "ja", "ko")
SENSE_VOICE_TOKENS = ("<unk>", "<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|woitn|>", "好")
PARAFORMER_TOKENS = ("<blank>", "<s>", "</s>", "好", "<unk>")

# One row of scores a frame; four marks stand before what was heard.
SENSE_VOICE = """
<ir_version: 8, opset_import: ["" : 17]>
sense (float[N,T,560] x, int32[N] x_length, int32[N] language, int32[N] text_norm) => (float[N,U,V] logits)
<int64[4] marks = {1, 2, 3, 4}, int64 zero = {0}, int64 one = {1}, int64 depth = {6}, float[2] scores = {0.0, 9.0},
 int64 good = {5}, int64 every = {4}, int64[1] first = {0}, int64[1] row = {1}, int64[1] wide = {6}>
{
  shape = Shape (x)
  frames = Gather (shape, one)
  steps = Range (zero, frames, one)
  beat = Mod (steps, every)
  sounds = Equal (beat, zero)
  heard = Where (sounds, good, zero)
  tokens = Concat <axis = 0> (marks, heard)
  spread = OneHot (tokens, depth, scores)
  count = Slice (shape, first, row)
  length = Shape (tokens)
  size = Concat <axis = 0> (count, length, wide)
  logits = Expand (spread, size)
}
"""

_PARAFORMER = """
<ir_version: 8, opset_import: ["" : 17]>
para (float[N,T,560] speech, int32[N] speech_lengths) => (float[N,L,V] logits, int32[N] token_num{times_out})
<int64 one = {{1}}, int64 every = {{4}}, int64 depth = {{5}}, float[2] scores = {{0.0, 9.0}}, int64 good = {{3}},
 int64[1] first = {{0}}, int64[1] row = {{1}}, int64[1] wide = {{5}}, int64 zero = {{0}}, int64 three = {{3}},
 int64 twelve = {{12}}, float peak = {{1.0}}, float none = {{0.0}}>
{{
  shape = Shape (speech)
  frames = Gather (shape, one)
  room = Sub (frames, one)
  written = Div (room, every)
  single = Unsqueeze (written, first)
  tokens = Expand (good, single)
  spread = OneHot (tokens, depth, scores)
  count = Slice (shape, first, row)
  size = Concat <axis = 0> (count, single, wide)
  logits = Expand (spread, size)
  numbers = Cast <to = 6> (single)
  token_num = Expand (numbers, count)
{times}
}}
"""
_PEAKS = """
  fine = Mul (frames, three)
  steps = Range (zero, fine, one)
  beat = Mod (steps, twelve)
  begins = Equal (beat, zero)
  line = Where (begins, peak, none)
  long = Unsqueeze (fine, first)
  peaks_size = Concat <axis = 0> (count, long)
  us_alphas = Expand (line, peaks_size)
  us_cif_peak = Expand (line, peaks_size)
"""


def sense_voice(folder: Path, graph: str = SENSE_VOICE) -> Path:
    """A folder with a SenseVoice model."""
    metadata = {
        "normalize_samples": "0",
        "with_itn": "14",
        "without_itn": "15",
        **{f"lang_{name}": str(number) for number, name in enumerate(LANGUAGES)},
    }
    return save(folder, graph, SENSE_VOICE_TOKENS, metadata)


def paraformer(folder: Path, *, with_times: bool = False, writes: str = "好", most_frames: int | None = None) -> Path:
    """A folder with a Paraformer model, with or without the outputs from which times are told.

    ``writes`` is one of its tokens; with ``most_frames`` it fails on what is longer.
    """
    graph = _PARAFORMER.format(
        times_out=", float[N,A] us_alphas, float[N,A] us_cif_peak" if with_times else "",
        times=_PEAKS if with_times else "",
    )
    graph = graph.replace("int64 good = {3}", f"int64 good = {{{PARAFORMER_TOKENS.index(writes)}}}")
    if most_frames is not None:
        room = ", ".join(str(frames - 1) for frames in range(most_frames + 1))
        graph = graph.replace("room = Sub (frames, one)", "room = Gather (rooms, frames)")
        graph = graph.replace("<int64 one", f"<int64[{most_frames + 1}] rooms = {{{room}}}, int64 one")
    return save(folder, graph, PARAFORMER_TOKENS, {})


def save(folder: Path, graph: str, tokens: tuple[str, ...], metadata: dict[str, str], *, plain: bool = False) -> Path:
    """A folder with this model; ``plain`` leaves out what every export for sherpa-onnx says of itself."""
    model = onnx.parser.parse_model(graph)
    common = {
        "vocab_size": str(len(tokens)),
        "lfr_window_size": "7",
        "lfr_window_shift": "6",
        "neg_mean": ",".join(["0.0"] * 560),
        "inv_stddev": ",".join(["1.0"] * 560),
    }
    onnx.helper.set_model_props(model, metadata if plain else common | metadata)
    folder.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    (folder / "tokens.txt").write_text("".join(f"{token} {at}\n" for at, token in enumerate(tokens)), "utf-8")
    return folder
