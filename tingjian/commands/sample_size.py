"""``sample-size``: how many calls of an agent a person must hear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from pipeline.errors import UsageError
from quality.sample_size import Cell, SampleSize, mean_interval, mean_table, rate_table
from quality.words import Mode
from tingjian import render

TABLE_SDS = (5.0, 8.0, 10.0, 12.0, 15.0, 20.0)
TABLE_ERRORS = (2.0, 3.0, 4.0, 5.0)
TABLE_RATES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
TABLE_RATE_ERRORS = (0.02, 0.03, 0.05, 0.1)


def run_mean(
    sds: Sequence[float],
    errors: Sequence[float],
    *,
    scores: str | None,
    confidence: float,
    population: int | None,
    mode: Mode,
    student_t: bool,
    table: bool,
    as_json: bool,
) -> int:
    """Sizes for a mean score; a table when there is more than one spread or error, or when it is asked for."""
    if scores is not None:
        if sds:
            raise UsageError("--sd and --scores both say how scores spread; expected one of them. Leave one out.")
        sds = [mean_interval(_numbers(scores), confidence=confidence).sd]
    sds, errors = _filled(sds, errors, table, "--sd", TABLE_SDS, TABLE_ERRORS)
    cells = mean_table(sds, errors, confidence=confidence, population=population, mode=mode, student_t=student_t)
    if as_json:
        extra = {"measured": _measured(scores, confidence)} if scores is not None else {}
        render.print_json({**_document(cells, "sd"), **extra})
        return 0
    console = render.stdout_console()
    if scores is not None:
        _print_measured(_measured(scores, confidence))
    if len(cells) > 1:
        console.print(f"calls to hear for a mean score within ± error ({_assumed(cells[0].size)})")
        console.print(_grid(cells, "sd", "{:g}"))
    else:
        _print_one(cells[0], f"standard deviation {sds[0]:.4g} points, error ±{errors[0]:g} points")
    return 0


def run_rate(
    rates: Sequence[float],
    errors: Sequence[float],
    *,
    confidence: float,
    population: int | None,
    mode: Mode,
    table: bool,
    as_json: bool,
) -> int:
    """Sizes for a pass rate; a table when there is more than one rate or error, or when it is asked for."""
    rates, errors = _filled(rates, errors, table, "--rate", TABLE_RATES, TABLE_RATE_ERRORS)
    cells = rate_table(rates, errors, confidence=confidence, population=population, mode=mode)
    if as_json:
        render.print_json(_document(cells, "rate"))
    elif len(cells) > 1:
        console = render.stdout_console()
        console.print(f"calls to hear for a pass rate within ± error ({_assumed(cells[0].size)})")
        console.print(_grid(cells, "rate", "{:.3g}"))
    else:
        _print_one(cells[0], f"pass rate {rates[0]:g}, error ±{errors[0]:g}")
    return 0


def _filled(
    spreads: Sequence[float],
    errors: Sequence[float],
    table: bool,
    option: str,
    usual_spreads: Sequence[float],
    usual_errors: Sequence[float],
) -> tuple[Sequence[float], Sequence[float]]:
    if table:
        return spreads or usual_spreads, errors or usual_errors
    if not spreads or not errors:
        missing = option if not spreads else "--error"
        raise UsageError(f"{missing} is missing; expected a number, or --table for the usual ones.")
    return spreads, errors


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.replace("，", ",").split(",") if part.strip()]
    except ValueError:
        raise UsageError("--scores is not a list of numbers; expected one such as 92,88,75.") from None


def _measured(scores: str, confidence: float) -> dict[str, Any]:
    interval = mean_interval(_numbers(scores), confidence=confidence)
    return {
        "scores": interval.n,
        "mean": round(interval.mean, 4),
        "sd": round(interval.sd, 4),
        "half_width": round(interval.half_width, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
    }


def _print_measured(measured: dict[str, Any]) -> None:
    render.stdout_console().print(
        f"{measured['scores']} scores: mean {measured['mean']:.1f} ± {measured['half_width']:.1f} "
        f"({measured['low']:.1f} to {measured['high']:.1f}), standard deviation {measured['sd']:.2f}. This holds only "
        f"if the calls were drawn at random and none was left out."
    )


def _document(cells: Sequence[Cell], spread: str) -> dict[str, Any]:
    if len(cells) == 1:
        return _size_document(cells[0], spread)
    return {"table": [_size_document(cell, spread) for cell in cells]}


def _size_document(cell: Cell, spread: str) -> dict[str, Any]:
    size = cell.size
    return {
        "n": size.n,
        spread: cell.spread,
        "error": cell.error,
        "confidence": size.confidence,
        "population": size.population,
        "mode": size.mode.value,
        "student_t": size.student_t,
        "raw": round(size.raw, 4),
        "half_width": round(size.half_width, 6),
        "per_week": size.per_week,
        "weeks": size.weeks,
    }


def _assumed(size: SampleSize) -> str:
    parts = [f"{size.confidence:.4g} confidence", f"{size.mode.value} mode"]
    if size.population is not None:
        parts.append(f"of {size.population} calls")
    if size.student_t:
        parts.append("Student's t")
    return ", ".join(parts)


def _print_one(cell: Cell, asked: str) -> None:
    size, console = cell.size, render.stdout_console()
    console.print(f"[bold]{size.n}[/bold] calls  ({asked}; {_assumed(size)})")
    console.print(f"  formula {size.raw:.4f}; with {size.n} calls the half width is ±{size.half_width:.3g}")
    console.print(f"  {size.per_week} a week over {size.weeks} weeks")
    if size.mode is Mode.ARTICLE and size.n < size.raw:
        console.print("  article mode rounds to the nearest: one call too few for the stated error", style="yellow")


def _grid(cells: Sequence[Cell], spread: str, form: str) -> Table:
    table = Table(header_style="bold")
    table.add_column(spread, justify="right")
    errors = list(dict.fromkeys(cell.error for cell in cells))
    for error in errors:
        table.add_column(f"±{form.format(error)}", justify="right")
    for value in dict.fromkeys(cell.spread for cell in cells):
        row = {cell.error: str(cell.size.n) for cell in cells if cell.spread == value}
        table.add_row(form.format(value), *(row[error] for error in errors))
    return table
