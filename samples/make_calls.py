"""Makes the bundled calls from the written dialogues: ``python -m samples.make_calls``.

Every call is spoken (``samples.spoken_call``), encoded, and written beside its truth file; the manifest names them all.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from pathlib import Path

import numpy as np
import soundfile as sf

from pipeline.types import ChannelLayout
from samples.dialogue import Dialogue, DialogueError, Dialogues, load_dialogues
from samples.ogg import set_serial_number
from samples.spoken_call import MadeCall, make_calls
from samples.telephone import ENCODINGS, SAMPLE_RATE_HZ, encode
from samples.truth import write_truth

SAMPLES = Path(__file__).parent
LARGEST_FOLDER_BYTES = 12_000_000

MANIFEST_HEADER = (
    "call_id", "file", "agent_id", "agent_name", "team", "started_at", "direction", "business_type",
    "answered_at_s", "hung_up_by", "agent_channel", "duration_s", "ring_count",
)  # fmt: skip


def manifest_row(dialogue: Dialogue, dialogues: Dialogues, made: MadeCall) -> dict[str, str]:
    """What a recording platform would export of this call."""
    profile = dialogues.profile(dialogue.agent)
    stereo = dialogue.layout in (ChannelLayout.STEREO, ChannelLayout.DEAD_CHANNEL)
    known_answer = dialogue.answered_at_s is not None or not dialogue.rings
    return {
        "call_id": dialogue.id,
        "file": f"calls/{file_name(dialogue)}",
        "agent_id": profile.id,
        "agent_name": profile.name,
        "team": profile.team,
        "started_at": dialogue.started_at.isoformat(),
        "direction": dialogue.direction,
        "business_type": dialogue.business_type,
        "answered_at_s": f"{made.answered_at_s:.1f}" if known_answer else "",
        "hung_up_by": dialogue.hung_up_by or "",
        "agent_channel": str(dialogue.agent_channel ^ dialogue.swapped) if stereo else "",
        "duration_s": f"{made.truth.duration_s:.2f}",
        "ring_count": str(dialogue.rings) if dialogue.rings else "",
    }


def file_name(dialogue: Dialogue) -> str:
    """Name of the recording."""
    return dialogue.id + ENCODINGS[dialogue.encoding].suffix


def write_call(dialogue: Dialogue, made: MadeCall, folder: Path) -> None:
    """Write the recording and the truth file of one call."""
    path = folder / file_name(dialogue)
    encode(made.channels, path, dialogue.encoding)
    if dialogue.encoding == "opus":
        # libsndfile draws the stream's number by the clock; the same call must give the same bytes.
        set_serial_number(path, zlib.crc32(dialogue.id.encode()))
    _check_encoding(path, made)
    write_truth(made.truth, folder / f"{dialogue.id}.truth.json")


def _check_encoding(path: Path, made: MadeCall) -> None:
    """Stop when an encoder has moved the sound in time: the truth would no longer be true."""
    decoded, _ = sf.read(path, dtype="float32", always_2d=True)
    if abs(len(decoded) - len(made.channels[0])) > 0.05 * SAMPLE_RATE_HZ:
        raise DialogueError(f"{path.name} has {len(decoded)} frames; expected {len(made.channels[0])}")
    # The loudest channel against itself: where the two fit best tells the shift.
    index = int(np.argmax([float(np.sum(np.square(channel))) for channel in made.channels]))
    length = 1 << (2 * len(decoded)).bit_length()
    spectrum = np.fft.rfft(decoded[:, index], length) * np.conj(np.fft.rfft(made.channels[index], length))
    fit = np.fft.irfft(spectrum, length)
    shift = int(np.argmax(fit))
    shift = shift - length if shift > length // 2 else shift
    if abs(shift) > 0.01 * SAMPLE_RATE_HZ:
        raise DialogueError(f"{path.name}: the encoder moved the sound by {shift / SAMPLE_RATE_HZ:.3f} s")


def make_all(folder: Path = SAMPLES) -> None:
    """Make every bundled call, its truth, and the manifest in a folder.

    Raises:
        DialogueError: a call cannot be made as written, or all together are too large.
    """
    dialogues = load_dialogues()
    calls = folder / "calls"
    calls.mkdir(parents=True, exist_ok=True)
    rows = []
    for dialogue, made in zip(dialogues.calls, make_calls(dialogues.calls, dialogues), strict=True):
        write_call(dialogue, made, calls)
        rows.append(manifest_row(dialogue, dialogues, made))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, MANIFEST_HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    size = sum(path.stat().st_size for path in calls.iterdir())
    if size > LARGEST_FOLDER_BYTES:
        raise DialogueError(f"the calls take {size} bytes; expected at most {LARGEST_FOLDER_BYTES}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Make the bundled calls from samples/dialogues.yaml.")
    parser.add_argument("--folder", type=Path, default=SAMPLES, help="where calls/ and manifest.csv are written")
    make_all(parser.parse_args().folder)


if __name__ == "__main__":
    main()
