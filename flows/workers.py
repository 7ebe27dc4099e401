"""Supervised worker processes: each loads once and takes one job at a time, and may be killed at any moment.

Speech recognition is native code: it can crash, hang or eat memory, and only ending its process stops it. The parent
turns that into a typed failure of the one job in hand and starts another worker.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from flows import worker_main
from pipeline.errors import EngineError, TingjianError

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_LOG_LIMIT_BYTES = 4_000_000
_START_TRIES = 3
# A line breaks a moment before its process has ended; killing it then would hide what it died of.
_DYING_S = 2.0
_LINE_BROKEN = (EOFError, BrokenPipeError, ConnectionResetError)


class WorkersStoppedError(TingjianError):
    """The pool was stopped while a job was in work or asked for; nothing is known of the job."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker is.

    Attributes:
        initialiser: ``package.module:name`` of a function that loads what is needed and returns the job's handler,
            a function of one picklable job that returns a picklable value or raises.
        settings: plain keyword arguments for it.
        log_dir: folder that takes what the workers print.
        threads: processor threads that native libraries may use.
        start_limit_s: seconds to load.
        recycle_after: jobs after which a worker is replaced.
    """

    initialiser: str
    settings: Mapping[str, Any]
    log_dir: Path
    threads: int = 1
    start_limit_s: float = 300.0
    recycle_after: int = 1000


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Why a job gave no value: ``code`` as in ``pipeline.errors.RECORDING_PROBLEMS``."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of a job; memory is the worker's after it, 0 when it did not survive."""

    value: Any
    failure: JobFailure | None
    seconds: float
    resident_bytes: int = 0
    peak_bytes: int = 0


@dataclass(slots=True)
class _Process:
    """A running worker process and the line to it."""

    popen: subprocess.Popen[bytes]
    line: Connection
    ready: bool = False
    jobs: int = 0

    def end(self, grace_s: float = 0.0) -> int:
        """Kill it if it still runs after ``grace_s`` and return how it ended, as ``subprocess`` tells it."""
        self.line.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.popen.wait(grace_s)
        self.popen.kill()
        return self.popen.wait()


@dataclass(slots=True)
class _Deadline:
    """Kills a process when its time is up, whatever it is doing."""

    popen: subprocess.Popen[bytes]
    limit_s: float
    passed: bool = False
    _timer: threading.Timer | None = None

    def __enter__(self) -> _Deadline:
        self._timer = threading.Timer(self.limit_s, self._pass)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()

    def _pass(self) -> None:
        self.passed = True
        self.popen.kill()


class SupervisedWorker:
    """One place for a worker process, filled again whenever the process is lost. Used by one thread at a time."""

    def __init__(self, name: str, spec: WorkerSpec, pool: WorkerPool) -> None:
        """Know the specification; nothing is started yet."""
        self._name = name
        self._spec = spec
        self._pool = pool
        self._process: _Process | None = None

    @property
    def process_id(self) -> int | None:
        """The process's number, or None when none runs."""
        return self._process.popen.pid if self._process else None

    def launch(self) -> None:
        """Start the process if none runs, without waiting until it has loaded."""
        if self._process is None:
            self._process = self._pool.spawn(self._start)

    def await_ready(self) -> None:
        """Wait until the process has loaded.

        Raises:
            TingjianError: what the initialiser complained of, or that the process ended or took too long.
            WorkersStoppedError: the pool was stopped.
        """
        self._ready_process()

    def run(self, job: Any, limit_s: float) -> JobResult:
        """Do one job, for ``limit_s`` seconds at most.

        Raises:
            WorkersStoppedError: the pool was stopped before the job ended.
            TingjianError: no worker can be started.
        """
        started = time.monotonic()
        for _ in range(_START_TRIES):
            process = self._ready_process()
            with _Deadline(process.popen, limit_s) as deadline:
                taken, answer = self._ask(process, job)
            if answer is None:
                exit_code = self._lose(_DYING_S)
                self._pool.check_running()
                if not taken and not deadline.passed:
                    # It was lost between jobs; that says nothing about this one.
                    continue
                return JobResult(None, _lost(exit_code, deadline, limit_s), time.monotonic() - started)
            process.jobs += 1
            if deadline.passed or process.jobs >= self._spec.recycle_after:
                self._lose()
            return _result(answer, time.monotonic() - started)
        raise EngineError(
            f"worker processes end before they take any work; see {self._log_file()} for what they printed."
        )

    def kill(self) -> None:
        """End the process at once, from any thread; a job in hand is lost."""
        process = self._process
        if process is not None:
            process.popen.kill()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._lose()

    def _ask(self, process: _Process, job: Any) -> tuple[bool, tuple[Any, ...] | None]:
        taken = False
        try:
            process.line.send(job)
            taken = process.line.recv() == (worker_main.TAKEN,)
            return taken, process.line.recv()
        except _LINE_BROKEN:
            return taken, None

    def _ready_process(self) -> _Process:
        self._pool.check_running()
        self.launch()
        process = self._process
        if process is None:
            raise WorkersStoppedError("the workers were stopped")
        if process.ready:
            return process
        with _Deadline(process.popen, self._spec.start_limit_s) as deadline:
            try:
                answer = process.line.recv()
            except _LINE_BROKEN:
                answer = None
        if answer == (worker_main.READY,) and not deadline.passed:
            process.ready = True
            return process
        exit_code = self._lose(_DYING_S)
        self._pool.check_running()
        if answer is not None and answer[0] == worker_main.REFUSED:
            raise answer[1]
        how = f"took more than {self._spec.start_limit_s:g} s" if deadline.passed else _how(exit_code)
        raise EngineError(
            f"a worker process {how} while it loaded the speech model. Expected it to load; see {self._log_file()}, "
            f"and give it more memory, fewer workers or a smaller model."
        )

    def _start(self) -> _Process:
        self._spec.log_dir.mkdir(parents=True, exist_ok=True)
        log_file = self._log_file()
        too_long = log_file.exists() and log_file.stat().st_size > _LOG_LIMIT_BYTES
        ours, theirs = socket.socketpair()
        environment = dict(os.environ)
        environment.update(dict.fromkeys(_THREAD_VARIABLES, str(self._spec.threads)))
        # The child must find what the parent found, wherever that came from.
        environment["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with theirs, log_file.open("wb" if too_long else "ab") as log:
            popen = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-X", "faulthandler", "-m", "flows.worker_main"),
                    *(str(theirs.fileno()), str(os.getpid())),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                env=environment,
            )
        process = _Process(popen, Connection(ours.detach()))
        # When it has ended already, waiting for its answer tells.
        with contextlib.suppress(*_LINE_BROKEN):
            process.line.send((self._spec.initialiser, dict(self._spec.settings)))
        return process

    def _lose(self, grace_s: float = 0.0) -> int:
        process, self._process = self._process, None
        return process.end(grace_s) if process else 0

    def _log_file(self) -> Path:
        return self._spec.log_dir / f"{self._name}.log"


@dataclass(slots=True)
class WorkerPool:
    """A fixed number of supervised workers that threads borrow one at a time.

    Use as a context manager: workers are launched at entry (they load side by side while the caller goes on) and none
    is left at exit.
    """

    spec: WorkerSpec
    size: int
    workers: list[SupervisedWorker] = field(init=False)
    _free: queue.SimpleQueue[SupervisedWorker] = field(init=False, default_factory=queue.SimpleQueue)
    _stopped: threading.Event = field(init=False, default_factory=threading.Event)
    _spawning: threading.Lock = field(init=False, default_factory=threading.Lock)
    # The kernel ends a child when the thread that started it ends: all are started by one that lives with the pool.
    _spawner: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        """Make the places; nothing is started yet."""
        self.workers = [SupervisedWorker(f"worker-{i + 1}", self.spec, self) for i in range(self.size)]
        self._spawner = ThreadPoolExecutor(1, thread_name_prefix="worker-spawner")

    def __enter__(self) -> WorkerPool:
        """Launch all workers."""
        try:
            for worker in self.workers:
                worker.launch()
                self._free.put(worker)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        self._stopped.set()
        for worker in self.workers:
            worker.close()
        self._spawner.shutdown()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[SupervisedWorker]:
        """A worker for this thread alone, waiting for one if need be."""
        worker = self._free.get()
        try:
            yield worker
        finally:
            self._free.put(worker)

    def stop(self) -> None:
        """End all work now: jobs in hand end with ``WorkersStoppedError``."""
        self._stopped.set()
        with self._spawning:
            for worker in self.workers:
                worker.kill()

    def check_running(self) -> None:
        """Raise WorkersStoppedError once the pool was stopped."""
        if self._stopped.is_set():
            raise WorkersStoppedError("the workers were stopped")

    def spawn(self, start: Any) -> _Process:
        """Start a process from the thread whose life the processes share."""
        with self._spawning:
            self.check_running()
            process: _Process = self._spawner.submit(start).result()
            return process


def _result(answer: tuple[Any, ...], seconds: float) -> JobResult:
    *outcome, resident, peak = answer
    if outcome[0] == worker_main.DONE:
        return JobResult(outcome[1], None, seconds, resident, peak)
    return JobResult(None, JobFailure(outcome[1], outcome[2]), seconds, resident, peak)


def _lost(exit_code: int, deadline: _Deadline, limit_s: float) -> JobFailure:
    if deadline.passed:
        return JobFailure(
            "worker_timeout",
            f"not finished after {limit_s:g} s, so its worker process was stopped. Raise TINGJIAN_RECORDING_TIMEOUT_S "
            f"if the recording is sound and the machine slow.",
        )
    return JobFailure("worker_died", f"its worker process {_how(exit_code)}.")


def _how(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    hint = " (often: out of memory)" if name == "SIGKILL" else ""
    return f"was ended by {name}{hint}"
