"""What docs/traces.md and docs/systems.md show is so: the example log, the mapping, the commands and the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from attorn.checker.conform.mapping import Either, LogMapping
from attorn.commands.mapping_file import load_mapping
from attorn.spec.trace import Event, Header
from attorn.systems import SYSTEMS
from tests.commands.running import attorn_

ROOT = Path(__file__).parent.parent
TRACES = (ROOT / "docs" / "traces.md").read_text(encoding="utf-8")
SYSTEMS_PAGE = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
SAMPLES = ROOT / "tests" / "systems" / "samples"


def block(text: str, language: str, containing: str) -> str:
    """The first block of code in a language that has some text in it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(each for each in blocks if containing in each)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def test_the_example_is_a_log_that_is_accepted() -> None:
    Path("log.jsonl").write_text(block(TRACES, "json", "attorn-trace"), encoding="utf-8")
    done = attorn_("trace", "log.jsonl")
    assert done.exit_code == 0, done.output


def test_the_refusal_shown_is_what_is_said() -> None:
    lines = [
        '{"format":"attorn-trace","version":1,"machine":"claim-tiny"}',
        *(line for line in block(TRACES, "json", "attorn-trace").splitlines() if '"start"' in line),
        '{"event":"suspend","arguments":{"vm":"vm0"}}',
        '{"event":"resume","arguments":{"vm":"vm0"}}',
    ]
    Path("log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def words(text: str) -> str:
        return " ".join(re.sub(r"\.py:\d+", ".py", text).split())

    said = words(attorn_("trace", "log.jsonl").stdout)
    for part in block(TRACES, "text", "REFUSED").split("…"):
        assert words(part) in said


def test_the_mapping_shown_gives_a_meaning_to_every_line_that_it_names() -> None:
    Path("my_log.py").write_text(block(TRACES, "python", "hidden ="), encoding="utf-8")
    mapping = load_mapping("my_log.py")
    assert isinstance(mapping, LogMapping)
    assert mapping.read is not None
    for name in re.findall(r'case "(\w+)"', block(TRACES, "python", "hidden =")):
        said = mapping.read(Event(event=name, arguments={"phase": "RUNNING"}))
        assert isinstance(said, Event | Either | list), name


def test_the_fields_shown_are_those_of_the_format() -> None:
    shown = set(re.findall(r"^\| (`.*?`) \|", TRACES, re.MULTILINE))
    named = {name for cell in shown for name in re.findall(r"`(\w+)`", cell)}
    assert {*Header.__struct_fields__, *Event.__struct_fields__} <= named


def test_the_commands_for_real_systems_run() -> None:
    assert "attorn convert qemu source.jsonl destination.jsonl > log.jsonl" in SYSTEMS_PAGE
    for system, ending, later in (("qemu", "jsonl", ()), ("cloud-hypervisor", "txt", ("--later", "4"))):
        sides = [str(SAMPLES / system / "completed" / f"{side}.{ending}") for side in ("source", "destination")]
        log = attorn_("convert", system, *sides, *later)
        Path("log.jsonl").write_text(log.stdout, encoding="utf-8")
        assert attorn_("trace", "log.jsonl", "--invariants").exit_code == 0


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_meaning_in_the_table_is_one_that_the_mapping_gives(system: str) -> None:
    source = (ROOT / "attorn" / "systems" / f"{SYSTEMS[system].room}.py").read_text(encoding="utf-8")
    steps = re.findall(r"\| `(\w+)\(vm0", SYSTEMS_PAGE)
    assert len(steps) == 6
    for step in steps:
        assert f'happens("{step}"' in source, step
