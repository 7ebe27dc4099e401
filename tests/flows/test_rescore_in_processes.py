"""``tingjian rescore`` in several processes, each with the same database file, does what one process does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.rules.rulebook_text import LATE, TALK, text_of

CALLS = 60
"""Enough that two processes are worth it, in more parts than processes."""

FILL = f"""
import sys
from pathlib import Path
from config.django import setup_django
from tests.flows.nights import some_settings
settings = some_settings(Path(sys.argv[1]))
setup_django(settings)
from pipeline.rules import load_rulebook
from store.database import migrate
from tests.stored_calls import store_call
migrate()
rulebook = load_rulebook(sys.argv[2])
for number in range({CALLS}):
    said = "别烦我。" if number % 3 else "好的。"
    store_call(rulebook, f"c{{number}}", "agent: 您好。", f"agent: {{said}}", "customer: 谢谢。")
"""

READ = """
import json, sys
from pathlib import Path
from config.django import setup_django
from tests.flows.nights import some_settings
setup_django(some_settings(Path(sys.argv[1])))
from store.models import Assessment, Finding
found = {}
for one in Assessment.objects.order_by("id"):
    document = one.document
    del document["provenance"]["seconds"]
    found[one.recording_id] = [document, one.score, Finding.objects.filter(assessment=one).count()]
print(json.dumps([Assessment.objects.count(), found], sort_keys=True))
"""


def python(*arguments: str, **environment: str) -> str:
    environment = {**os.environ, **environment}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def rescored(var_dir: Path, rulebook: Path, workers: int) -> tuple[dict[str, Any], Any]:
    options = ("--rulebook", str(rulebook), "--workers", str(workers), "--format", "json")
    told = json.loads(python("-m", "tingjian", "rescore", *options, TINGJIAN_VAR_DIR=str(var_dir)))
    return told, json.loads(python("-c", READ, str(var_dir)))


def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(text_of(TALK, LATE), encoding="utf-8")
    new.write_text(text_of(TALK.replace("points: 10", "points: 20"), LATE), encoding="utf-8")
    python("-c", FILL, str(tmp_path / "one"), str(old))
    # The same calls in a database of their own.
    python("-c", FILL, str(tmp_path / "two"), str(old))
    alone, by_one = rescored(tmp_path / "one", new, workers=1)
    together, by_two = rescored(tmp_path / "two", new, workers=2)
    for told in (alone, together):
        assert (told["found"], told["judged"], told["changed"], told["lowered"]) == (CALLS, CALLS, CALLS * 2 // 3, 40)
        assert told["failed"] == []
    assert by_two == by_one
    assert by_one[0] == 2 * CALLS
