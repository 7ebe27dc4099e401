from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from flows.processes import ProcessIdentity, only_one, resident_bytes
from flows.run import SILENT_TOO_LONG_S, _is_dead
from pipeline.errors import UsageError
from store.values import BatchProcess


def a_process(silent_s: float = 0.0, **changes: object) -> BatchProcess:
    identity = dataclasses.replace(ProcessIdentity.of_this_process(), **changes)  # type: ignore[arg-type]
    return BatchProcess(batch_id="b", silent_s=silent_s, **identity.as_values())


@pytest.mark.parametrize(
    ("process", "dead"),
    [
        pytest.param(a_process(silent_s=1e6), False, id="this one"),
        pytest.param(a_process(process_started="1"), True, id="its number is used again"),
        pytest.param(a_process(process_id=2**22 + 1), True, id="gone"),
        pytest.param(a_process(boot_id="before"), True, id="before the machine was started again"),
        pytest.param(a_process(host="elsewhere"), False, id="elsewhere and heard of"),
        pytest.param(a_process(host="elsewhere", silent_s=SILENT_TOO_LONG_S + 1), True, id="elsewhere and silent"),
    ],
)
def test_is_dead_when_asked_then_only_what_cannot_live_is(process: BatchProcess, dead: bool) -> None:
    assert _is_dead(process) is dead


def test_identity_when_process_has_ended_then_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    identity = dataclasses.replace(ProcessIdentity.of_this_process(), process_id=child.pid, process_started=started)
    assert identity.is_alive()
    child.communicate(b"\n")
    assert not identity.is_alive()


def test_only_one_when_held_then_refused_with_the_holder_and_free_afterwards(tmp_path: Path) -> None:
    lock = tmp_path / "sub" / "lock"
    with only_one(lock, "a run"), pytest.raises(UsageError, match=r"a run is already running \(process \d+"):
        with only_one(lock, "a run"):
            pass
    with only_one(lock, "a run"):
        pass


def test_resident_bytes_when_asked_then_plausible() -> None:
    assert 5_000_000 < resident_bytes() < 50_000_000_000
