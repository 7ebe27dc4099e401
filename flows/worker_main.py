"""The inside of a worker process: load once, then one job at a time until the parent closes the line.

Started by ``flows.workers`` as ``python -m flows.worker_main DESCRIPTOR PARENT``. Messages are pickled tuples whose
first item is one of the words below.
"""

from __future__ import annotations

import importlib
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from flows.processes import die_with_parent, go_first_when_memory_is_short, resident_bytes
from pipeline.errors import RecordingError, SidecarError, TingjianError

READY = "ready"
REFUSED = "refused"
TAKEN = "taken"
DONE = "done"
FAILED = "failed"


def main(arguments: list[str]) -> None:
    """Serve jobs until the line closes."""
    descriptor, parent_id = map(int, arguments)
    die_with_parent(parent_id)
    # Ctrl-C reaches the whole terminal group; the parent decides what becomes of the job in hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    go_first_when_memory_is_short()
    line = Connection(descriptor)
    try:
        initialiser, settings = line.recv()
        try:
            handle = load(initialiser)(**settings)
        except TingjianError as error:
            line.send((REFUSED, error))
            return
        except Exception as error:
            traceback.print_exc()
            line.send((REFUSED, TingjianError(f"a worker could not start: {describe(error)}")))
            return
        line.send((READY,))
        while True:
            job = line.recv()
            line.send((TAKEN,))
            line.send((*_outcome(handle, job), resident_bytes(), peak_bytes()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The parent has closed the line or is gone.
        return


def load(dotted: str) -> Callable[..., Any]:
    """The object that ``package.module:name`` names."""
    module, _, name = dotted.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def describe(error: BaseException) -> str:
    """Class and place of an unexpected error; never its text, which may hold what a customer said."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def peak_bytes() -> int:
    """Most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _outcome(handle: Callable[[Any], Any], job: Any) -> tuple[Any, ...]:
    try:
        return (DONE, handle(job))
    except RecordingError as error:
        return (FAILED, error.code, str(error))
    except SidecarError as error:
        return (FAILED, "sidecar_invalid", str(error))
    except TingjianError as error:
        return (FAILED, "internal_error", str(error))
    except Exception as error:
        for line in traceback.format_tb(error.__traceback__):
            sys.stderr.write(line)
        return (FAILED, "internal_error", f"unexpected {describe(error)}; this is a defect of the programme.")


if __name__ == "__main__":
    main(sys.argv[1:])
