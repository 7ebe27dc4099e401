from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tingjian.cli import run


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert run([*arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_mean_when_json_then_n_and_what_was_assumed(capsys) -> None:
    document = as_json(capsys, "sample-size", "mean", "--sd", "15", "--error", "3")
    assert (document["n"], document["raw"], document["mode"]) == (97, 96.04, "guarantee")
    article = as_json(capsys, "sample-size", "mean", "--sd", "15", "--error", "3", "--mode", "article")
    assert article["n"] == 96


def test_rate_when_json_then_n(capsys) -> None:
    asked = ("sample-size", "rate", "--rate", "0.9", "--error", "0.03", "--population", "2000")
    assert as_json(capsys, *asked)["n"] == 323
    assert as_json(capsys, *asked, "--mode", "article")["n"] == 322


def test_mean_when_scores_are_given_then_their_interval_too(capsys) -> None:
    document = as_json(
        capsys, "sample-size", "mean", "--scores", "67,77,79,79,83,84,87,89,99,100", "--error", "3", "--t"
    )
    assert document["measured"]["sd"] == 10.0133
    assert document["measured"]["half_width"] == 7.1631
    assert document["n"] == 46


def test_docs_when_they_name_a_size_then_it_is_what_the_command_prints(capsys) -> None:
    text = (Path(__file__).parents[2] / "docs" / "sampling.md").read_text(encoding="utf-8")
    named = re.findall(r"^    tingjian (sample-size .+?) +(\d+)$", text, flags=re.MULTILINE)
    assert len(named) == 3
    for command, size in named:
        assert as_json(capsys, *command.split())["n"] == int(size)


def test_table_when_several_are_given_then_every_pair(capsys) -> None:
    asked = ("sample-size", "mean", "--sd", "10", "--sd", "15", "--error", "3", "--error", "5", "--mode", "article")
    document = as_json(capsys, *asked)
    assert [cell["n"] for cell in document["table"]] == [43, 15, 96, 35]
    assert run([*asked]) == 0
    text = capsys.readouterr().out
    assert "±3" in text
    assert "96" in text
    assert run(["sample-size", "rate", "--table"]) == 0
    assert "0.95" in capsys.readouterr().out


def test_mean_when_article_rounds_down_then_said(capsys) -> None:
    assert run(["sample-size", "mean", "--sd", "15", "--error", "3", "--mode", "article"]) == 0
    assert "one call too few" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["mean", "--error", "3"], "--sd is missing", id="no sd"),
        pytest.param(["mean", "--sd", "10"], "--error is missing", id="no error"),
        pytest.param(["mean", "--sd", "0", "--error", "3"], "sd is 0", id="sd 0"),
        pytest.param(["mean", "--scores", "90,90", "--error", "3"], "all 2 are equal", id="all equal"),
        pytest.param(["mean", "--scores", "90,x", "--error", "3"], "--scores is not a list", id="no number"),
        pytest.param(["mean", "--scores", "90,80", "--sd", "3", "--error", "3"], "Leave one out", id="both"),
        pytest.param(["rate", "--rate", "90", "--error", "3"], "rate is 90", id="percent"),
        pytest.param(["rate", "--rate", "0.9", "--error", "0.03", "--population", "0"], "population is 0", id="nobody"),
    ],
)
def test_wrong_use_then_exit_2_and_explained(arguments: list[str], says: str, capsys) -> None:
    assert run(["sample-size", *arguments]) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.out == ""
