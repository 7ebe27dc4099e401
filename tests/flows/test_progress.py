from __future__ import annotations

import io
import logging

import pytest
from rich.console import Console

from flows.progress import BarProgress, LogProgress, make_progress


def test_bar_when_recordings_are_done_then_all_figures_show() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    with BarProgress(4, console) as bar:
        bar.phase("loading the speech model")
        bar.assessed(3600.0)
        bar.failed()
    text = screen.getvalue()
    for words in ("2/4", "50%", "1.00 h of audio", "x real time", "1 set aside", "left"):
        assert words in text


def test_log_when_interval_has_passed_then_a_line_each_and_time_left(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "flows")
    with LogProgress(3, every_s=0.0) as log:
        log.assessed(60.0)
        log.failed()
    assert caplog.messages[0] == "3 recordings to assess"
    assert caplog.messages[1].startswith("1 of 3 calls")
    assert "1 set aside" in caplog.messages[2]
    assert "s left" in caplog.messages[2]


def test_make_progress_when_no_terminal_then_log_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_progress(1), LogProgress)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert isinstance(make_progress(1), BarProgress)
