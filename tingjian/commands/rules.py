"""``rules``: work on a rulebook; read, check, test, explain and compare."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.settings import load_settings
from pipeline.errors import RulebookError, UsageError
from tingjian import render

if TYPE_CHECKING:
    from pipeline.rules import Rulebook

EXIT_EXAMPLES_FAIL = 1
EXIT_WRONG_RULEBOOK = 2

_MISTAKE = re.compile(
    r"rulebook (?P<file>.+?)(?:, rule (?P<rule>[^,:]+))?(?:, key (?P<key>[^:]+))?: "
    r"(?P<text>.*?)(?: \(line (?P<line>\d+)\))?"
)


def run_rules_list(overrides: dict[str, object], *, as_json: bool) -> int:
    """List the rules: id, title, category, severity, points."""
    from pipeline.rules import rules_table

    rulebook = _in_force(overrides)
    rows = rules_table(rulebook)
    if as_json:
        render.print_json(
            {
                "rulebook": rulebook.name,
                "version": rulebook.version,
                "sha256": rulebook.sha256,
                "rules": [asdict(row) for row in rows],
            }
        )
        return 0
    console = render.stdout_console()
    table = Table(
        title=f"{rulebook.title}  ({rulebook.name} {rulebook.version})", title_justify="left", header_style="bold"
    )
    for heading in ("rule", "title", "category", "severity", "points"):
        table.add_column(heading, justify="right" if heading == "points" else "left")
    for row in rows:
        table.add_row(
            row.id,
            row.title,
            row.category,
            Text(row.severity.value, style=render.SEVERITY_STYLES.get(row.severity, "")),
            f"{row.points:g}" if row.points else "",
        )
    console.print(table)
    return 0


def run_rules_check(name: str | None, *, strict: bool, as_json: bool) -> int:
    """Check a rulebook: everything that keeps it from loading, then what can never hold or deserves a look.

    Returns:
        2 when something is wrong, or, with ``strict``, when anything deserves a look.
    """
    from pipeline.rules.loading import load_rulebook_with_source
    from pipeline.rules.remarks import remarks_on

    chosen = _chosen(name)
    rows: list[dict[str, Any]]
    try:
        rulebook, source = load_rulebook_with_source(chosen)
    except RulebookError as error:
        rows = [_mistake_row(line) for line in str(error).splitlines()]
        title = chosen
    else:
        rows = [
            {"error": one.is_error, "rule": one.rule, "key": one.key, "line": one.line, "text": one.text}
            for one in remarks_on(rulebook, source)
        ]
        title = f"{rulebook.title} ({rulebook.name} {rulebook.version}), {len(rulebook.rules)} rules"
    errors = sum(row["error"] for row in rows)
    wrong = errors > 0 or (strict and bool(rows))
    if as_json:
        render.print_json({"rulebook": chosen, "ok": not wrong, "errors": errors, "findings": rows})
    else:
        _print_check(title, rows, errors, render.stdout_console())
    return EXIT_WRONG_RULEBOOK if wrong else 0


def run_rules_schema(out: Path | None) -> int:
    """The JSON Schema of rulebook files.

    Raises:
        UsageError: the file cannot be written.
    """
    from pipeline.rules import json_schema

    if out is None:
        render.print_json(json_schema())
        return 0
    try:
        out.write_text(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--out {out} cannot be written: {error.strerror}; expected a file in a folder that exists."
        ) from error
    render.stdout_console().print(
        f"{out} written. First line of a rulebook for editors: # yaml-language-server: $schema={out}", soft_wrap=True
    )
    return 0


def run_rules_test(name: str | None, rules: list[str], *, as_json: bool) -> int:
    """Run the examples of the rules like unit tests.

    Returns:
        1 when an example does not come out as its rule says.
    """
    from pipeline.rules import load_rulebook
    from pipeline.rules.example_runs import run_examples

    rulebook = load_rulebook(_chosen(name))
    wanted = frozenset(_rule_of(rulebook, word).id for word in rules) or None
    runs = run_examples(rulebook, wanted)
    failed = [run for run in runs if not run.passed]
    if as_json:
        render.print_json(
            {
                "rulebook": rulebook.name,
                "version": rulebook.version,
                "examples": len(runs),
                "failed": [asdict(run) for run in failed],
            }
        )
    else:
        console = render.stdout_console()
        for run in failed:
            _print_failure(run, console)
        counts = Counter(run.expected for run in runs)
        summary = (
            f"{len({run.rule for run in runs})} rules, {counts['hit']} examples of a hit, {counts['miss']} of none: "
        )
        if failed:
            rest = f"{len(failed)} failed in {', '.join(sorted({run.rule for run in failed}))}"
            console.print(Text(summary + rest, style="bold red"))
        else:
            console.print(Text(summary + "all as written", style="green"))
    return EXIT_EXAMPLES_FAIL if failed else 0


def run_rules_explain(word: str, overrides: dict[str, object], *, as_json: bool) -> int:
    """Say in words what a rule flags."""
    from pipeline.rules.explain import explain_rule

    rulebook = _in_force(overrides)
    rule = _rule_of(rulebook, word)
    lines = explain_rule(rule, rulebook)
    if as_json:
        render.print_json({"rulebook": rulebook.name, "version": rulebook.version, "rule": rule.id, "lines": lines})
    else:
        console = render.stdout_console()
        for number, line in enumerate(lines):
            console.print(Text(line, style="bold" if number == 0 else ""))
    return 0


def run_rules_diff(before: str, after: str, *, as_json: bool) -> int:
    """Say in words what changes from one rulebook to another."""
    from pipeline.rules import load_rulebook
    from pipeline.rules.differ import rulebook_changes

    old, new = load_rulebook(before), load_rulebook(after)
    changes = rulebook_changes(old, new)
    if as_json:
        render.print_json(
            {
                "before": {"rulebook": old.name, "version": old.version, "sha256": old.sha256},
                "after": {"rulebook": new.name, "version": new.version, "sha256": new.sha256},
                "changes": [asdict(change) for change in changes],
            }
        )
        return 0
    console = render.stdout_console()
    console.print(Text(f"{old.name} {old.version} → {new.name} {new.version}", style="bold"))
    if not changes:
        console.print("没有不同。" if old.sha256 != new.sha256 else "两份完全相同。")
    styles = {"added": "green", "removed": "red", "changed": "yellow"}
    marks = {"added": "+", "removed": "-", "changed": "~"}
    last = None
    for change in changes:
        if change.rule != last:
            console.print(Text(change.rule or "规则册", style="bold"))
            last = change.rule
        console.print(Text(f"  {marks[change.kind]} {change.text}", style=styles[change.kind]))
    return 0


def _in_force(overrides: dict[str, object]) -> Rulebook:
    """The rulebook of the setting, of a folder of versions the one of now."""
    from pipeline.rules.shelf import open_shelf

    return open_shelf(load_settings(**overrides).rulebook_place).at(None, datetime.now().astimezone())


def _chosen(name: str | None) -> str:
    return name or load_settings().rulebook


def _rule_of(rulebook: Any, word: str) -> Any:
    """A rule by its id or its name, whatever the case."""
    known = {key: rule for rule in rulebook.rules for key in (rule.id.lower(), rule.name)}
    if word.lower() in known:
        return known[word.lower()]
    near = difflib.get_close_matches(word.lower(), known, n=1)
    hint = f"Did you mean {known[near[0]].id}?" if near else "tingjian rules list shows them all."
    raise UsageError(f"rulebook {rulebook.name} has no rule {word}; expected a rule's id or name. {hint}")


def _mistake_row(line: str) -> dict[str, Any]:
    told = _MISTAKE.fullmatch(line)
    if told is None:
        return {"error": True, "rule": "", "key": "", "line": None, "text": line}
    number = told["line"]
    return {
        "error": True,
        "rule": told["rule"] or "",
        "key": told["key"] or "",
        "line": None if number is None else int(number),
        "text": told["text"],
    }


def _print_check(title: str, rows: list[dict[str, Any]], errors: int, console: Console) -> None:
    console.print(Text(title, style="bold"))
    if not rows:
        console.print(Text("nothing wrong, nothing to look at", style="green"))
        return
    table = Table(header_style="bold")
    for heading in ("line", "rule", "key", "", "what"):
        table.add_column(heading, justify="right" if heading == "line" else "left", overflow="fold")
    for row in rows:
        kind = Text("error", style="bold red") if row["error"] else Text("look", style="cyan")
        line = "" if row["line"] is None else str(row["line"])
        table.add_row(line, row["rule"], Text(row["key"]), kind, Text(row["text"]))
    console.print(table)
    console.print(f"{errors} errors, {len(rows) - errors} to look at")


def _print_failure(run: Any, console: Console) -> None:
    words = {"hit": "hit", "miss": "no hit", "not_assessable": "not assessable"}
    console.print(
        Text(f"{run.rule}  example {run.number} of a {'hit' if run.expected == 'hit' else 'miss'}", style="bold")
    )
    console.print(Text(f"    {run.shown}"))
    console.print(Text(f"  - expected {words[run.expected]}", style="green"))
    console.print(Text(f"  + got {words[run.got]}", style="red"))
    for quote, message in run.found:
        console.print(Text(f"      “{quote}”  {message}" if quote else f"      {message}"))
    for remark in run.remarks:
        console.print(Text(f"      {remark}", style="dim"))
