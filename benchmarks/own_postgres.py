"""A PostgreSQL server of its own for a benchmark: in a temporary folder, on the loopback address, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NAME = "bench"
OPTIONS = (
    "listen_addresses=127.0.0.1",
    "shared_buffers=2GB",
    "default_toast_compression=lz4",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=8GB",
    "maintenance_work_mem=512MB",
    # Filling takes long enough; what is measured only reads.
    "synchronous_commit=off",
)


@contextmanager
def own_postgres() -> Iterator[str]:
    """The address of a database on a server that runs as long as the benchmark."""
    programmes = _programmes()
    with tempfile.TemporaryDirectory(prefix="postgres") as folder:
        data = Path(folder) / "data"
        user = _user()
        if user:
            shutil.chown(folder, user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        _run(user, [f"{programmes}/initdb", "-D", str(data), "-A", "trust", "-U", NAME, "-E", "UTF8", "--locale=C"])
        options = " ".join(f"-c {one}" for one in OPTIONS) + f" -p {port} -k {folder}"
        control = [f"{programmes}/pg_ctl", "-D", str(data), "-w"]
        _run(user, [*control, "-l", f"{folder}/log", "-o", options, "start"])
        try:
            _run(user, [f"{programmes}/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", NAME, NAME])
            yield f"postgresql://{NAME}@127.0.0.1:{port}/{NAME}"
        finally:
            _run(user, [*control, "-m", "immediate", "stop"])


def _programmes() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    anywhere = shutil.which("initdb")
    if not found and not anywhere:
        raise SystemExit("PostgreSQL's server is not installed; expected initdb. Install it: apt install postgresql")
    return found[-1].parent if found else Path(str(anywhere)).parent


def _user() -> str:
    """The server refuses to run as root; then it runs as the user that its package makes."""
    return "postgres" if os.getuid() == 0 else ""


def _run(user: str, command: Sequence[str]) -> None:
    done = subprocess.run(
        command, user=user or None, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-500:]}")
