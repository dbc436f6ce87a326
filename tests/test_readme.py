"""The README shows what is there: its links lead somewhere, its code stands in the sources or is run elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from attorn.command import COMMANDS

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    assert len(links) > 15
    assert [link for link in links if not (TOP / link).exists()] == []


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"`attorn ([a-z]+)", README)) | set(re.findall(r"^\$ attorn ([a-z]+)", README, re.MULTILINE))
    assert len(named) > 12
    assert named - set(COMMANDS) == set()


@pytest.mark.parametrize(
    ("begins", "file"),
    [("@action", "model/migration.py"), ("from attorn.reference import Host", "docs/reference.md")],
)
def test_code_is_that_of_the_sources(begins: str, file: str) -> None:
    (shown,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if block.startswith(begins)]
    assert shown in (TOP / file).read_text(encoding="utf-8")


def test_every_page_of_the_documentation_is_named() -> None:
    assert [page.name for page in sorted((TOP / "docs").glob("*.md")) if f"docs/{page.name}" not in README] == []
