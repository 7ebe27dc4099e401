"""Where the peaks and the listening copy of a recording lie; importable without a database."""

from __future__ import annotations

from pathlib import Path


def peaks_file(folder: Path, recording_id: str) -> Path:
    """The file with the peaks of a recording."""
    return folder / recording_id[:2] / f"{recording_id}.peaks"


def copy_file(folder: Path, recording_id: str) -> Path:
    """The copy of constant rate, which is there where a browser could not seek in the recording itself."""
    return folder / recording_id[:2] / f"{recording_id}.wav"
