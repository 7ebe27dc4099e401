import pytest

from pipeline.audio.decode import decode
from pipeline.errors import RecordingError
from samples.odd_files import write_odd_files


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    return folder, write_odd_files(folder)


def test_write_odd_files_then_the_folder_holds_what_is_promised_and_at_least_40(odd):
    folder, expected = odd
    assert {path.name for path in folder.iterdir()} == set(expected)
    assert len(expected) >= 40


def test_decode_of_every_odd_file_ends_as_promised(odd):
    folder, expected = odd
    surprises = {}
    for name, fate in expected.items():
        try:
            decode(folder / name)
            outcome = "assessed"
        except RecordingError:
            outcome = "quarantined"
        if fate not in (outcome, "either"):
            surprises[name] = outcome
    assert surprises == {}
