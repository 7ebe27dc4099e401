"""Prefect's server for the length of one run: a child process on this machine, quiet, gone with its parent.

Prefect can start such a server by itself, but that one outlives a killed run, prints, and makes the run wait. This one
starts while the workers load. An installation with a server of its own (``PREFECT_API_URL``) uses that instead.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import TingjianError

if TYPE_CHECKING:
    from flows.chunk import Night

START_LIMIT_S = 300.0
_FAREWELL_S = 5.0
_HOST = "127.0.0.1"
_LOG_LIMIT_BYTES = 4_000_000

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Our own messages tell what went wrong; tracebacks are not for the terminal.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
}
"""Settings that must be in the environment before Prefect is imported; what the user has set goes first."""

_SMALL_SERVER = {
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    # Nothing is scheduled, triggered or waited for on a server that lives for one run.
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens and what it wants to hear first; both None for the installation's own."""

    api_url: str | None
    key: str | None


def prepare_environment(var_dir: Path) -> None:
    """Make Prefect quiet and keep its files under ``var_dir``; before Prefect is imported."""
    for name, value in {**QUIET, "PREFECT_HOME": str(var_dir / "prefect")}.items():
        os.environ.setdefault(name, value)
    # A company's proxy has no way to this machine's own addresses.
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        if _HOST not in hosts and "*" not in hosts:
            os.environ[name] = ",".join([*hosts, _HOST])


@contextlib.contextmanager
def prefect_scheduler(var_dir: Path) -> Iterator[Callable[[Night], int]]:
    """Make a server ready, beside whatever else starts, and yield the function that runs the flow over a night."""
    prepare_environment(var_dir)
    with server_for_this_run(var_dir) as server:

        def run(night: Night) -> int:
            # Prefect reads its environment when it is imported.
            from flows.nightly import run_flow

            with _prefect_at(server.result()):
                return run_flow(night)

        yield run


@contextlib.contextmanager
def server_for_this_run(var_dir: Path) -> Iterator[Future[Server]]:
    """Start the server without waiting for it.

    Yields:
        A future of the server; it fails with a TingjianError when the server does not come up.
    """
    if os.environ.get("PREFECT_API_URL"):
        own: Future[Server] = Future()
        own.set_result(Server(None, None))
        yield own
        return
    # Other accounts of this machine can reach the port, too.
    key = f"tingjian:{secrets.token_urlsafe(16)}"
    log_file = var_dir / "logs" / "prefect-server.log"
    # One thread for the server's whole life: the kernel ends a child when the thread that started it ends.
    with ThreadPoolExecutor(1, thread_name_prefix="prefect-server") as keeper:
        process, server = keeper.submit(_start, var_dir, log_file, key).result()
        stop = threading.Event()
        try:
            yield keeper.submit(_await_health, process, server, log_file, stop)
        finally:
            stop.set()
            process.terminate()
            # Time to write down what it has heard; the ledger has everything that matters.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_FAREWELL_S)
            process.kill()
            process.wait()


def _start(var_dir: Path, log_file: Path, key: str) -> tuple[subprocess.Popen[bytes], Server]:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    (var_dir / "prefect").mkdir(parents=True, exist_ok=True)
    too_long = log_file.exists() and log_file.stat().st_size > _LOG_LIMIT_BYTES
    # The port is bound here, so no other programme can take it before the server does.
    with socket.create_server((_HOST, 0)) as listener, log_file.open("wb" if too_long else "ab") as log:
        server = Server(f"http://{_HOST}:{listener.getsockname()[1]}/api", key)
        environment = {**_SMALL_SERVER, **os.environ}
        environment["PREFECT_SERVER_API_AUTH_STRING"] = environment["PREFECT_API_AUTH_STRING"] = key
        environment["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "flows.prefect_server_main"),
                *(str(listener.fileno()), str(os.getpid())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(listener.fileno(),),
            env=environment,
        )
    return process, server


def _await_health(process: subprocess.Popen[bytes], server: Server, log_file: Path, stop: threading.Event) -> Server:
    until = time.monotonic() + START_LIMIT_S
    while not stop.wait(0.05):
        if process.poll() is not None or time.monotonic() > until:
            raise TingjianError(
                f"the batch scheduler (Prefect's server) did not start; expected it within {START_LIMIT_S:g} s. "
                f"See {log_file}. Free memory, or name a server of your own in PREFECT_API_URL."
            )
        with contextlib.suppress(urllib.error.URLError, OSError):
            with urllib.request.urlopen(f"{server.api_url}/health", timeout=5) as answer:
                if answer.status == 200:
                    return server
    return server


@contextlib.contextmanager
def _prefect_at(server: Server) -> Iterator[None]:
    """Point Prefect at a server and wait, at the end, until that has heard of everything."""
    from prefect.events.worker import EventsWorker
    from prefect.settings import (
        PREFECT_API_AUTH_STRING,
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    # Every request as a log line is nobody's progress.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # The batch has a heartbeat of its own; Prefect's costs a second at the end of every flow.
    values: dict[Any, Any] = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    if server.api_url is not None:
        values |= {PREFECT_API_URL: server.api_url, PREFECT_API_AUTH_STRING: server.key}
    with temporary_settings(values):
        try:
            yield
        finally:
            EventsWorker.drain_all(timeout=10, at_exit=False)
