from pathlib import Path

import pytest

from samples.truth import compare, read_truth

pytestmark = [pytest.mark.demo, pytest.mark.timeout(1600)]

CALLS = Path(__file__).resolve().parents[2] / "samples" / "calls"
TRUTHS = sorted(CALLS.glob("*.truth.json"))


def test_demo_succeeds_and_says_what_to_do_next(demo):
    assert demo.ran.code == 0, demo.ran.err
    assert "What to do next" in demo.ran.out
    assert "tingjian assess" in demo.ran.out


def test_demo_table_has_a_line_for_every_bundled_call(demo):
    for path in TRUTHS:
        assert path.name.removesuffix(".truth.json") in demo.ran.out


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.name.removesuffix(".truth.json"))
def test_demo_agrees_with_the_truth_of_every_call(demo, path):
    truth = read_truth(path)
    assessment = demo.installation.assessments(demo.database)[truth.call_id]
    assert compare(truth, assessment) == []


def test_demo_run_again_does_no_work_and_shows_the_same_calls(demo):
    before = demo.installation.assessments(demo.database)
    again = demo.installation.run("demo")
    assert again.code == 0
    assert "Nothing to do" in again.out
    assert demo.installation.assessments(demo.database) == before


def test_demo_writes_no_noise_to_a_pipe(demo):
    # Log lines of progress and nothing else: no warnings of libraries, no start-up banners.
    lines = [line for line in demo.ran.err.splitlines() if line.strip()]
    assert all(any(word in line for word in ("recordings", "calls,", "speech model")) for line in lines), demo.ran.err
