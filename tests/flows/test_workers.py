from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.workers import WorkerPool, WorkerSpec, WorkersStoppedError
from pipeline.errors import EngineError, ModelNotFoundError, RecordingError, SidecarError, TingjianError

LONG_S = 120.0


@pytest.fixture
def pool(tmp_path: Path) -> Callable[..., Any]:
    @contextmanager
    def make(initialiser: str = "load_simple", size: int = 1, **spec: Any) -> Iterator[WorkerPool]:
        settings = spec.pop("settings", {})
        whole = WorkerSpec(f"tests.flows.fake_jobs:{initialiser}", settings, tmp_path / "logs", **spec)
        with WorkerPool(whole, size) as workers:
            yield workers

    return make


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_run_when_fine_then_value_and_memory(pool: Any) -> None:
    with pool(settings={"answer": "heard"}) as workers, workers.borrow() as worker:
        result = worker.run(("echo", {"a": [1, 2]}), LONG_S)
    assert result.value == ("heard", {"a": [1, 2]})
    assert result.failure is None
    assert 0 < result.resident_bytes <= result.peak_bytes


@pytest.mark.parametrize(
    ("job", "code", "words"),
    [
        pytest.param(("signal", signal.SIGSEGV), "worker_died", "SIGSEGV", id="crash"),
        pytest.param(("signal", signal.SIGKILL), "worker_died", "out of memory", id="killed"),
        pytest.param(("signal", signal.SIGABRT), "worker_died", "SIGABRT", id="abort"),
        pytest.param(("exit", 7), "worker_died", "exit code 7", id="exit"),
        pytest.param(("raise", RecordingError("silent", "no sound")), "silent", "no sound", id="bad recording"),
        pytest.param(("raise", SidecarError("line 3")), "sidecar_invalid", "line 3", id="bad transcript"),
        pytest.param(("raise", EngineError("no memory")), "internal_error", "no memory", id="engine"),
        pytest.param(("raise", KeyError("my number is 1")), "internal_error", "KeyError at", id="bug"),
    ],
)
def test_run_when_job_goes_wrong_then_typed_failure_and_the_next_is_fine(
    pool: Any, job: Any, code: str, words: str
) -> None:
    with pool() as workers, workers.borrow() as worker:
        result = worker.run(job, LONG_S)
        assert result.value is None
        assert result.failure.code == code
        assert words in result.failure.message
        assert "my number" not in result.failure.message
        assert worker.run(("echo", 1), LONG_S).value == ("done", 1)


def test_run_when_job_hangs_then_timeout_and_the_process_is_gone(pool: Any) -> None:
    with pool() as workers, workers.borrow() as worker:
        first = worker.run(("pid", None), LONG_S).value
        result = worker.run(("sleep", 3600), 0.2)
        assert result.failure.code == "worker_timeout"
        assert "0.2 s" in result.failure.message
        assert not is_running(first)
        assert worker.run(("pid", None), LONG_S).value != first


def test_run_when_worker_was_lost_between_jobs_then_the_next_job_is_not_blamed(pool: Any) -> None:
    with pool() as workers, workers.borrow() as worker:
        first = worker.run(("pid", None), LONG_S).value
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not is_running(first))
        result = worker.run(("echo", 1), LONG_S)
    assert result.failure is None
    assert result.value == ("done", 1)


def test_run_when_recycled_then_another_process(pool: Any) -> None:
    with pool(recycle_after=2) as workers, workers.borrow() as worker:
        ids = [worker.run(("pid", None), LONG_S).value for _ in range(4)]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_run_when_memory_is_kept_then_it_shows_and_when_given_back_not(pool: Any) -> None:
    size = 50_000_000
    with pool() as workers, workers.borrow() as worker:
        before = worker.run(("echo", 1), LONG_S).resident_bytes
        hog = worker.run(("hog", size), LONG_S)
        leak = worker.run(("leak", size), LONG_S)
    assert hog.resident_bytes - before < size / 2
    assert leak.resident_bytes - before > size * 0.9


def test_start_when_model_is_missing_then_its_own_error(pool: Any) -> None:
    with pool("refuse") as workers, workers.borrow() as worker:
        with pytest.raises(ModelNotFoundError, match="speech model small"):
            worker.await_ready()


@pytest.mark.parametrize(
    ("initialiser", "words"),
    [
        pytest.param("break_down", "RuntimeError at", id="defect"),
        pytest.param("die_at_start", "exit code 5 while it loaded", id="dies"),
        pytest.param("load_for_ever", "took more than", id="never ends"),
    ],
)
def test_start_when_it_fails_then_told_without_secrets(pool: Any, initialiser: str, words: str) -> None:
    limit_s = 1.0 if initialiser == "load_for_ever" else LONG_S
    with pool(initialiser, start_limit_s=limit_s) as workers, workers.borrow() as worker:
        with pytest.raises(TingjianError, match=words) as caught:
            worker.run(("echo", 1), LONG_S)
    assert "secret" not in str(caught.value)


def test_workers_when_they_print_then_it_goes_to_the_log(
    pool: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pool() as workers, workers.borrow() as worker:
        worker.run(("print", "a library's remark"), LONG_S)
        worker.run(("signal", signal.SIGSEGV), LONG_S)
    log = (tmp_path / "logs" / "worker-1.log").read_text()
    assert "a library's remark" in log
    assert "Segmentation fault" in log, "the place of a crash is kept"
    assert capfd.readouterr() == ("", "")


def test_workers_when_threads_are_set_then_libraries_are_told(pool: Any) -> None:
    with pool(threads=3) as workers, workers.borrow() as worker:
        assert worker.run(("environment", "OMP_NUM_THREADS"), LONG_S).value == "3"


def test_pool_when_several_threads_then_each_has_its_own_worker(pool: Any) -> None:
    both = threading.Barrier(2, timeout=LONG_S)
    ids: list[int] = []

    def work(workers: WorkerPool) -> None:
        with workers.borrow() as worker:
            ids.append(worker.run(("pid", None), LONG_S).value)
            both.wait()

    with pool(size=2) as workers:
        threads = [threading.Thread(target=work, args=(workers,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(ids)) == 2
    assert not any(map(is_running, ids)), "no worker outlives its pool"


def test_pool_when_started_by_a_thread_that_ends_then_workers_live_on(pool: Any) -> None:
    with pool() as workers, workers.borrow() as worker:
        worker.run(("exit", 1), LONG_S)
        thread = threading.Thread(target=worker.await_ready)
        thread.start()
        thread.join()
        first = worker.process_id
        assert worker.run(("pid", None), LONG_S).value == first


def test_pool_when_stopped_then_the_job_in_hand_ends_without_a_verdict(pool: Any) -> None:
    with pool() as workers, workers.borrow() as worker:
        worker.await_ready()
        timer = threading.Timer(0.2, workers.stop)
        timer.start()
        with pytest.raises(WorkersStoppedError):
            worker.run(("sleep", 3600), LONG_S)
        timer.join()
        with pytest.raises(WorkersStoppedError):
            worker.run(("echo", 1), LONG_S)
        assert worker.process_id is None


PARENT = """
import sys, time
from pathlib import Path
from flows.workers import WorkerPool, WorkerSpec
import threading
with WorkerPool(WorkerSpec("tests.flows.fake_jobs:load_simple", {}, Path(sys.argv[1])), 2) as pool:
    for worker in pool.workers:
        worker.await_ready()
    threading.Thread(target=pool.workers[0].run, args=(("sleep", 3600), 3600), daemon=True).start()
    print(*(worker.process_id for worker in pool.workers), flush=True)
    time.sleep(3600)
"""


def test_workers_when_parent_is_killed_then_none_is_left(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        ids = [int(word) for word in parent.stdout.readline().split()]
        assert len(ids) == 2
        assert all(map(is_running, ids))
        parent.kill()
    wait_until(lambda: not any(map(is_running, ids)))
