"""What a night comes to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from store.values import SetAside


@dataclass(frozen=True, slots=True)
class NightSummary:
    """One run over a folder.

    Attributes:
        batch_id: the run; ``store.records.assessments_of`` takes it.
        found: recordings in the folder.
        assessed: recordings assessed by this run.
        already_done: recordings that earlier runs had assessed the same way.
        set_aside: every recording of the folder without an assessment, with the reason, old ones included.
        newly_set_aside: how many of these this run tried or found.
        elsewhere: recordings that another machine is working on.
        audio_s: seconds of audio assessed by this run.
        seconds: how long the run took.
        reused: how many of those assessed were heard by an earlier run and only judged by this one.
        worker_bytes: most memory that a worker held after a recording; 0 when none ran.
    """

    batch_id: str
    found: int
    assessed: int
    already_done: int
    set_aside: tuple[SetAside, ...]
    newly_set_aside: int
    elsewhere: int
    audio_s: float
    seconds: float
    reused: int = 0
    worker_bytes: int = 0

    @property
    def did_nothing(self) -> bool:
        """Whether everything had been done before."""
        return self.assessed == 0 and self.newly_set_aside == 0

    @property
    def exit_code(self) -> int:
        """0 when every recording of the folder is assessed, 1 when some are set aside."""
        return 1 if self.set_aside else 0

    def to_document(self) -> dict[str, Any]:
        """The summary as plain values."""
        return {**asdict(self), "set_aside": [asdict(item) for item in self.set_aside]}
