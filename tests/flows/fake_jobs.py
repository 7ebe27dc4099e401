"""Stand-ins for the assessor inside worker processes: what they do is written in the recording itself."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import ModelNotFoundError, RecordingError
from store.paths import path_from_text

HOG_BYTES = 200_000_000


def load_assessor(
    seconds: float = 0.0, journal: str = "", late_engine: bool = False
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A handler that obeys the word at the beginning of a recording; anything else is a fine call.

    Args:
        seconds: how long a fine call takes.
        journal: file that gets a line for every fine call, to see what was done twice.
        late_engine: every assessor understands it; there is no engine here.
    """

    def assess(job: Mapping[str, Any]) -> dict[str, Any]:
        content = path_from_text(job["path"]).read_bytes()
        word = content.split(b" ")[0].decode("ascii", errors="replace")
        if word == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif word == "hang":
            time.sleep(3600)
        elif word == "exit":
            os._exit(7)
        elif word == "bad":
            raise RecordingError("not_audio", "it is a text; expected audio.")
        elif word == "bug":
            raise RuntimeError("what the customer said")
        elif word == "nonsense":
            return {"assessment": {}, "call": {}}
        time.sleep(seconds)
        if journal:
            with Path(journal).open("a", encoding="ascii") as lines:
                lines.write(f"{job['recording_id']}\n")
        return fine_result(job["recording_id"], hashlib.sha256(content).hexdigest(), job["metadata"])

    return assess


def load_simple(answer: str = "done") -> Callable[[Any], Any]:
    """A handler for jobs that are (what, argument) pairs."""
    held: list[bytes] = []

    def handle(job: tuple[str, Any]) -> Any:
        what, argument = job
        if what == "echo":
            return (answer, argument)
        if what == "pid":
            return os.getpid()
        if what == "environment":
            return os.environ.get(argument)
        if what == "print":
            print(argument, flush=True)
        elif what == "signal":
            os.kill(os.getpid(), argument)
        elif what == "exit":
            os._exit(argument)
        elif what == "sleep":
            time.sleep(argument)
        elif what == "leak":
            held.append(b"x" * argument)
        elif what == "hog":
            b"x" * argument
        elif what == "raise":
            raise argument
        return None

    return handle


def refuse() -> Callable[[Any], Any]:
    """An initialiser whose model is missing."""
    raise ModelNotFoundError("speech model small is not here; expected a file.")


def break_down() -> Callable[[Any], Any]:
    """An initialiser with a defect."""
    raise RuntimeError("secret words")


def die_at_start() -> Callable[[Any], Any]:
    """An initialiser that takes its process with it."""
    os._exit(5)


def load_for_ever() -> Callable[[Any], Any]:
    """An initialiser that never ends."""
    time.sleep(3600)
    raise AssertionError


def fine_result(recording_id: str, sha256: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Documents of the shape that ``pipeline.serialise`` writes, with one finding and one rule not assessable."""
    recording = {
        "id": recording_id,
        "sha256": sha256,
        "duration_s": 30.0,
        "sample_rate_hz": 8000,
        "channels": 2,
        "channel_layout": "stereo",
        "agent_channel": 0,
        "metadata": dict(metadata),
        "problems": [],
    }
    finding = {
        "rule": "LANG.03",
        "title": "态度傲慢",
        "category": "language",
        "severity": "deduct",
        "points": 10.0,
        "role": "agent",
        "start_s": 3.0,
        "end_s": 4.5,
        "quote": "你问我我问谁",
        "match": "exact",
        "measured": None,
        "threshold": None,
        "confidence": 0.9,
        "message": "坐席说了服务忌语。",
    }
    return {
        "assessment": {
            "recording": recording,
            "transcript": {"engine": "fake", "model": "fake", "language": "zh", "utterances": []},
            "measures": {},
            "findings": [finding],
            "not_assessable": [{"rule": "SPEED.01", "reason": "坐席说话太少。"}],
            "errors": [],
            "score": {"total": 90.0, "maximum": 100.0, "fatal": False, "categories": {}},
            "route": {"must_review": False, "reasons": []},
            "provenance": {
                "recording_sha256": sha256,
                "engine": "fake",
                "model_digest": "d" * 64,
                "decode_options": {"language": "zh"},
                "speech_detector": "fake 1",
                "rulebook": "fake",
                "rulebook_version": "1",
                "rulebook_sha256": "e" * 64,
                "code_version": "0",
                "seconds": {"decode": 0.1},
            },
        },
        "call": {"recording": recording, "turns": [], "transcript": {"utterances": []}},
    }
