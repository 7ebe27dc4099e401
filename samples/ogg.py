"""Gives an Ogg file the stream number that its maker wants, so that equal sound makes equal bytes (RFC 3533)."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

_POLYNOMIAL = 0x04C11DB7
_SERIAL_AT, _CHECKSUM_AT, _SEGMENTS_AT, _HEADER_BYTES = 14, 22, 26, 27


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


def _checksum(page: bytes) -> int:
    """CRC of a page whose checksum field is zero; unlike zlib's it is not reflected."""
    table = _table()
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ table[(value >> 24) ^ byte]
    return value


def set_serial_number(path: Path, serial: int) -> None:
    """Rewrite the stream number of every page of an Ogg file of one stream.

    Raises:
        ValueError: the file is not Ogg throughout.
    """
    data = bytearray(path.read_bytes())
    at = 0
    while at < len(data):
        if data[at : at + 4] != b"OggS":
            raise ValueError(f"{path.name}: no Ogg page at byte {at}")
        segments = data[at + _SEGMENTS_AT]
        sizes = data[at + _HEADER_BYTES : at + _HEADER_BYTES + segments]
        end = at + _HEADER_BYTES + segments + sum(sizes)
        struct.pack_into("<I", data, at + _SERIAL_AT, serial)
        struct.pack_into("<I", data, at + _CHECKSUM_AT, 0)
        struct.pack_into("<I", data, at + _CHECKSUM_AT, _checksum(bytes(data[at:end])))
        at = end
    path.write_bytes(data)
