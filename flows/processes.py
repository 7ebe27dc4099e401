"""What the batch needs to know of operating system processes: who we are, who still lives, who dies with whom."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError

_PR_SET_PDEATHSIG = 1
_FIRST_TO_GO = "500"


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process on one start of one machine; process numbers alone are used again."""

    host: str
    boot_id: str
    process_id: int
    process_started: str

    @classmethod
    def of_this_process(cls) -> ProcessIdentity:
        """Our own identity."""
        return cls(socket.gethostname(), _boot_id(), os.getpid(), _start_of(os.getpid()))

    def is_on_this_machine(self) -> bool:
        """Whether ``is_alive`` can tell at all."""
        return self.host == socket.gethostname()

    def is_alive(self) -> bool:
        """Whether the process runs, if it is one of this machine."""
        return self.boot_id == _boot_id() and self.process_started == _start_of(self.process_id) != ""

    def as_values(self) -> dict[str, Any]:
        """Plain values for the store."""
        return asdict(self)


def die_with_parent(parent_id: int) -> None:
    """Let the kernel end this process when the thread that started it ends, in whatever way that happens.

    A worker inside native code could not notice by itself. Where the kernel offers no such thing, a worker ends when
    it next looks for work.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_id:
        # The parent ended before the kernel was told.
        os._exit(1)


def go_first_when_memory_is_short() -> None:
    """Ask the kernel to end this process before its parent or the database when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


def resident_bytes() -> int:
    """Memory that this process holds now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def only_one(lock_file: Path, what: str) -> Iterator[None]:
    """Hold a lock that ends with the process, however that ends.

    Raises:
        UsageError: another living process holds it.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise UsageError(
                f"{what} is already running (process {holder}, lock {lock_file}). "
                f"Wait for it to end; what it has finished will not be done again."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _start_of(process_id: int) -> str:
    """When a process started, in the kernel's own ticks; empty when there is no such process."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in brackets may hold anything, brackets included; state and start time follow it.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
