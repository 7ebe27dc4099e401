"""What a WAV header declares about its data, which libsndfile adjusts without a word."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

# Writers to a pipe cannot go back to fill in the size; they leave 0, all ones, or the largest even size (sox).
_STREAMING_FROM = 0x7FFF_F000
_MAX_CHUNKS = 1000


@dataclass(frozen=True, slots=True)
class RiffData:
    """Size of the data chunk as declared and as present; ``declared_bytes`` 0 where the writer did not know it."""

    declared_bytes: int
    available_bytes: int

    @property
    def unsized(self) -> bool:
        """Whether the header says size 0 and data follows all the same."""
        return self.declared_bytes == 0 and self.available_bytes > 0

    @property
    def shortfall(self) -> bool:
        """Whether the file ends before the declared data does."""
        return 0 < self.available_bytes < self.declared_bytes < _STREAMING_FROM


def read_riff(path: Path) -> RiffData | None:
    """Sizes of the data chunk of a RIFF or RF64 WAVE file; None for every other file or when there is no such chunk."""
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(0)
        head = handle.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return None
        size_64: int | None = None
        for _ in range(_MAX_CHUNKS):
            chunk = handle.read(8)
            if len(chunk) < 8:
                return None
            name, length = struct.unpack("<4sI", chunk)
            start = handle.tell()
            if name == b"data":
                declared = size_64 if size_64 is not None and length == 0xFFFF_FFFF else length
                return RiffData(declared, size - start)
            if name == b"ds64":
                sizes = handle.read(16)
                size_64 = struct.unpack("<8xQ", sizes)[0] if len(sizes) == 16 else None
            handle.seek(start + length + length % 2)
    return None
