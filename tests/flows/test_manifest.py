from __future__ import annotations

from pathlib import Path

import pytest

from flows.manifest import read_manifest
from pipeline.errors import ManifestError

HEADER = "call_id,file,agent_name,queue\n"
ROW = "c1,a.wav,王芳,投诉\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param((HEADER + ROW).encode(), id="utf-8"),
        pytest.param((HEADER + ROW).encode("utf-8-sig"), id="utf-8 with mark"),
        pytest.param((HEADER + ROW).encode("gbk"), id="gbk"),
        pytest.param((HEADER + ROW).encode("utf-16"), id="utf-16 with mark"),
        pytest.param((HEADER + ROW).replace("\n", "\r\n").encode(), id="windows line ends"),
        pytest.param((HEADER + ROW).replace(",", ";").encode(), id="semicolons"),
        pytest.param((HEADER + ROW).replace(",", "\t").encode(), id="tabs"),
        pytest.param((HEADER + "\n , ,,\n" + ROW + "\n").encode(), id="empty rows"),
        pytest.param((HEADER + ROW.replace("a.wav", '"a.wav"')).encode(), id="quotes"),
    ],
)
def test_read_manifest_when_written_otherwise_then_the_same_rows(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    (row,) = read_manifest(path)
    assert row.file == "a.wav"
    assert row.metadata.call_id == "c1"
    assert row.metadata.agent_name == "王芳"
    assert row.metadata.extra == {"queue": "投诉"}


def test_read_manifest_when_call_id_is_missing_then_named_by_file(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("file\na.wav\n")
    assert read_manifest(path)[0].metadata.call_id == "a.wav"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", "no column 'file' .found: nothing", id="empty"),
        pytest.param("call_id,path\nc,a\n", "no column 'file' .found: call_id, path", id="no file column"),
        pytest.param("file,file\na,b\n", "file stands there twice", id="column twice"),
        pytest.param("file,call_id\na,c1\nb,c1\n", "lines 2 and 3: the same call_id 'c1'", id="call id twice"),
        pytest.param("file,call_id\na,c1\n./a,c2\n", "lines 2 and 3: the same file", id="file twice"),
        pytest.param("file,call_id\n,c1\n", "m.csv line 2: file is empty", id="no file"),
        pytest.param("file,call_id\na,c,d\n", "line 2: 3 fields under 2 columns", id="too many fields"),
        pytest.param('file,call_id\n"a"b,c\n', "line 2: not CSV", id="broken quotes"),
        pytest.param("file,agent_channel\na,5\n", "m.csv line 2, column agent_channel", id="bad value"),
        pytest.param("file\na\0b\n", "not text in UTF-8 or GBK", id="binary"),
    ],
)
def test_read_manifest_when_wrong_then_told_where_and_what(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(content)
    with pytest.raises(ManifestError, match=words):
        read_manifest(path)


def test_read_manifest_when_not_there_then_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path)
