"""The manifest: what a recording platform exports beside its recordings, as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ManifestError
from pipeline.metadata import MANIFEST_COLUMNS, parse_metadata
from pipeline.types import CallMetadata

DEFAULT_MANIFEST = "manifest.csv"


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One row: the file it speaks of, as written, and what it says of the call."""

    line: int
    file: str
    metadata: CallMetadata


def read_manifest(path: Path) -> list[ManifestRow]:
    """Read every row of a manifest (UTF-8 with or without mark, UTF-16 with mark, else GB 18030).

    Separators may be commas, semicolons or tabs. Empty rows are passed over; a row without ``call_id`` is named by
    its file.

    Raises:
        ManifestError: naming file, line, column and what was expected.
    """
    text = _text_of(path)
    reader = csv.reader(io.StringIO(text, newline=""), _dialect(text))
    rows: list[ManifestRow] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, path)
        for fields in reader:
            if any(text.strip() for text in fields):
                rows.append(_row(header, fields, f"{path.name} line {reader.line_num}", reader.line_num))
    except csv.Error as error:
        raise ManifestError(
            f"{path} line {reader.line_num}: not CSV ({error}); expected one line for each recording."
        ) from error
    _refuse_twins(rows, path)
    return rows


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(
            f"manifest {path} cannot be read ({error.strerror}); expected a CSV file. Correct --manifest."
        ) from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        # Spreadsheets in Chinese offices save GBK, of which GB 18030 is the whole.
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ManifestError(f"manifest {path} is not text in UTF-8 or GBK; expected a CSV file. Export it as UTF-8.")


def _dialect(text: str) -> type[csv.Dialect]:
    header = text.splitlines()[0] if text.strip() else ""

    class Separated(csv.excel):
        delimiter = max(",;\t", key=header.count)
        strict = True

    return Separated


def _check_header(header: list[str], path: Path) -> None:
    if "file" not in header:
        found = ", ".join(filter(None, header)) or "nothing"
        raise ManifestError(
            f"{path} line 1: no column 'file' (found: {found}); expected a header with at least file and call_id. "
            f"Known columns: {', '.join(MANIFEST_COLUMNS)}."
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise ManifestError(f"{path} line 1: column {twice[0]} stands there twice; expected each column once.")


def _row(header: list[str], fields: list[str], source: str, line: int) -> ManifestRow:
    if len(fields) > len(header) and any(text.strip() for text in fields[len(header) :]):
        raise ManifestError(
            f"{source}: {len(fields)} fields under {len(header)} columns; "
            f"expected as many. Put quotes round a text that holds the separator."
        )
    values = {name: text for name, text in zip(header, fields, strict=False) if name}
    file = values["file"].strip() if "file" in values else ""
    if not file:
        raise ManifestError(f"{source}: file is empty; expected the path of the recording.")
    if not values.get("call_id", "").strip():
        values["call_id"] = file
    return ManifestRow(line, file, parse_metadata(values, source))


def _refuse_twins(rows: list[ManifestRow], path: Path) -> None:
    for what, key in (
        ("call_id", lambda row: row.metadata.call_id),
        ("file", lambda row: str(Path(row.file))),
    ):
        seen: dict[str, int] = {}
        for row in rows:
            first = seen.setdefault(key(row), row.line)
            if first != row.line:
                raise ManifestError(
                    f"{path} lines {first} and {row.line}: the same {what} {key(row)!r}; "
                    f"expected each {what} once. Remove or correct one of the rows."
                )
