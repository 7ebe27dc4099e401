from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pipeline.errors import RulebookError
from pipeline.rules.shelf import open_shelf
from tests.rules.rulebook_text import HEADER, LATE, TALK, text_of

NOW = datetime.fromisoformat("2026-05-01T00:00:00+08:00")


def write(folder: Path, name: str, version: str, begin: str = "", end: str = "", rulebook: str = "small") -> None:
    period = f'effective_from: "{begin}"\n' if begin else ""
    period += f'effective_until: "{end}"\n' if end else ""
    header = HEADER.replace('version: "1"\n', f'version: "{version}"\n{period}').replace("small", rulebook)
    (folder / name).write_text(text_of(TALK, LATE, header=header), encoding="utf-8")


def at(folder: Path, moment: str | None) -> str:
    return open_shelf(folder).at(None if moment is None else datetime.fromisoformat(moment), NOW).version


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "b.yaml", "2", begin="2026-03-09")
    write(tmp_path, "a.yaml", "1", end="2026-03-08")
    (tmp_path / "notes.txt").write_text("no rulebook")
    return tmp_path


@pytest.mark.parametrize(
    ("moment", "version"),
    [
        pytest.param("2026-03-08T23:59:59+08:00", "1", id="last_moment_of_the_old"),
        pytest.param("2026-03-09T00:00:00+08:00", "2", id="first_moment_of_the_new"),
        pytest.param("2026-03-08T16:30:00+00:00", "2", id="in_another_zone"),
        pytest.param(None, "2", id="unknown_is_now"),
    ],
)
def test_call_gets_the_version_in_force_when_it_began(folder: Path, moment: str | None, version: str) -> None:
    assert at(folder, moment) == version


def test_rulebook_that_is_published_but_not_yet_in_force_judges_nothing(folder: Path) -> None:
    write(folder, "b.yaml", "2", begin="2026-03-09", end="2026-06-30")
    write(folder, "c.yaml", "3", begin="2026-07-01")
    assert at(folder, None) == "2"
    assert at(folder, "2026-07-02T08:00:00+08:00") == "3"


def test_version_without_an_end_is_in_force_until_the_next_begins(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "1")
    write(tmp_path, "b.yaml", "2", begin="2026-03-09")
    write(tmp_path, "c.yaml", "3", begin="2026-07-01")
    assert [at(tmp_path, day) for day in ("2026-03-08T23:59:59+08:00", "2026-03-09T00:00:00+08:00", None)] == [
        "1",
        "2",
        "2",
    ]
    assert at(tmp_path, "2026-07-01T00:00:00+08:00") == "3"


def test_rulebook_that_is_named_judges_every_call(folder: Path) -> None:
    shelf = open_shelf(folder / "b.yaml")
    assert shelf.at(datetime.fromisoformat("2020-01-01T00:00:00+08:00"), NOW).version == "2"
    assert open_shelf("mobile_service").told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(("b.yaml", "2", "2026-03-05", ""), "in force at the same time", id="overlap"),
        pytest.param(("b.yaml", "2", "", ""), "in force at the same time", id="always"),
        pytest.param(("c.yaml", "3", "2026-03-09", ""), "in force at the same time", id="same_day"),
        pytest.param(("b.yaml", "2", "2026-03-09", "", "other"), "versions of one rulebook", id="two_rulebooks"),
    ],
)
def test_folder_that_does_not_say_which_is_refused(folder: Path, change: tuple[str, ...], told: str) -> None:
    write(folder, *change)
    with pytest.raises(RulebookError, match=told):
        open_shelf(folder)


def test_folder_without_rulebooks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="holds no rulebook"):
        open_shelf(tmp_path)


def test_time_without_a_rulebook_names_those_that_there_are(folder: Path) -> None:
    write(folder, "a.yaml", "1", begin="2026-01-01", end="2026-03-08")
    with pytest.raises(RulebookError, match=r"none is in force on 2025-12-31.*1 \(2026-01-01 to 2026-03-08\)"):
        at(folder, "2025-12-31T00:00:00+08:00")
