"""The documentation does what it says: its code runs, and its machine is what the text claims."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from attorn.checker.oracle import explore
from attorn.spec.errors import SymbolicTruth
from attorn.spec.language import Machine

PAGE = Path(__file__).parent.parent / "docs" / "language.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the page's code defines, all of it run in order as one file."""
    file = tmp_path_factory.mktemp("docs") / "locks.py"
    file.write_text("\n".join(blocks("python")), encoding="utf-8")
    names: dict[str, object] = {"__name__": "locks"}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)
    return names


def machine(page: dict[str, object], name: str) -> Machine:
    found = page[name]
    assert isinstance(found, Machine)
    return found


def test_the_machine_of_the_page_holds_and_ends_in_a_deadlock(page: dict[str, object]) -> None:
    instances = page["instances"]
    assert isinstance(instances, list)
    found = explore(instances[0])
    assert found.verdict("takes_are_counted").evidence.value == "exhausted"
    assert found.verdict("no_deadlock").evidence.value == "refuted"
    # One process takes both locks: two steps.
    (goal,) = found.goals
    assert goal.path is not None
    assert len(goal.path) == 2


def test_the_variants_of_the_page_differ_as_they_say(page: dict[str, object]) -> None:
    base, polite, careless = (machine(page, name) for name in ("machine", "polite", "careless"))
    assert len(polite.action("take").clauses) == len(base.action("take").clauses) + 1
    assert len(careless.action("take").clauses) == len(base.action("take").clauses) - 1
    assert not polite.goals


def test_the_error_of_the_page_is_the_one_given(tmp_path: Path) -> None:
    (shown,) = [text for text in blocks("text") if "`and`" in text]
    code = blocks("python")[0].replace(
        "s.require(s.holder[lock] == NONE, s.takes > 0)", "s.require(s.holder[lock] == NONE and s.takes > 0)"
    )
    file = tmp_path / "locks.py"
    file.write_text(code, encoding="utf-8")
    line = next(number for number, text in enumerate(code.splitlines(), start=1) if " and s.takes" in text)
    names: dict[str, object] = {"__name__": "locks"}
    with pytest.raises(SymbolicTruth) as raised:
        exec(compile(code, str(file), "exec"), names)
        assert machine(names, "machine").actions
    said = str(raised.value)
    assert f"{file}:{line}: " in said
    assert shown.strip() == f"locks.py:{line}: {said.partition(': ')[2]}"
