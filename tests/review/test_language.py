from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from scripts.compile_messages import LOCALE, mo_bytes, read_po
from tests.review.people import person

ROOM = LOCALE.parent
PO = LOCALE / "en" / "LC_MESSAGES" / "django.po"
IN_TEMPLATES = re.compile(r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
IN_BLOCKS = re.compile(r"{%\s*blocktranslate[^%]*%}(.*?){%\s*endblocktranslate", re.DOTALL)
IN_CODE = re.compile(r'\b_\(\s*"([^"]*)"\s*\)')


def messages_used() -> set[str]:
    found: set[str] = set()
    for file in Path(ROOM / "templates").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        found |= {first or second for first, second in IN_TEMPLATES.findall(text)}
        for block in IN_BLOCKS.findall(text):
            found |= {re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", part) for part in re.split(r"{%\s*plural\s*%}", block)}
    for file in (*ROOM.rglob("*.py"), *(ROOM.parent / "store").glob("*.py")):
        found |= set(IN_CODE.findall(file.read_text(encoding="utf-8")))
    return found


def test_every_message_has_its_english() -> None:
    translated = read_po(PO.read_text(encoding="utf-8"))
    used = messages_used()
    assert len(used) > 300
    assert sorted(used - set(translated)) == []
    assert sorted(key for key in used if not translated[key]) == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    for chinese, english in read_po(PO.read_text(encoding="utf-8")).items():
        if chinese:
            assert sorted(re.findall(r"%\(\w+\)s", chinese)) == sorted(re.findall(r"%\(\w+\)s", english)), chinese


def test_compiled_messages_are_in_step() -> None:
    expected = mo_bytes(read_po(PO.read_text(encoding="utf-8")))
    assert PO.with_suffix(".mo").read_bytes() == expected, "run: python scripts/compile_messages.py"


@pytest.mark.django_db
def test_switched_pages_are_english(client: Client) -> None:
    client.force_login(person("a", "reviewer"))
    client.post("/language", {"language": "en"})
    page = client.get("/queue").content.decode()
    assert "Claim the next call" in page
    shown = re.sub(r"<[^>]*>|{[^}]*}", "", page.split("<body", 1)[1])
    assert re.findall(r"[\u4e00-\u9fff]+", shown) == ["中文"]
