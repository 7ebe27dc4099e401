"""What commands print: tables and texts for people, documents for programmes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.asr.guards import REJECTION_REASONS

SEVERITY_STYLES = {"fatal": "bold red", "deduct": "yellow", "add": "green", "warn": "cyan"}
SEVERITY_WORDS = {"fatal": "fatal", "deduct": "deduct", "add": "add", "warn": "warn"}


def stdout_console() -> Console:
    """Where results go; wide enough not to fold tables when nobody watches."""
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def stderr_console() -> Console:
    """Where progress, remarks and errors go."""
    return Console(stderr=True, highlight=False)


def print_json(document: object) -> None:
    """One JSON document on standard output, and nothing else."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def clock(seconds: float) -> str:
    """Seconds as m:ss, the way players show them."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def score_text(document: Mapping[str, Any]) -> str:
    """The pre-score of an assessment document, a dash where nothing could be assessed."""
    total = document["score"]["total"]
    return "–" if total is None else f"{total:.0f}"


def flags_text(findings: Sequence[Mapping[str, Any]]) -> Text:
    """Rules that fired, each once with its number of hits, the gravest first."""
    hits: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        hits.setdefault(finding["rule"], []).append(finding)
    order = list(SEVERITY_STYLES)
    text = Text()
    for rule, found in sorted(hits.items(), key=lambda item: (order.index(item[1][0]["severity"]), item[0])):
        if text:
            text.append(" ")
        times = f"×{len(found)}" if len(found) > 1 else ""
        text.append(f"{rule}{times}", style=SEVERITY_STYLES[found[0]["severity"]])
    return text


def calls_table(documents: Sequence[Mapping[str, Any]]) -> Table:
    """One line per call: call, agent, length, pre-score, flags, whether a person must hear it and why."""
    table = Table(show_lines=False, header_style="bold", expand=False)
    table.add_column("call", no_wrap=True)
    table.add_column("agent", no_wrap=True)
    table.add_column("length", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("flags", overflow="fold")
    table.add_column("review", no_wrap=True)
    table.add_column("why", overflow="fold")
    for document in documents:
        metadata = document["recording"]["metadata"]
        must = document["route"]["must_review"]
        table.add_row(
            metadata["call_id"],
            metadata.get("agent_name") or metadata.get("agent_id") or "–",
            clock(document["recording"]["duration_s"]),
            score_text(document),
            flags_text(document["findings"]),
            Text("must", style="bold red") if must else Text("no", style="green"),
            "；".join(document["route"]["reasons"]),
        )
    return table


def print_assessment(document: Mapping[str, Any], console: Console) -> None:
    """One call for a person: score, findings with evidence, what could not be judged, measures, words."""
    recording, route = document["recording"], document["route"]
    score = document["score"]
    console.print(
        f"[bold]{recording['metadata']['call_id']}[/bold]  {clock(recording['duration_s'])}  "
        f"{recording['channel_layout']}  pre-score [bold]{score_text(document)}[/bold] / {score['maximum']:.0f}"
        + ("  [bold red]fatal[/bold red]" if score["fatal"] else "")
    )
    for problem in recording["problems"]:
        console.print(f"! {problem['message']}", style="yellow", markup=False)
    review = "[bold red]must be heard by a person[/bold red]" if route["must_review"] else "no review required"
    console.print(f"review: {review}")
    for reason in route["reasons"]:
        console.print(f"  · {reason}", markup=False)
    if document["findings"]:
        table = Table(title="findings", title_justify="left", header_style="bold")
        for heading in ("at", "rule", "severity", "points", "what was found", "match", "sure"):
            table.add_column(heading, justify="right" if heading in ("points", "sure") else "left", overflow="fold")
        for finding in document["findings"]:
            confidence = finding["confidence"]
            table.add_row(
                clock(finding["start_s"]),
                f"{finding['rule']} {finding['title']}",
                Text(SEVERITY_WORDS[finding["severity"]], style=SEVERITY_STYLES[finding["severity"]]),
                f"{'+' if finding['severity'] == 'add' else '-'}{finding['points']:g}" if finding["points"] else "",
                Text(finding["message"]),
                finding["match"],
                "" if confidence is None else f"{confidence:.2f}",
            )
        console.print(table)
    else:
        console.print("no findings")
    if document["not_assessable"]:
        console.print("[bold]not assessable[/bold]")
        for item in document["not_assessable"]:
            console.print(f"  {item['rule']}: {item['reason']}", markup=False)
    for item in document["errors"]:
        console.print(f"! rule {item['rule']} failed: {item['error']}", style="red", markup=False)
    console.print(measures_table(document["measures"]))
    print_transcript(document, console)


def measures_table(measures: Mapping[str, Any]) -> Table:
    """Measures with units; a reason where there is no value."""
    table = Table(title="measures", title_justify="left", header_style="bold")
    table.add_column("measure", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("not assessable because", overflow="fold")
    for name, measure in measures.items():
        value = measure["value"]
        if isinstance(value, bool):
            shown = "yes" if value else "no"
        elif isinstance(value, float):
            shown = f"{value:.2f}"
        else:
            shown = "–" if value is None else str(value)
        table.add_row(name, shown, measure["unit"], measure["reason"] or "")
    return table


def print_transcript(document: Mapping[str, Any], console: Console) -> None:
    """The words with who said them and when."""
    console.print("[bold]transcript[/bold]")
    for utterance in document["transcript"]["utterances"]:
        confidence = utterance["confidence"]
        doubt = "" if confidence is None else f"  ({confidence:.2f})"
        console.print(
            f"  {clock(utterance['start_s']):>5}  {utterance['role']:<8}  {utterance['text']}{doubt}", markup=False
        )
    rejected = document["transcript"].get("rejected", ())
    if rejected:
        console.print("[bold]rejected by the guards[/bold] (not a part of the transcript)")
    for item in rejected:
        console.print(
            f"  {clock(item['start_s']):>5}  {item['role']:<8}  {item['text']}  · {REJECTION_REASONS[item['reason']]}",
            markup=False,
            style="dim",
        )
