"""Back-tests that somebody asked for in the pages: run beside them, one after the other."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from config.django import settings_in_force
from flows.backtest import backtest
from pipeline.errors import TingjianError
from tingjian.commands.rules_backtest import backtest_document


def run_wanted_backtest() -> bool:
    """Run the next back-test that is wanted; whether there was one."""
    from store import proposals

    wanted = proposals.take_wanted_backtest()
    if wanted is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{wanted.rulebook}.yaml"
        file.write_text(wanted.text, encoding="utf-8")
        since = proposals.newest_day() - timedelta(days=wanted.backtest_days - 1)
        try:
            report = backtest(settings_in_force(), candidate=str(file), since=since)
        except TingjianError as error:
            proposals.backtest_failed(wanted.pk, str(error))
        except Exception as error:
            proposals.backtest_failed(wanted.pk, f"{type(error).__name__}")
            raise
        else:
            proposals.backtest_done(wanted.pk, backtest_document(report))
    return True
