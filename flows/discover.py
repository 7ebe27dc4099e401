"""Recordings in a folder: which files they are, what the manifest says of each, and what cannot even be read."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows.manifest import DEFAULT_MANIFEST, ManifestRow, read_manifest
from pipeline.errors import UsageError
from pipeline.serialise import metadata_to_document
from pipeline.types import CallMetadata
from store.paths import path_text, readable_name
from store.values import Enrolment, FileFingerprint

AUDIO_SUFFIXES = frozenset(
    ".wav .mp3 .ogg .oga .opus .m4a .mp4 .aac .amr .awb .gsm .flac .wma .g722 .al .ul .au .aiff .aif .webm .3gp".split()
)
SIDECAR_SUFFIXES = (".json", ".transcript.json")


@dataclass(frozen=True, slots=True)
class Found:
    """One recording (or what stands in its place) with its call's metadata; ``problem`` is (code, message)."""

    path: Path
    metadata: CallMetadata
    size_bytes: int = 0
    modified_ns: int = 0
    problem: tuple[str, str] | None = None


def discover(folder: Path, manifest: Path | None = None, day: date | None = None) -> list[Found]:
    """Every recording of a folder, in order of path.

    Files whose name ends like audio are recordings, and so is whatever the manifest names; hidden files and folders
    are passed over. A recording without a row is named by its path in the folder. Links are followed, each folder once.

    Args:
        folder: where the recordings are.
        manifest: a CSV file; None takes ``manifest.csv`` of the folder if there is one.
        day: only calls that the manifest says started on this day, in the zone in which the manifest writes it.

    Raises:
        UsageError: the folder or the manifest cannot be used.
    """
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "not there"
        raise UsageError(
            f"recordings folder {folder} is {what}; expected a folder with recordings. Correct --recordings."
        )
    if manifest is None and (folder / DEFAULT_MANIFEST).is_file():
        manifest = folder / DEFAULT_MANIFEST
    rows = read_manifest(manifest) if manifest else []
    by_path = {_normal(folder / _portable(row.file)): row for row in rows}
    paths = {_normal(path): problem for path, problem in _walk(folder)}
    paths.update((path, None) for path in by_path if path not in paths)
    taken = {row.metadata.call_id for row in rows}
    found = []
    for path in sorted(paths):
        row = by_path.get(path)
        if day is not None and not _started_on(row, day):
            continue
        metadata = row.metadata if row else CallMetadata(call_id=_free_call_id(path, folder, taken))
        found.append(_look_at(Path(path), metadata, paths[path], row, manifest))
    return found


def enrolment(found: Found, known: Mapping[str, FileFingerprint], *, with_sidecar: bool) -> Enrolment:
    """What the ledger is told of a recording; its content is read only when its size or time of change is new.

    Args:
        found: the recording.
        known: fingerprints by ``path_text``.
        with_sidecar: whether a transcript beside the recording is a part of what is assessed.
    """
    path = path_text(found.path)
    before = known.get(path)
    problem = found.problem
    sha256 = ""
    if problem is None:
        if before and (before.size_bytes, before.modified_ns) == (found.size_bytes, found.modified_ns):
            sha256 = before.sha256
        else:
            try:
                sha256 = _sha256_of(found.path)
            except OSError as error:
                problem = ("not_readable", _unreadable(found.path, error))
    metadata = metadata_to_document(found.metadata)
    return Enrolment(
        recording_id=recording_id(found.metadata.call_id, sha256),
        call_id=found.metadata.call_id,
        sha256=sha256,
        path=path,
        size_bytes=found.size_bytes,
        modified_ns=found.modified_ns,
        inputs_digest=_inputs_digest(metadata, _sidecars(found.path) if with_sidecar else []),
        metadata=metadata,
        problem=problem,
    )


def recording_id(call_id: str, sha256: str) -> str:
    """The id of a recording: the same sound of the same call has the same id wherever it lies."""
    return hashlib.sha256(f"{call_id}\0{sha256}".encode()).hexdigest()[:20]


def _walk(folder: Path) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Paths that look like recordings, with the problem where a folder or a look-alike stands in the way."""
    visited: set[tuple[int, int]] = set()
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        try:
            about = os.stat(place)
            if (about.st_dev, about.st_ino) in visited:
                continue
            visited.add((about.st_dev, about.st_ino))
            with os.scandir(place) as listing:
                entries = [entry for entry in listing if not entry.name.startswith(".")]
        except OSError as error:
            yield place, ("not_readable", _unreadable(Path(place), error))
            continue
        for entry in entries:
            looks_like_audio = Path(entry.name).suffix.lower() in AUDIO_SUFFIXES
            if os.path.isdir(entry.path):
                waiting.append(entry.path)
                if looks_like_audio:
                    yield entry.path, _not_a_file(Path(entry.path), "a folder")
            elif looks_like_audio:
                yield entry.path, None


def _look_at(
    path: Path, metadata: CallMetadata, problem: tuple[str, str] | None, row: ManifestRow | None, manifest: Path | None
) -> Found:
    if problem:
        return Found(path, metadata, problem=problem)
    try:
        about = os.stat(path)
    except FileNotFoundError:
        if row is None:
            return Found(path, metadata, problem=_not_a_file(path, "a link to nothing"))
        named = f"{manifest.name if manifest else DEFAULT_MANIFEST} line {row.line} names {row.file}"
        message = f"{named}, which is not there; expected the recording. Export it again or remove the row."
        return Found(path, metadata, problem=("not_a_file", message))
    except OSError as error:
        return Found(path, metadata, problem=("not_readable", _unreadable(path, error)))
    if not stat.S_ISREG(about.st_mode):
        # A pipe would block its reader for ever, so it is not even opened.
        what = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe or device"
        return Found(path, metadata, problem=_not_a_file(path, what))
    return Found(path, metadata, about.st_size, about.st_mtime_ns)


def _not_a_file(path: Path, what: str) -> tuple[str, str]:
    return ("not_a_file", f"{_name(path)} is {what}; expected a recording. Remove or rename it.")


def _unreadable(path: Path, error: OSError) -> str:
    return f"{_name(path)} cannot be read ({error.strerror}); expected read permission. Correct it and run again."


def _name(path: Path) -> str:
    return readable_name(path.name)


def _free_call_id(path: str, folder: Path, taken: set[str]) -> str:
    call_id = readable_name(os.path.relpath(path, folder)).replace(os.sep, "/")
    while call_id in taken:
        # A row elsewhere in the manifest is named so; this is another recording.
        call_id = f"./{call_id}"
    taken.add(call_id)
    return call_id


def _normal(path: Path | str) -> str:
    return os.path.normpath(os.path.abspath(path))


def _portable(file: str) -> str:
    return file if os.sep in file else file.replace("\\", os.sep)


def _started_on(row: ManifestRow | None, day: date) -> bool:
    return row is not None and row.metadata.started_at is not None and row.metadata.started_at.date() == day


def _sidecars(path: Path) -> list[Path]:
    names = [Path(f"{path}{SIDECAR_SUFFIXES[0]}"), *(path.with_suffix(suffix) for suffix in SIDECAR_SUFFIXES)]
    return [name for name in names if name.is_file()]


def _inputs_digest(metadata: Mapping[str, Any], sidecars: list[Path]) -> str:
    parts: list[Any] = [metadata]
    for path in sidecars:
        try:
            parts.append(_sha256_of(path))
        except OSError:
            parts.append("unreadable")
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
