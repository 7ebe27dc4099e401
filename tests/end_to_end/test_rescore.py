"""``tingjian rescore`` in several processes, on a database of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.conftest import ROOT, Installation, clean_environment
from tests.rules.rulebook_text import HEADER, LATE, TALK, text_of

CALLS = 60


def fill(var_dir: str, rulebook: str) -> None:
    """Store calls of which every third is rude; run in a process of its own, as Django knows one database only."""
    from config.django import setup_django
    from config.settings import load_settings

    setup_django(load_settings(var_dir=Path(var_dir)))
    from pipeline.rules import load_rulebook
    from store.database import migrate
    from tests.stored_calls import store_call

    migrate()
    for number in range(CALLS):
        last = "agent: 走开点。" if number % 3 == 0 else "agent: 好的，再见。"
        store_call(load_rulebook(rulebook), f"c{number:03}", "agent: 您好。", "customer: 查话费。", last)


def test_rescore_in_two_processes_judges_every_call_once(installation: Installation, tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(text_of(TALK, LATE), encoding="utf-8")
    header = HEADER.replace('"1"', '"2"')
    new.write_text(text_of(TALK.replace("[别烦我]", "[别烦我, 走开点]"), LATE, header=header), encoding="utf-8")
    code = f"from tests.end_to_end.test_rescore import fill; fill({str(installation.var_dir)!r}, {str(old)!r})"
    environment = {**clean_environment(), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment, timeout=300)

    ran = installation.run("rescore", "--rulebook", new, "--workers", "2", "--format", "json")
    assert ran.code == 0, ran.err
    told = ran.document
    assert (told["found"], told["judged"], told["changed"], told["lowered"]) == (CALLS, CALLS, CALLS // 3, CALLS // 3)
    again = installation.run("rescore", "--rulebook", new, "--workers", "2")
    assert "60 had been judged by this rulebook before" in again.out


def test_rescore_says_what_is_wrong_with_its_arguments(installation: Installation) -> None:
    for arguments, told in (
        (("--since", "yesterday"), "--since is 'yesterday'"),
        (("--rulebook", "nowhere"), "rulebook nowhere: not found"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), "expected the earlier day first"),
    ):
        ran = installation.run("rescore", *arguments)
        assert (ran.code, told in ran.err) == (2, True), ran.err
