from pathlib import Path

import pytest

from scripts.update_readme import READMES, settings_table


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_readme_lists_every_setting_with_its_default(path):
    assert settings_table() in path.read_text(encoding="utf-8"), "run: python scripts/update_readme.py"


def test_readmes_are_kept_in_step():
    english, chinese = (path.read_text(encoding="utf-8").splitlines() for path in READMES)

    def outline(lines):
        return [line.split()[0] for line in lines if line.startswith("#")]

    assert outline(english) == outline(chinese)
    commands = [line.strip() for line in english if line.startswith("    ") and "tingjian" in line]
    for command in commands:
        assert any(command in line for line in chinese), f"README.zh.md lacks: {command}"


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_readme_links_lead_somewhere(path):
    import re

    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (Path(path).parent / target).exists(), target
