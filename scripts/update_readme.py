"""Put what the commands print today into README.md and README.zh.md.

``python scripts/update_readme.py`` writes the table of settings; with a file that holds the output of ``make demo``
as its argument, that too.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

READMES = (ROOT / "README.md", ROOT / "README.zh.md")


def settings_table() -> str:
    """Every setting with its default and meaning, as a Markdown table."""
    from config.settings import ENVIRONMENT_PREFIX, Settings

    lines = ["| setting (environment) | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True) or ("" if field.default_factory else field.default)
        shown = "the demo model" if name == "model" else f"`{default}`" if str(default) else "empty"
        lines.append(f"| `{name}` (`{ENVIRONMENT_PREFIX}{name.upper()}`) | {shown} | {field.description} |")
    return "\n".join(lines)


def fill(text: str, name: str, content: str) -> str:
    """The text with everything between a pair of markers replaced."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    return re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{content}\n{end}", text, flags=re.DOTALL)


def main() -> None:
    """Rewrite both files."""
    for readme in READMES:
        text = fill(readme.read_text(encoding="utf-8"), "settings", settings_table())
        if len(sys.argv) > 1:
            output = Path(sys.argv[1]).read_text(encoding="utf-8").strip("\n")
            text = fill(text, "demo", "```text\n" + "\n".join(line.rstrip() for line in output.splitlines()) + "\n```")
        readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
