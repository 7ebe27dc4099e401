"""``measures``: what every measure means, and the norm of speech rate against each of its definitions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import UsageError
from pipeline.features.catalogue import CATALOGUE, MeasureInfo
from pipeline.features.speech_norm import (
    AGENT_SHARE_OF_CALL,
    CHARACTERS_PER_WORD,
    NATURAL_ARTICULATION_CPM,
    SPEECH_SHARE_OF_TURNS,
    NormReading,
    norm_readings,
)
from pipeline.types import Measures
from tingjian import render

VERDICTS = {"below": ("过慢", "yellow"), "within": ("在规范内", "green"), "above": ("过快", "yellow")}
SHOWN_EVIDENCE = 8


def run_measures_list(*, as_json: bool) -> int:
    """Every measure with its unit and definition."""
    if as_json:
        render.print_json({"measures": {name: _info(info) for name, info in CATALOGUE.items()}})
        return 0
    table = Table(header_style="bold")
    for heading in ("measure", "名称", "单位", "怎么算"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "measure")
    for name, info in CATALOGUE.items():
        table.add_row(name, info.title, info.unit, info.definition)
    render.stdout_console().print(table)
    return 0


def run_measures_explain(
    name: str | None,
    audio: Path | None,
    transcript: Path | None,
    meta: list[str],
    norm: str,
    overrides: dict[str, object],
    *,
    as_json: bool,
) -> int:
    """One measure, or without a name the norm of speech rate by its four definitions; of a call where one is given.

    Raises:
        UsageError: there is no such measure, or the norm is no range.
    """
    if name is not None and name not in CATALOGUE:
        near = difflib.get_close_matches(name, CATALOGUE, 3, 0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "see tingjian measures list"
        raise UsageError(f"there is no measure {name!r}; {hint}")
    low, high = parse_norm(norm)
    if transcript is not None and audio is None:
        raise UsageError("--transcript is the transcript of a recording; give the recording with --call as well")
    measures = None if audio is None else _measures_of(audio, transcript, meta, overrides)
    if name is not None:
        return _explain_one(name, measures, as_json=as_json)
    readings = norm_readings(measures, low, high)
    if as_json:
        render.print_json(
            {"norm": {"low": low, "high": high}, "natural_articulation_cpm": list(NATURAL_ARTICULATION_CPM)}
            | {"readings": [_reading(reading) for reading in readings]}
        )
        return 0
    print_readings(readings, low, high, render.stdout_console())
    return 0


def parse_norm(text: str) -> tuple[float, float]:
    """``100-120`` as two numbers; UsageError when it is no range."""
    try:
        low, high = (float(part) for part in text.split("-"))
    except ValueError:
        low, high = 0.0, 0.0
    if not 0 < low < high:
        raise UsageError(f"--norm is {text!r}; expected two numbers such as 100-120")
    return low, high


def print_readings(readings: tuple[NormReading, ...], low: float, high: float, console: Console) -> None:
    """The norm by every definition, for a supervisor who has to choose one."""
    slow, quick = NATURAL_ARTICULATION_CPM
    console.print(f"[bold]语速规范：每分钟 {low:g}–{high:g} 个左右[/bold]")
    console.print(
        f"规范没有说数什么、按哪段时间算。自然的普通话每分钟说话（不含停顿）约 {slow:g}–{quick:g} 字，"
        "因此选哪个定义，决定了它指到谁。"
    )
    of_call = any(reading.value is not None or reading.reason for reading in readings)
    for reading in readings:
        console.print()
        console.print(f"[bold]{reading.title}[/bold]  {reading.measure}", highlight=False)
        console.print(_rows(reading, of_call))
    console.print()
    console.print(
        f"自然语速的推算：段内出声占 {SPEECH_SHARE_OF_TURNS:.0%}，坐席说话占通话 {AGENT_SHARE_OF_CALL:.0%}，"
        f"一个词 {CHARACTERS_PER_WORD:g} 个字。说明见 docs/speech-rate.md。",
        style="dim",
    )


def _rows(reading: NormReading, of_call: bool) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("  怎么算", Text(reading.definition))
    grid.add_row("  自然语速", Text(f"{reading.natural[0]:.0f}–{reading.natural[1]:.0f} {reading.unit}"))
    grid.add_row("  规范指到", Text(f"{reading.flags}。{reading.remark}"))
    if of_call:
        grid.add_row("  这通电话", _of_call(reading))
    grid.add_row("  规则一行", Text(reading.rule))
    return grid


def _of_call(reading: NormReading) -> Text:
    if reading.value is None or reading.verdict is None:
        return Text(f"无法判断：{reading.reason}", style="yellow")
    words, style = VERDICTS[reading.verdict]
    explained = CATALOGUE[reading.measure].inputs
    quantities = "，".join(f"{key} = {_number(value)}" for key, value in reading.inputs if key in explained)
    line = Text(f"{reading.value:.0f} {reading.unit}  ")
    return line.append(words, style=style).append(f"  （{quantities}）")


def _explain_one(name: str, measures: Measures | None, *, as_json: bool) -> int:
    info = CATALOGUE[name]
    document: dict[str, Any] = {"name": name, **_info(info)}
    if measures is not None:
        from pipeline.serialise import measures_to_document

        document["measured"] = measures_to_document({name: measures[name]})[name]
    if as_json:
        render.print_json(document)
        return 0
    console = render.stdout_console()
    console.print(f"[bold]{info.title}[/bold]  {name}" + (f"  （{info.unit}）" if info.unit else ""), highlight=False)
    console.print(f"  怎么算  {info.definition}", markup=False)
    console.print(f"  证据    {info.evidence}", markup=False)
    for key, words in info.inputs.items():
        console.print(f"  {key}  {words}", markup=False)
    if measures is not None:
        _print_measured(name, document["measured"], console)
    return 0


def _print_measured(name: str, measured: Mapping[str, Any], console: Console) -> None:
    console.print()
    if measured["value"] is None:
        console.print(f"  这通电话  无法判断：{measured['reason']}", style="yellow", markup=False)
        return
    from pipeline.rules.known_measures import readable

    console.print(f"  这通电话  {readable(name, measured['value'])}", markup=False)
    for key, value in measured["inputs"].items():
        console.print(f"    {key} = {_number(value)}", markup=False)
    for item in measured["evidence"][:SHOWN_EVIDENCE]:
        times = f"{render.clock(item['start_s'])}–{render.clock(item['end_s'])}"
        console.print(f"    {times}  {item['role']}  {item['text']}", markup=False)
    left = len(measured["evidence"]) - SHOWN_EVIDENCE
    if left > 0:
        console.print(f"    … 另有 {left} 处（--format json 给出全部）", markup=False)


def _measures_of(audio: Path, transcript: Path | None, meta: list[str], overrides: dict[str, object]) -> Measures:
    from config.settings import load_settings
    from pipeline.asr.engine import EngineSettings, make_engine
    from pipeline.assess import hear
    from pipeline.audio.sherpa_speakers import make_separator
    from pipeline.audio.vad import make_detector
    from pipeline.features.measure import measure_call
    from tingjian.commands.one_call import metadata_from_pairs, remark_on_demo_model

    if transcript is not None:
        overrides = {**overrides, "engine": "sidecar"}
    settings = load_settings(**overrides)
    engine = make_engine(
        settings.engine,
        model=settings.model_for_engine(),
        threads=settings.threads_for_one_call(),
        transcript=transcript,
        settings=EngineSettings.from_values(settings.engine_settings()),
    )
    metadata = metadata_from_pairs(meta, audio)
    separator = make_separator(settings.voices_model, settings.threads_for_one_call())
    detector = make_detector(settings.vad)
    call = hear(audio, metadata, engine, detector, settings.default_agent_channel, separator=separator)
    remark_on_demo_model(settings)
    return measure_call(call)


def _info(info: MeasureInfo) -> dict[str, Any]:
    return {**asdict(info), "inputs": dict(info.inputs)}


def _reading(reading: NormReading) -> dict[str, Any]:
    return {**asdict(reading), "natural": list(reading.natural), "inputs": dict(reading.inputs)}


def _number(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
