"""What both Whisper engines decide the same way: which windows are heard together, and what decides about the text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.asr.assembly import DOUBTFUL_LOGPROB, NO_SPEECH_PROBABILITY
from pipeline.asr.engine import EngineSettings, OptionValue
from pipeline.asr.whisper_model import LANGUAGE, Profile
from pipeline.asr.windows import GAP_S, Window, pack
from pipeline.types import Turn


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """Temperature 0, greedy, in Chinese, no previous text as a condition; the rest by model and settings.

    Attributes:
        profile: how turns are packed; no window is longer than the model hears.
        precision: the one computed in.
        threads: of the processor.
        windows_at_once: windows of 30 s decoded together.
    """

    profile: Profile
    precision: str
    threads: int
    windows_at_once: int

    @classmethod
    def of(
        cls, profile: Profile, settings: EngineSettings, *, precision: str, threads: int | None, context_s: float
    ) -> WhisperOptions:
        """Options of an engine for a model that hears ``context_s`` at once; ``threads`` None for one a core."""
        return cls(
            replace(profile, max_window_s=min(profile.max_window_s, context_s)),
            precision,
            threads or len(os.sched_getaffinity(0)),
            settings.windows_at_once,
        )

    def windows(self, turns: Sequence[Turn]) -> tuple[Window, ...]:
        """Turns as the model hears them."""
        profile = self.profile
        return pack(turns, profile.max_window_s, GAP_S, profile.max_turns_per_window, profile.margin_s)

    def values(self, hot_words: Sequence[str] = ()) -> dict[str, OptionValue]:
        """What decides about the text; threads, batch and device decide how long it takes.

        Hot words do so too, and are named where there are any.
        """
        prompt = hot_word_prompt(hot_words)
        return {
            "language": LANGUAGE,
            "temperature": 0.0,
            "beam_size": 1,
            "condition_on_previous_text": False,
            "max_window_s": self.profile.max_window_s,
            "max_turns_per_window": self.profile.max_turns_per_window,
            "margin_s": self.profile.margin_s,
            "gap_s": GAP_S,
            "no_speech_threshold": NO_SPEECH_PROBABILITY,
            "logprob_threshold": DOUBTFUL_LOGPROB,
            "precision": self.precision,
            **({"hot_words": prompt} if prompt else {}),
        }


def batches(windows: Sequence[Window], at_once: int) -> Iterator[tuple[list[Window], bool]]:
    """Windows to be decoded together, and whether with timestamps: those of one turn alone need none.

    Windows of like length are together, for a batch is decoded until its longest text ends.
    """
    for timed in (False, True):
        group = [window for window in windows if (len({piece.turn for piece in window.pieces}) > 1) is timed]
        group.sort(key=lambda window: window.duration_s)
        for at in range(0, len(group), at_once):
            yield group[at : at + at_once], timed


def hot_word_prompt(hot_words: Sequence[str]) -> str:
    """The words as Whisper takes them: text that stands before the window's own; empty for none."""
    return "，".join(dict.fromkeys(word.strip() for word in hot_words if word.strip()))
