from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from flows.discover import Found, discover, enrolment, recording_id
from pipeline.errors import ManifestError, UsageError
from store.paths import path_from_text, path_text
from store.values import FileFingerprint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode(errors="surrogateescape"))


def names(found: list[Found]) -> list[str]:
    return [item.metadata.call_id for item in found]


def problems(found: list[Found]) -> dict[str, str]:
    return {item.path.name: item.problem[0] for item in found if item.problem}


def test_discover_when_many_kinds_then_recordings_only_in_order(folder: Path) -> None:
    write(folder, "b.wav", "a.MP3", "sub/c.opus", "sub/deep/d.g722", "notes.txt", ".hidden.wav", ".cache/e.wav")
    write(folder, "a.json", "no_suffix")
    assert names(discover(folder)) == ["a.MP3", "b.wav", "sub/c.opus", "sub/deep/d.g722"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("with space.wav", id="space"),
        pytest.param("quote\"'.wav", id="quotes"),
        pytest.param("中文录音.wav", id="Chinese"),
        pytest.param("two\nlines.wav", id="newline"),
        pytest.param("%41;*?.wav", id="signs"),
        pytest.param("bytes:x.wav", id="looks escaped"),
        pytest.param(os.fsdecode("录音".encode("gbk") + b".wav"), id="GBK name"),
        pytest.param(os.fsdecode(b"\xff\x80.wav"), id="no text at all"),
    ],
)
def test_discover_when_name_is_odd_then_found_and_kept_as_text(folder: Path, name: str) -> None:
    write(folder, name)
    (found,) = discover(folder)
    entered = enrolment(found, {}, with_sidecar=False)
    entered.path.encode()
    entered.call_id.encode()
    assert path_from_text(entered.path) == folder / name
    assert path_from_text(entered.path).read_bytes() == name.encode(errors="surrogateescape")


def test_discover_when_name_is_gbk_then_people_can_read_it(folder: Path) -> None:
    write(folder, os.fsdecode("录音".encode("gbk") + b".wav"))
    assert names(discover(folder)) == ["录音.wav"]


def make_folder(folder: Path) -> None:
    (folder / "x.wav").mkdir()
    write(folder, "x.wav/inner.wav")


def make_pipe(folder: Path) -> None:
    os.mkfifo(folder / "x.wav")


def make_dangling(folder: Path) -> None:
    (folder / "x.wav").symlink_to(folder / "gone.wav")


def make_self_link(folder: Path) -> None:
    (folder / "x.wav").symlink_to(folder / "x.wav")


def make_manifest_row(folder: Path) -> None:
    (folder / "manifest.csv").write_text("call_id,file\nc1,x.wav\n")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(make_folder, "not_a_file", id="folder"),
        pytest.param(make_pipe, "not_a_file", id="pipe"),
        pytest.param(make_dangling, "not_a_file", id="dangling link"),
        pytest.param(make_self_link, "not_readable", id="link to itself"),
        pytest.param(make_manifest_row, "not_a_file", id="row without file"),
    ],
)
def test_discover_when_it_is_no_file_then_reported_beside_the_good_ones(
    folder: Path, make: Callable[[Path], None], code: str
) -> None:
    write(folder, "good.wav")
    make(folder)
    found = discover(folder)
    assert problems(found) == {"x.wav": code}
    assert "good.wav" in names(found)
    entered = [enrolment(item, {}, with_sidecar=False) for item in found]
    assert [item.problem[0] for item in entered if item.problem] == [code]


def test_discover_when_folder_looks_like_audio_then_its_contents_are_found_too(folder: Path) -> None:
    make_folder(folder)
    assert names(discover(folder)) == ["x.wav", "x.wav/inner.wav"]


def test_discover_when_links_go_round_then_each_folder_once(folder: Path) -> None:
    write(folder, "sub/a.wav")
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "zz").symlink_to(folder / "sub")
    assert len(discover(folder)) == 1


def test_discover_when_manifest_then_its_words_are_used(folder: Path) -> None:
    write(folder, "a.wav", "odd_name", "sub/b.wav")
    (folder / "manifest.csv").write_text(
        "call_id,file,agent_id,started_at\nc1,a.wav,A7,2026-03-02T23:30:00+08:00\nc2,odd_name,A8,\nc3,sub\\b.wav,A9,\n"
    )
    found = discover(folder)
    assert names(found) == ["c1", "c2", "c3"]
    assert [item.metadata.agent_id for item in found] == ["A7", "A8", "A9"]
    assert names(discover(folder, day=date(2026, 3, 2))) == ["c1"]
    assert discover(folder, day=date(2026, 3, 3)) == []


def test_discover_when_call_id_is_another_files_name_then_both_keep_their_own(folder: Path) -> None:
    write(folder, "a.wav", "b.wav")
    (folder / "manifest.csv").write_text("call_id,file\nb.wav,a.wav\n")
    assert names(discover(folder)) == ["b.wav", "./b.wav"]


def test_discover_when_manifest_lies_elsewhere_then_files_are_still_of_the_folder(folder: Path, tmp_path: Path) -> None:
    write(folder, "a.wav")
    manifest = tmp_path / "export.csv"
    manifest.write_text("call_id,file\nc1,a.wav\n")
    assert names(discover(folder, manifest)) == ["c1"]


def test_discover_when_folder_is_wrong_then_usage_error(folder: Path) -> None:
    write(folder, "a.wav")
    for wrong, words in ((folder / "none", "not there"), (folder / "a.wav", "not a folder")):
        with pytest.raises(UsageError, match=words):
            discover(wrong)
    with pytest.raises(ManifestError):
        discover(folder, folder / "none.csv")


def test_enrolment_when_nothing_changed_then_the_content_is_not_read_again(folder: Path) -> None:
    write(folder, "a.wav")
    (found,) = discover(folder)
    first = enrolment(found, {}, with_sidecar=False)
    known = {path_text(found.path): FileFingerprint(found.size_bytes, found.modified_ns, "remembered")}
    assert enrolment(found, known, with_sidecar=False).sha256 == "remembered"
    os.utime(found.path, ns=(1, 1))
    (touched,) = discover(folder)
    assert enrolment(touched, known, with_sidecar=False).sha256 == first.sha256


def test_enrolment_when_unreadable_then_problem(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.wav")
    (found,) = discover(folder)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Tests may run as root, whom no permission stops.
    monkeypatch.setattr(Path, "open", refuse)
    entered = enrolment(found, {}, with_sidecar=False)
    assert entered.problem is not None
    assert entered.problem[0] == "not_readable"
    assert "Permission denied" in entered.problem[1]


@pytest.mark.parametrize("sidecar", ["a.wav.json", "a.json", "a.transcript.json"])
def test_enrolment_when_sidecar_changes_then_inputs_change(folder: Path, sidecar: str) -> None:
    write(folder, "a.wav", sidecar)
    (found,) = discover(folder)
    first = enrolment(found, {}, with_sidecar=True)
    without = enrolment(found, {}, with_sidecar=False)
    (folder / sidecar).write_text("{}")
    assert enrolment(found, {}, with_sidecar=True).inputs_digest != first.inputs_digest
    assert enrolment(found, {}, with_sidecar=False).inputs_digest == without.inputs_digest


def test_recording_id_when_moved_then_the_same_and_when_another_call_then_not() -> None:
    assert recording_id("c1", "aa") == recording_id("c1", "aa")
    assert len({recording_id(call_id, sha) for call_id in ("c1", "c2") for sha in ("aa", "bb")}) == 4
