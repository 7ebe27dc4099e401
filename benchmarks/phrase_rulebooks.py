"""Rulebooks that hold nothing but phrases, and pages into which benchmarks write what they printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def phrase_rulebook(wanted: Sequence[str], *, rules: int = 1, homophones: bool = False) -> bytes:
    """A rulebook file in which the phrases stand in so many rules."""
    listed = []
    for number in range(min(rules, len(wanted))):
        said = {"role": "agent", "homophones": homophones, "any": list(wanted[number::rules])}
        listed.append(
            {
                "id": f"BENCH.{number:02}",
                "name": f"phrases_{number}",
                "title": "短语",
                "why": "试验。",
                "category": "all",
                "severity": "deduct",
                "points": 1,
                "when": {"say": said},
                "message": "{start}：“{quote}”",
                "examples": {"hit": ["agent: 无"], "miss": ["agent: 您好"]},
            }
        )
    book = {
        "rulebook": "bench",
        "version": "1",
        "title": "试验",
        "categories": {"all": {"title": "全部", "maximum": 100}},
        "must_review": {"total_below": 60},
        "rules": listed,
    }
    return json.dumps(book, ensure_ascii=False).encode()


def write_into(page: str, command: str, lines: Sequence[str]) -> None:
    """Put what a command printed into its place on a page: between its mark and the next heading, or the end."""
    path = DOCS / page
    mark = f"<!-- what `{command}` printed -->"
    before, after = path.read_text(encoding="utf-8").split(mark)
    _, heading, rest = after.partition("\n## ")
    path.write_text(f"{before}{mark}\n\n" + "\n".join(lines) + "\n" + heading + rest, encoding="utf-8")
