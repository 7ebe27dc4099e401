"""``health raters``: who is stricter, who has changed, who deducts nothing, and how far people agree."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from quality.agreement import Agreement
from tingjian import render
from tingjian.commands.estimate import ready

if TYPE_CHECKING:
    from flows.rater_health import RaterReport


def run_raters(month: str, months: int, *, tolerance: float, required: float, as_json: bool) -> int:
    """Everything about raters over some months."""
    ready()
    from flows.rater_health import report_on_raters
    from store.months import bounds_of_month

    bounds_of_month(month)
    report = report_on_raters(month, months, tolerance=tolerance, required=required)
    if as_json:
        render.print_json(_document(report))
        return 0
    console = render.stdout_console()
    console.print(f"[bold]{' '.join(report.months)}[/bold]: {report.reviews} reviews by {_raters(report)} raters")
    _print_severity(report, console)
    _print_silent(report, console)
    _print_agreement(report, console)
    _print_sessions(report, console)
    for reason in report.reasons:
        console.print(reason, style="dim", markup=False)
    return 0


def _raters(report: RaterReport) -> int:
    return len(report.spreads) or len(report.raters)


def _document(report: RaterReport) -> dict[str, Any]:
    found = report.severity
    return {
        "months": list(report.months),
        "reviews": report.reviews,
        "severity": None
        if found is None
        else {
            "slope": found.slope,
            "rater_sd": found.rater_sd,
            "residual_sd": found.residual_sd,
            "raters": [asdict(one) | {"rater": name} for name, one in report.raters],
        },
        "drift": [asdict(drift) | {"rater": name, "call": call} for name, drift, call in report.drifts],
        "spread": [asdict(one) | {"rater": name} for name, one in report.spreads],
        "deducts_nothing": [
            asdict(one.verdicts) | {"rater": one.rater, "month_before": one.before, "listen_again": list(one.listen)}
            for one in report.silent
        ],
        "agreement": {
            "totals_alpha": asdict(report.totals) if report.totals else None,
            "raters": [asdict(one) for one in report.pairs],
            "items": [asdict(one) for one in report.items],
        },
        "sessions": [asdict(one) for one in report.sessions],
        "appeals": [asdict(one) for one in report.appeals],
        "reasons": list(report.reasons),
    }


def _print_severity(report: RaterReport, console: Console) -> None:
    if report.severity is None:
        return
    console.print(
        "Severity: points taken off beyond the others on like calls, anchored on the machine's score (below 0: "
        "lenient). Drift: in the last month, against what was usual."
    )
    table = Table(header_style="bold")
    for heading in ("rater", "reviews", "plain means", "severity", "p", "", "drift", "spread of scores"):
        table.add_column(heading, justify="right" if heading in ("reviews", "plain means", "severity", "p") else "left")
    drifts = {name: (drift, call) for name, drift, call in report.drifts}
    spread = dict(report.spreads)
    for name, one in report.raters:
        drift, call = drifts.get(name, (None, ""))
        table.add_row(
            Text(name),
            str(one.reviews),
            f"{one.raw:+.1f}",
            f"{one.severity:+.1f} ({one.low:+.1f} to {one.high:+.1f})",
            "<0.001" if one.p_value < 0.001 else f"{one.p_value:.3f}",
            Text(("stricter" if one.severity > 0 else "more lenient") if one.stands_out else "", style="yellow"),
            Text(
                f"{'stricter' if drift.stricter else 'more lenient'} from about {call}"
                if drift is not None and drift.signal is not None
                else "",
                style="yellow",
            ),
            _spread_text(spread[name].p_value, spread[name].differs) if name in spread else "–",
        )
    console.print(table)


def _spread_text(p_value: float | None, differs: bool) -> Text:
    if p_value is None:
        return Text("fewer than 200 reviews", style="dim")
    return Text(f"{'differs' if differs else 'as others'} (p {p_value:.3f})", style="yellow" if differs else "")


def _print_silent(report: RaterReport, console: Console) -> None:
    for one in report.silent:
        if not one.verdicts.suspicious:
            continue
        about = f"{one.rater}: {one.verdicts.clean} of {one.verdicts.verdicts} calls without a deduction"
        console.print(f"{about}, {one.verdicts.expected:.0f} were to be expected", style="yellow", markup=False)
        if one.before:
            console.print(
                f"  the second month running: listen again to {', '.join(one.listen)}", style="red", markup=False
            )
        else:
            console.print("  one month alone is no finding; look again next month", style="dim")


def _print_agreement(report: RaterReport, console: Console) -> None:
    if report.totals is not None:
        console.print(
            f"Agreement of totals (Krippendorff's alpha, {report.totals.calls} calls): {_text(report.totals)}"
        )
    if report.pairs:
        table = Table(header_style="bold")
        for heading in ("rater", "double-scored", "ICC(A,1)", "within 10 points", ""):
            table.add_column(heading, justify="left" if heading in ("rater", "") else "right")
        for one in report.pairs:
            table.add_row(
                Text(one.rater),
                str(one.calls),
                _text(one.icc),
                f"{one.within_ten:.0%}",
                Text(one.advice, style="yellow" if one.enough else "dim"),
            )
        console.print(table)
    if report.items:
        table = Table(header_style="bold")
        for heading in ("item", "calls", "fails", "kappa", "weighted", "AC1", "positive agreement"):
            table.add_column(heading, justify="left" if heading == "item" else "right")
        for item in report.items:
            numbers = (item.kappa, item.weighted_kappa, item.ac1, item.positive)
            table.add_row(item.item, str(item.calls), f"{item.fail_rate:.0%}", *(_text(one) for one in numbers))
        console.print(table)


def _print_sessions(report: RaterReport, console: Console) -> None:
    for one in report.sessions:
        share = one.result.share
        verdict = Text("passed", style="green") if one.result.passed else Text("not passed", style="yellow")
        console.print(
            Text.assemble(
                f"session {one.session or '–'}, {one.rater}: {share.hits} of {share.n} within tolerance, surely "
                f"{share.low:.0%} or more: ",
                verdict,
            )
        )
    if report.appeals:
        table = Table(title="appeals", title_justify="left", header_style="bold")
        for heading in ("rater", "reviewed", "overturned", "of reviewed", "of appealed"):
            table.add_column(heading, justify="left" if heading == "rater" else "right")
        for case in report.appeals:
            pooled, appealed = case.of_reviewed, case.of_appealed
            table.add_row(
                Text(case.rater),
                str(pooled.n),
                str(pooled.hits),
                f"{pooled.value:.1%} ({pooled.low:.1%} to {pooled.high:.1%})",
                "–"
                if appealed is None
                else f"{appealed.value:.0%} of {appealed.n} ({appealed.low:.0%} to {appealed.high:.0%})",
            )
        console.print(table)


def _text(one: Agreement) -> str:
    if one.value is None:
        return "–"
    if one.low is None or one.high is None:
        return f"{one.value:.2f}"
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"
