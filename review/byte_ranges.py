"""A file sent in the part that a browser asks for: 206 with a range, 416 beyond the end (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date

BLOCK_BYTES = 64 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes ``first`` to ``last``, both inclusive."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1


def parse_range(header: str, size: int) -> ByteRange | None:
    """The range that a header asks for, or None where the whole file is the answer.

    A header that is not understood, or asks for several parts, is answered with the whole, as the standard allows.

    Raises:
        ValueError: the range lies beyond the file.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return None
    begin, end = match.groups()
    if not begin:
        wanted = int(end)
        if wanted == 0 or size == 0:
            raise ValueError("no byte is asked for")
        return ByteRange(max(0, size - wanted), size - 1)
    first = int(begin)
    last = min(int(end), size - 1) if end else size - 1
    if end and int(end) < first:
        return None
    if first >= size:
        raise ValueError("beyond the end")
    return ByteRange(first, last)


def send_file(request: HttpRequest, path: Path, content_type: str) -> HttpResponseBase:
    """Answer with a file or a part of it.

    Raises:
        OSError: the file cannot be read.
    """
    status = path.stat()
    size, tag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Last-Modified": http_date(status.st_mtime)}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers=headers)
    asked = request.headers.get("Range", "")
    condition = request.headers.get("If-Range")
    if condition and condition not in (tag, headers["Last-Modified"]):
        # The browser holds parts of another version; they must not be mixed.
        asked = ""
    try:
        part = parse_range(asked, size)
    except ValueError:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    whole = part or ByteRange(0, size - 1)
    response: HttpResponseBase
    if request.method == "HEAD" or size == 0:
        response = HttpResponse(content_type=content_type, headers=headers)
    else:
        response = StreamingHttpResponse(_blocks(path, whole), content_type=content_type, headers=headers)
    response.headers["Content-Length"] = str(whole.length)
    if part is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    return response


def _blocks(path: Path, part: ByteRange) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(part.first)
        left = part.length
        while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
            left -= len(block)
            yield block
