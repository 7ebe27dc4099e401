"""The files of a training pack, in one ZIP."""

from __future__ import annotations

import io
import zipfile
from typing import BinaryIO

import numpy as np
import soundfile

from training.contents import Clip, Pack
from training.fonts import Font
from training.sheet import sheet
from training.summary_html import summary_html
from training.summary_pdf import summary_pdf


def write_pack(pack: Pack, target: BinaryIO, font: Font | None) -> tuple[str, ...]:
    """Write the pack, and return the names of its files; the same pack gives the same files.

    Args:
        pack: what it says.
        target: where the ZIP goes.
        font: with Chinese characters, for the PDF; without one the pack has none.

    Raises:
        OSError: it cannot be written.
    """
    files: dict[str, bytes] = {"summary.html": summary_html(pack).encode()}
    if font is not None:
        files["summary.pdf"] = summary_pdf(pack, font)
    files["stretches.xlsx"] = sheet(pack)
    for one in (*pack.excerpts, *([pack.good] if pack.good else [])):
        if one.clip is not None:
            files[one.file] = _wave(one.clip)
    year, month = (int(part) for part in pack.month.split("-"))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (max(year, 1980), month, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return tuple(files)


def _wave(clip: Clip) -> bytes:
    target = io.BytesIO()
    samples = np.clip(clip.samples.T, -1.0, 1.0)
    soundfile.write(target, samples, clip.sample_rate_hz, format="WAV", subtype="PCM_16")
    return target.getvalue()
