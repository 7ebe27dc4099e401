"""Compile the translations of the pages: review/locale/*/LC_MESSAGES/django.po to django.mo, without gettext's tools.

``python scripts/compile_messages.py`` writes them; a test sees to it that they are in step.
"""

from __future__ import annotations

import ast
import struct
from pathlib import Path

LOCALE = Path(__file__).resolve().parents[1] / "review" / "locale"


def read_po(text: str) -> dict[str, str]:
    """Messages of a .po file of the plain kind: msgid and msgstr, no plurals, no contexts."""
    messages: dict[str, str] = {}
    key: str | None = None
    parts: dict[str, list[str]] = {}
    for line in [*text.splitlines(), 'msgid ""']:
        if line.startswith("msgid "):
            if "msgid" in parts:
                messages["".join(parts["msgid"])] = "".join(parts.get("msgstr", []))
            parts = {}
        for word in ("msgid", "msgstr"):
            if line.startswith(word + " "):
                key = word
                line = line.removeprefix(word + " ")
                parts[key] = []
        if line.startswith('"') and key is not None:
            parts[key].append(ast.literal_eval(line))
    return messages


def mo_bytes(messages: dict[str, str]) -> bytes:
    """The messages as a .mo file (GNU gettext manual, section 10.3), in order of their ids."""
    pairs = [(key.encode(), value.encode()) for key, value in sorted(messages.items()) if value]
    count = len(pairs)
    start = 28 + 16 * count
    ids, texts = b"", b""
    id_table, text_table = [], []
    for key, _ in pairs:
        id_table.append((len(key), start + len(ids)))
        ids += key + b"\0"
    for _, value in pairs:
        text_table.append((len(value), start + len(ids) + len(texts)))
        texts += value + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    tables = b"".join(struct.pack("<2I", *entry) for entry in (*id_table, *text_table))
    return header + tables + ids + texts


def main() -> None:
    """Compile every language."""
    for file in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        file.with_suffix(".mo").write_bytes(mo_bytes(read_po(file.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
