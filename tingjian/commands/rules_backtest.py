"""``rules backtest``: a rulebook tried on stored calls, as a table, a document or a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.settings import load_settings
from flows.backtest import BacktestReport, backtest
from pipeline.errors import UsageError
from quality.backtest import RuleTally, Sample
from quality.verdicts import Precision
from tingjian import render
from tingjian.commands.nightly import log_to_stderr
from tingjian.commands.rescore import CallProgress

SHOWN_FAILURES = 20


def run_rules_backtest(
    candidate: str,
    *,
    against: str | None,
    since: date | None,
    until: date | None,
    out: Path | None,
    overrides: dict[str, object],
    as_json: bool,
) -> int:
    """Try a rulebook and report; exit code 1 when an upheld appeal would be accused again or a call failed."""
    if out is not None and out.suffix.lower() != ".xlsx":
        raise UsageError(f"--out is {out.name}; expected a file that ends in .xlsx.")
    log_to_stderr()
    settings = load_settings(**overrides)
    with CallProgress("judging") as progress:
        report = backtest(
            settings, candidate=candidate, against=against, since=since, until=until, progress=progress.update
        )
    if out is not None:
        from tingjian.commands.backtest_sheet import write_backtest

        write_backtest(report, out)
    if as_json:
        render.print_json(backtest_document(report))
    else:
        print_backtest(report, render.stdout_console())
        if out is not None:
            render.stderr_console().print(f"written: {out}")
    return report.exit_code


def backtest_document(report: BacktestReport) -> dict[str, Any]:
    """The report as plain values."""
    tally = report.tally
    both = tally.scored_both
    days = len(tally.days)
    return {
        "before": report.before,
        "after": report.after,
        "calls": tally.calls,
        "days": days,
        "seconds": round(report.seconds, 3),
        "rules": [
            {
                "rule": rule,
                "title": report.titles.get(rule, ""),
                "hits_before": one.hits_before,
                "hits_after": one.hits_after,
                "calls_before": one.calls_before,
                "calls_after": one.calls_after,
                "gained": one.gained,
                "lost": one.lost,
                "precision_before": precision_document(one.precision_before()),
                "precision_after": precision_document(one.precision_after()),
                "lost_by_verdict": dict(sorted(one.verdicts_lost.items())),
                "samples_gained": sample_documents(one.samples_gained.kept),
                "samples_lost": sample_documents(one.samples_lost.kept),
            }
            for rule, one in sorted(tally.rules.items())
        ],
        "scores": {
            "calls_with_both": both,
            "mean_before": None if not both else round(tally.sum_before / both, 3),
            "mean_after": None if not both else round(tally.sum_after / both, 3),
            "raised": sum(count for change, count in tally.changes.items() if change > 0),
            "lowered": sum(count for change, count in tally.changes.items() if change < 0),
            "changes": {str(change): tally.changes[change] for change in sorted(tally.changes)},
            "score_lost": tally.scored_only_before,
            "score_gained": tally.scored_only_after,
            "falls": sample_documents(tally.falls.kept),
            "rises": sample_documents(tally.rises.kept),
        },
        "review": {
            "before": tally.review_before,
            "after": tally.review_after,
            "gained": tally.review_gained,
            "lost": tally.review_lost,
            "per_day_before": None if not days else round(tally.review_before / days, 2),
            "per_day_after": None if not days else round(tally.review_after / days, 2),
            "share_before": None if not tally.calls else round(tally.review_before / tally.calls, 4),
            "share_after": None if not tally.calls else round(tally.review_after / tally.calls, 4),
            "samples_gained": sample_documents(tally.samples_review_gained.kept),
            "samples_lost": sample_documents(tally.samples_review_lost.kept),
        },
        "appeals": [
            {
                "call_id": case.appeal.call_id,
                "rule": case.appeal.rule,
                "start_s": round(case.appeal.start_s, 3),
                "outcome": case.appeal.outcome.value,
                "reason": case.appeal.reason,
                "found_before": case.found_before,
                "found_after": case.found_after,
                "passed": case.passed,
            }
            for case in report.appeals
        ],
        "failed": [{"call_id": call_id, "error": error} for call_id, error in report.failed],
    }


def precision_document(one: Precision) -> dict[str, Any]:
    """Precision with its interval; null where nobody judged."""
    return {
        "judged": one.judged,
        "confirmed": one.confirmed,
        "value": None if one.value is None else round(one.value, 4),
        "low": None if one.low is None else round(one.low, 4),
        "high": None if one.high is None else round(one.high, 4),
    }


def sample_documents(samples: Iterable[Sample]) -> list[dict[str, Any]]:
    """Samples without what does not apply to them."""
    listed = []
    for one in samples:
        document: dict[str, Any] = {"call_id": one.call_id}
        if one.rule:
            document |= {"rule": one.rule, "start_s": round(one.start_s, 3), "quote": one.quote}
            if one.verdict:
                document["verdict"] = one.verdict
        else:
            document |= {"score_before": one.before, "score_after": one.after}
        listed.append(document)
    return listed


def precision_text(one: Precision) -> str:
    """``0.92 (0.81-0.97; 35 of 40 judged)``."""
    if one.value is None or one.low is None or one.high is None:
        return "–"
    return f"{one.value:.2f} ({one.low:.2f}-{one.high:.2f}; {one.judged} of {one.hits} judged)"


def print_backtest(report: BacktestReport, console: Console) -> None:
    """The whole report for a terminal."""
    tally = report.tally
    console.print(Text(f"{report.before} → {report.after}", style="bold"))
    if not tally.calls:
        console.print("No stored call of that time has a transcript: nothing to try the rulebook on.")
    else:
        console.print(f"{tally.calls} calls of {len(tally.days)} days judged by both in {report.seconds:.1f} s")
        _print_rules(report, console)
        _print_scores(report, console)
        _print_review(report, console)
    _print_appeals(report, console)
    for call_id, error in report.failed[:SHOWN_FAILURES]:
        console.print(Text(f"! {call_id}: {error}", style="red"))
    if len(report.failed) > SHOWN_FAILURES:
        console.print(f"… and {len(report.failed) - SHOWN_FAILURES} more; --format json lists them all.")


def _print_rules(report: BacktestReport, console: Console) -> None:
    rows = [
        (rule, one, precision_text(one.precision_before()), precision_text(one.precision_after()))
        for rule, one in sorted(report.tally.rules.items(), key=lambda item: (not _moved(item[1]), item[0]))
    ]
    judged = any(one.precision_before().judged or one.precision_after().judged for _, one, _, _ in rows)
    table = Table(header_style="bold", title="rules, those that change first", title_justify="left")
    for heading, right in (("rule", False), ("title", False), ("hits", True), ("gained", True), ("lost", True)):
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for heading in ("precision before", "precision after") if judged else ():
        table.add_column(heading, overflow="fold")
    for rule, one, before, after in rows:
        table.add_row(
            rule,
            report.titles.get(rule, ""),
            f"{one.hits_before} → {one.hits_after}" if one.hits_before != one.hits_after else str(one.hits_after),
            Text(f"+{one.gained}", style="yellow") if one.gained else "",
            Text(f"-{one.lost}", style="cyan") if one.lost else "",
            *((before, after) if judged else ()),
        )
    console.print(table)
    if not judged:
        console.print("No person has judged these calls' flags yet: no precision can be told.")
    for rule, one in sorted(report.tally.rules.items()):
        _print_samples(rule, one, console)


def _moved(one: RuleTally) -> bool:
    return bool(one.gained or one.lost)


def _print_samples(rule: str, one: RuleTally, console: Console) -> None:
    for mark, style, samples in (("+", "yellow", one.samples_gained), ("-", "cyan", one.samples_lost)):
        for sample in samples.kept:
            words = f" “{sample.quote}”" if sample.quote else ""
            word = f"  ({sample.verdict})" if sample.verdict else ""
            line = f"  {mark} {rule}  {sample.call_id} {render.clock(sample.start_s)}{words}{word}"
            console.print(Text(line, style=style))


def _print_scores(report: BacktestReport, console: Console) -> None:
    tally = report.tally
    both = tally.scored_both
    if both:
        lowered = sum(count for change, count in tally.changes.items() if change < 0)
        raised = sum(count for change, count in tally.changes.items() if change > 0)
        console.print(
            f"scores: mean {tally.sum_before / both:.2f} → {tally.sum_after / both:.2f}; {lowered} calls lower, "
            f"{raised} higher, {both - lowered - raised} within half a point"
        )
    if tally.scored_only_before or tally.scored_only_after:
        console.print(f"        {tally.scored_only_before} calls lose their score, {tally.scored_only_after} get one")
    for samples in (tally.falls.kept, tally.rises.kept):
        _print_calls(samples, console)


def _print_calls(samples: Sequence[Sample], console: Console) -> None:
    for sample in samples:
        scores = " → ".join("–" if score is None else f"{score:.0f}" for score in (sample.before, sample.after))
        console.print(Text(f"  {sample.call_id}  {scores}"))


def _print_review(report: BacktestReport, console: Console) -> None:
    tally, days = report.tally, len(report.tally.days)
    console.print(
        f"must be heard: {tally.review_before} → {tally.review_after} calls "
        f"({tally.review_before / tally.calls:.1%} → {tally.review_after / tally.calls:.1%}; "
        f"{tally.review_before / days:.1f} → {tally.review_after / days:.1f} a day); "
        f"{tally.review_gained} come in, {tally.review_lost} drop out"
    )
    for mark, samples in (("come in", tally.samples_review_gained.kept), ("drop out", tally.samples_review_lost.kept)):
        if samples:
            console.print(f"  {mark}:")
            _print_calls(samples, console)


def _print_appeals(report: BacktestReport, console: Console) -> None:
    if not report.appeals:
        return
    failed = [case for case in report.appeals if not case.passed]
    console.print(f"appeals: {len(report.appeals) - len(failed)} of {len(report.appeals)} come out as decided")
    for case in failed:
        what = "upheld, but found again" if case.appeal.outcome == "upheld" else "dismissed, but not found any more"
        at = render.clock(case.appeal.start_s)
        style = "bold red" if case.appeal.outcome == "upheld" else "yellow"
        console.print(Text(f"  ! {case.appeal.rule}  {case.appeal.call_id} {at}  {what}", style=style))
