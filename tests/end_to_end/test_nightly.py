import shutil
from pathlib import Path

import pytest

from samples.odd_files import write_odd_files

pytestmark = pytest.mark.timeout(900)

CALLS = Path(__file__).resolve().parents[2] / "samples" / "calls"
GOOD = ("20260302-022.mp3", "20260302-030.wav", "20260302-010.opus")


@pytest.fixture
def folder(tmp_path):
    """Three good recordings without a manifest."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in GOOD:
        shutil.copy(CALLS / name, folder / name)
    return folder


def test_nightly_beside_odd_files_assesses_every_good_one_and_explains_the_others(installation, folder):
    expected = write_odd_files(folder)
    assert len(expected) >= 40
    ran = installation.run("nightly", "--recordings", folder, "--format", "json")
    assert ran.code == 1, ran.err
    summary = ran.document
    assessed = {call["call_id"] for call in summary["calls"]}
    aside = {item["path"]: item for item in summary["set_aside"]}
    assert set(GOOD) <= assessed
    assert summary["found"] == len(expected) + len(GOOD)
    assert len(assessed) + len(aside) == summary["found"]
    assert all(item["message"] and item["code"] != "internal_error" for item in aside.values())
    aside_names = {Path(path).name for path in aside}
    for name, fate in expected.items():
        if fate == "quarantined":
            assert Path(name).name in aside_names, f"{name!r} should have been set aside"
        elif fate == "assessed":
            assert Path(name).name not in aside_names, f"{name!r}: {aside}"


def test_nightly_a_second_time_does_no_work_and_says_so(installation, folder):
    first = installation.run("nightly", "--recordings", folder)
    assert first.code == 0, first.err
    stored = installation.assessments()
    assert len(stored) == 3
    second = installation.run("nightly", "--recordings", folder)
    assert second.code == 0
    assert "Nothing to do: all 3 recordings were assessed before" in second.out
    assert installation.assessments() == stored


def test_nightly_with_one_new_recording_assesses_that_alone(installation, folder):
    held_back = folder.parent / GOOD[0]
    shutil.move(folder / GOOD[0], held_back)
    assert installation.run("nightly", "--recordings", folder).code == 0
    shutil.move(held_back, folder / GOOD[0])
    summary = installation.run("nightly", "--recordings", folder, "--format", "json").document
    assert (summary["assessed"], summary["already_done"]) == (1, 2)


def test_nightly_with_another_rulebook_judges_again_and_keeps_the_old(installation, folder, tmp_path):
    bundled = CALLS.parents[1] / "pipeline" / "rules" / "rulebooks" / "mobile_service.yaml"
    mine = tmp_path / "mine.yaml"
    mine.write_text(bundled.read_text(encoding="utf-8") + "\n# ours\n", encoding="utf-8")
    assert installation.run("nightly", "--recordings", folder).code == 0
    summary = installation.run("nightly", "--recordings", folder, "--rulebook", mine, "--format", "json").document
    assert summary["assessed"] == 3


def test_nightly_over_an_empty_folder_says_that_there_is_nothing(installation, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = installation.run("nightly", "--recordings", tmp_path / "empty")
    assert ran.code == 0
    assert "no recordings" in (ran.out + ran.err).lower()


def test_nightly_with_a_broken_manifest_names_line_and_column(installation, folder):
    (folder / "manifest.csv").write_text("call_id,file,agent_channel\nC1,20260302-030.wav,7\n", encoding="utf-8")
    ran = installation.run("nightly", "--recordings", folder)
    assert ran.code == 2
    for words in ("manifest.csv", "line 2", "agent_channel"):
        assert words in ran.err
