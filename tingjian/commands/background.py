"""What the review pages' process does beside answering: messages to other systems, work that a page asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from django.db import DatabaseError, connections

LOG = logging.getLogger("tingjian.background")
PAUSE_S = 2.0
AFTER_TROUBLE_S = 30.0


class Background:
    """One thread that does each piece of work in turn until it is stopped."""

    def __init__(self, work: Sequence[Callable[[], object]], pause_s: float = PAUSE_S) -> None:
        """Take the pieces of work; each returns soon, or does a thing that somebody waits for."""
        self._work = tuple(work)
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the piece in hand; a message under way may take its ten seconds."""
        self._ended.set()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        pause_s = 0.0
        while not self._ended.wait(pause_s):
            pause_s = self._pause_s
            for piece in self._work:
                try:
                    piece()
                except DatabaseError as error:
                    # A database that is busy or away comes back; the pages say more about it.
                    LOG.warning("background work waits: %s", type(error).__name__)
                    pause_s = AFTER_TROUBLE_S
                except Exception as error:
                    # One piece's defect must stop neither the others nor the pages.
                    LOG.error("background work failed: %s", type(error).__name__, exc_info=True)
                    pause_s = AFTER_TROUBLE_S
            connections.close_all()
