"""``rules``: work on a rulebook."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from config.settings import load_settings
from tingjian import render


def run_rules_list(overrides: dict[str, object], *, as_json: bool) -> int:
    """List the rules: id, title, category, severity, points."""
    from pipeline.rules import load_rulebook, rules_table

    rulebook = load_rulebook(load_settings(**overrides).rulebook)
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
            Text(row.severity.value, style=render.SEVERITY_STYLES[row.severity]),
            f"{row.points:g}" if row.points else "",
        )
    console.print(table)
    return 0
