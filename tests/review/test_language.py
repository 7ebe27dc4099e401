from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.test import Client

from pipeline.errors import RECORDING_PROBLEMS
from pipeline.features.catalogue import CATALOGUE
from scripts.compile_messages import LOCALE, mo_bytes, read_po
from tests.review.people import person

ROOM = LOCALE.parent
PO = LOCALE / "en" / "LC_MESSAGES" / "django.po"
IN_TEMPLATES = re.compile(r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
IN_BLOCKS = re.compile(r"{%\s*blocktranslate[^%]*%}(.*?){%\s*endblocktranslate", re.DOTALL)
OUTSIDE = re.compile(r"{%\s*blocktranslate.*?endblocktranslate\s*%}|{%.*?%}|{#.*?#}|{{.*?}}", re.DOTALL)
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
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
    measures = {words for one in CATALOGUE.values() for words in (one.title, one.unit) if CHINESE.search(words)}
    return found | measures | set(RECORDING_PROBLEMS.values())


def test_every_message_has_its_english() -> None:
    translated = read_po(PO.read_text(encoding="utf-8"))
    used = messages_used()
    assert len(used) > 300
    assert sorted(used - set(translated)) == []
    assert sorted(key for key in used if not translated[key]) == []


def untranslated(file: Path, known: set[str]) -> list[str]:
    """Chinese words in a module that nothing translates: no docstring, no message, no pair of `say`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    apart: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            apart.add(id(node.value))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            apart |= {id(each) for each in ast.walk(node)}
    words = [each for each in ast.walk(tree) if isinstance(each, ast.Constant) and id(each) not in apart]
    texts = [each.value for each in words if isinstance(each.value, str)]
    return [text for text in texts if CHINESE.search(text) and text not in known]


def test_no_chinese_stands_outside_the_messages() -> None:
    known = set(read_po(PO.read_text(encoding="utf-8")))
    found = []
    for file in ROOM.rglob("*.py"):
        # What a list of agents may look like is data.
        if file.name != "csv_import.py":
            found += [f"{file.name}: {text}" for text in untranslated(file, known)]
    for file in (ROOM / "templates").rglob("*.html"):
        plain = OUTSIDE.sub("", file.read_text(encoding="utf-8"))
        found += [f"{file.name}: {text}" for text in CHINESE.findall(plain) if text != "中文"]
    for file in (ROOM / "static" / "review").rglob("*.js"):
        found += [f"{file.name}: {text}" for text in CHINESE.findall(file.read_text(encoding="utf-8"))]
    assert found == []


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
