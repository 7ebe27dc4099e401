from __future__ import annotations

from pathlib import Path

import pytest
from django.test import RequestFactory

from review.byte_ranges import ByteRange, parse_range, send_file


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("bytes=0-", ByteRange(0, 99)),
        ("bytes=10-19", ByteRange(10, 19)),
        ("bytes=90-500", ByteRange(90, 99)),
        ("bytes=-20", ByteRange(80, 99)),
        ("bytes=-500", ByteRange(0, 99)),
        ("bytes=5-2", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("seconds=1-2", None),
    ],
)
def test_range_is_read_as_the_standard_says(header: str, expected: ByteRange | None) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_range_beyond_the_file_is_refused(header: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is for nobody: the answer is 416
        parse_range(header, 100)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(range(256)) * 1000)
    return path


def _send(file: Path, method: str = "get", **headers: str):
    request = getattr(RequestFactory(), method)("/a", headers=headers)
    return send_file(request, file, "audio/wav")


def test_part_of_a_file_is_sent_with_its_place(file: Path) -> None:
    response = _send(file, range="bytes=1000-200000")
    assert response.status_code == 206
    assert response.headers["Content-Range"] == "bytes 1000-200000/256000"
    assert response.headers["Content-Length"] == "199001"
    assert b"".join(response.streaming_content) == file.read_bytes()[1000:200001]


def test_whole_file_says_that_it_takes_ranges(file: Path) -> None:
    response = _send(file)
    assert (response.status_code, response.headers["Accept-Ranges"]) == (200, "bytes")
    assert b"".join(response.streaming_content) == file.read_bytes()


def test_range_beyond_the_end_is_416(file: Path) -> None:
    response = _send(file, range="bytes=256000-")
    assert (response.status_code, response.headers["Content-Range"]) == (416, "bytes */256000")


def test_part_of_another_version_is_not_mixed_in(file: Path) -> None:
    tag = _send(file).headers["ETag"]
    assert _send(file, range="bytes=0-9", **{"if-range": tag}).status_code == 206
    assert _send(file, range="bytes=0-9", **{"if-range": '"old"'}).status_code == 200
    assert _send(file, **{"if-none-match": tag}).status_code == 304


def test_head_has_the_length_and_no_content(file: Path) -> None:
    response = _send(file, "head")
    assert response.headers["Content-Length"] == "256000"
    assert not getattr(response, "streaming", False)
