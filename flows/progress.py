"""What a person sees while a batch runs: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import threading
import time
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

logger = logging.getLogger(__name__)

LOG_EVERY_S = 30.0


class BatchProgress(Protocol):
    """Told by many threads what has become of recordings."""

    def __enter__(self) -> BatchProgress:
        """Show that the work begins."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Show that it ended."""

    def phase(self, what: str) -> None:
        """Say what is going on before the first recording is done."""

    def assessed(self, audio_s: float) -> None:
        """Count one recording of ``audio_s`` seconds."""

    def failed(self) -> None:
        """Count one recording that was set aside."""


class _Tally:
    """The numbers behind every kind of progress."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.failures = 0
        self.audio_s = 0.0
        self.lock = threading.Lock()
        self.started = time.monotonic()

    def add(self, audio_s: float, failures: int) -> None:
        self.done += 1
        self.failures += failures
        self.audio_s += audio_s

    @property
    def times_real_time(self) -> float:
        return self.audio_s / max(time.monotonic() - self.started, 1e-9)

    @property
    def text(self) -> str:
        failures = f", {self.failures} set aside" if self.failures else ""
        return f"{self.audio_s / 3600:.2f} h of audio, {self.times_real_time:.1f} x real time{failures}"


class BarProgress:
    """A bar on standard error."""

    def __init__(self, total: int, console: Console | None = None) -> None:
        """Prepare a bar for ``total`` recordings."""
        self._tally = _Tally(total)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )
        self._task = self._bar.add_task("calls", total=total, figures="")

    def __enter__(self) -> BarProgress:
        """Show the bar."""
        self._tally.started = time.monotonic()
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Leave the bar as it last was."""
        self._bar.stop()

    def phase(self, what: str) -> None:
        """Say what is going on, where the figures come later."""
        self._bar.update(self._task, figures=what)

    def assessed(self, audio_s: float) -> None:
        """Count one recording."""
        self._add(audio_s, 0)

    def failed(self) -> None:
        """Count one recording that was set aside."""
        self._add(0.0, 1)

    def _add(self, audio_s: float, failures: int) -> None:
        with self._tally.lock:
            self._tally.add(audio_s, failures)
            self._bar.update(self._task, advance=1, figures=self._tally.text)


class LogProgress:
    """A log line at the beginning, every half minute, and at the end."""

    def __init__(self, total: int, every_s: float = LOG_EVERY_S) -> None:
        """Prepare for ``total`` recordings and a line every ``every_s`` seconds."""
        self._tally = _Tally(total)
        self._every_s = every_s
        self._said = 0.0

    def __enter__(self) -> LogProgress:
        """Say how much there is to do."""
        self._tally.started = self._said = time.monotonic()
        logger.info("%d recordings to assess", self._tally.total)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Say how far it came."""
        self._say()

    def phase(self, what: str) -> None:
        """Say what is going on."""
        logger.info("%s", what)

    def assessed(self, audio_s: float) -> None:
        """Count one recording."""
        self._add(audio_s, 0)

    def failed(self) -> None:
        """Count one recording that was set aside."""
        self._add(0.0, 1)

    def _add(self, audio_s: float, failures: int) -> None:
        with self._tally.lock:
            self._tally.add(audio_s, failures)
            if time.monotonic() - self._said >= self._every_s:
                self._say()

    def _say(self) -> None:
        tally = self._tally
        self._said = time.monotonic()
        elapsed = self._said - tally.started
        left = f", about {elapsed / tally.done * (tally.total - tally.done):.0f} s left" if tally.done else ""
        logger.info("%d of %d calls, %s%s", tally.done, tally.total, tally.text, left)


def make_progress(total: int) -> BatchProgress:
    """The kind of progress that suits standard error."""
    return BarProgress(total) if sys.stderr.isatty() else LogProgress(total)
