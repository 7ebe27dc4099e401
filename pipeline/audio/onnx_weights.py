"""The numbers of an ONNX file by name, without a library that runs the graph.

ONNX is protobuf: a message is a row of fields, each a key (number and kind), then a varint or so many bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.types import FloatArray

# Fields of ModelProto, GraphProto and TensorProto.
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_FLOAT = 1
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


def weights_of(path: Path) -> dict[str, FloatArray]:
    """All float32 constants of the graph.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no ONNX file.
    """
    found: dict[str, FloatArray] = {}
    try:
        for number, graph in _fields(path.read_bytes()):
            for part, tensor in _fields(graph) if number == _GRAPH and isinstance(graph, bytes) else ():
                if part == _INITIALIZER and isinstance(tensor, bytes):
                    found |= _tensor(tensor)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is no ONNX file") from error
    return found


def _tensor(content: bytes) -> dict[str, FloatArray]:
    shape: list[int] = []
    kind, name, raw = 0, "", b""
    for number, value in _fields(content):
        if number == _DIMS:
            shape += [value] if isinstance(value, int) else _varints(value)
        elif number == _TYPE and isinstance(value, int):
            kind = value
        elif number == _NAME and isinstance(value, bytes):
            name = value.decode()
        elif number == _RAW and isinstance(value, bytes):
            raw = value
    return {name: np.frombuffer(raw, "<f4").reshape(shape)} if kind == _FLOAT and raw else {}


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of every field; numbers of fixed width come as their bytes."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            length, at = _varint(content, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"field of kind {kind}")
        yield key >> 3, content[at : at + length]
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, least first, and where it ends."""
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _varints(content: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(content):
        number, at = _varint(content, at)
        numbers.append(number)
    return numbers
