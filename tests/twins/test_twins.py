"""The twins: the same machine, written by hand for other checkers, has the same states and steps, and can fail."""

from __future__ import annotations

import functools
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from attorn.checker.explore import Options, explore
from attorn.checker.tla.tlc import tlc as run_tlc
from attorn.model.migration import CLAIM
from attorn.spec.language import Instance
from tests.tlc import archive_or_skip

TWINS = Path(__file__).parents[2] / "spec" / "twins"
SIZES = ("VM", "Segment", "Partition", "Word", "Address")
NAMES = ("VMS", "SEGMENTS", "PARTITIONS", "WORDS", "ADDRESSES")
INSTANCES = [(1, 1, 2, 2, 1), (1, 2, 2, 2, 2), (1, 2, 3, 1, 2), (1, 1, 4, 3, 3), (2, 1, 2, 2, 1)]
SMALL = (2, 2, 2, 2, 2)
TINY = (2, 1, 2, 2, 1)

Sizes = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Outcome:
    """What a checker found; violated is None if nothing, and else what it calls the property."""

    states: int
    transitions: int
    violated: str | None = None


@functools.cache
def attorn_counts(sizes: Sizes) -> Outcome:
    """All states and steps of the specification itself, as the explorer finds them."""
    instance = Instance.of(CLAIM, "twin", **dict(zip(SIZES, sizes, strict=True)))
    found = explore(instance, Options(properties=(), goals=False))
    assert found.finished
    return Outcome(found.states, found.transitions)


def run(folder: Path, *command: str, fails: bool = False) -> str:
    """What a command prints; fails: whether it may, as checkers do when they find an error."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert fails or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def number(pattern: str, text: str) -> int:
    """The number that the pattern's group finds last: what comes before are reports of progress."""
    found = re.findall(pattern, text)
    assert found, f"{pattern} is not in:\n{text}"
    return int(found[-1].replace(",", ""))


def initial_states(sizes: Sizes) -> int:
    """How many choices there are of the owner of each segment and the home of each VM."""
    vms, segments, partitions, _, _ = sizes
    return int(partitions ** (vms + segments))


def table() -> list[tuple[Sizes, Outcome]]:
    """The rows of the table of README.md."""
    rows = []
    for line in (TWINS / "README.md").read_text().splitlines():
        if re.fullmatch(r"\|( [\d,]+ \|){7}", line):
            vms, segments, partitions, words, addresses, states, transitions = (
                int(cell.replace(",", "")) for cell in line.strip("|").split("|")
            )
            rows.append(((vms, segments, partitions, words, addresses), Outcome(states, transitions)))
    return rows


def spin(
    folder: Path, text: str, sizes: Sizes, *options: str, breadth_first: bool = False, large: bool = False
) -> Outcome:
    """Run the SPIN twin; README.md says why these are the numbers to subtract."""
    source = folder / "migration.pml"
    source.write_text(text)
    defines = [f"-D{name}={size}" for name, size in zip(NAMES, sizes, strict=True)]
    run(folder, "spin", "-a", *defines, *options, source.name)
    run(folder, "gcc", "-w", "-O1", "-DSAFETY", "-DNOREDUCE", *["-DBFS"] * breadth_first, "-o", "pan", "pan.c")
    said = run(folder, "./pan", *(("-m8000000", "-w23") if large else ("-m1000000", "-w20")), fails=True)
    assert "max search depth too small" not in said
    violated = None
    if "pan:1: invalid end state" in said:
        violated = "no_deadlock"
    elif number(r"errors: (\d+)", said):
        trail = run(folder, "spin", "-t", *defines, *options, source.name, fails=True)
        first = re.search(r"migration\.pml:(\d+), Error: assertion violated", trail)
        assert first, trail
        line = text.splitlines()[int(first[1]) - 1]
        named = re.fullmatch(r"\s*assert\((\w+)\);", line)
        violated = named[1] if named else "an assertion of a step"
    vms, segments, partitions, _, _ = sizes
    on_the_way = sum(partitions**chosen for chosen in range(vms + segments)) if breadth_first else 1
    return Outcome(
        number(r"(\d+) states, stored", said) - on_the_way,
        number(r"(\d+) transitions", said) - initial_states(sizes) - on_the_way,
        violated,
    )


def rumur(folder: Path, text: str, sizes: Sizes) -> Outcome:
    """Run the Murphi twin."""
    for name, size in zip(NAMES, sizes, strict=True):
        text, replaced = re.subn(rf"(?m)^(  {name}): \d+;$", rf"\1: {size};", text)
        assert replaced == 1
    (folder / "migration.m").write_text(text)
    run(folder, "rumur", "--deadlock-detection", "stuck", "--color", "off", "--output", "migration.c", "migration.m")
    wide = ["-mcx16"] if platform.machine() == "x86_64" else []
    run(folder, "gcc", "-w", "-O2", *wide, "-o", "migration", "migration.c", "-lpthread")
    said = run(folder, "./migration", fails=True)
    failed = re.search(r'invariant "(\w+)" failed|Assertion failed: .*: (\w+)|(deadlock)', said)
    assert failed or "No error found" in said, said
    violated = failed[1] or failed[2] or "no_deadlock" if failed else None
    return Outcome(number(r"([\d,]+) states", said), number(r"([\d,]+) rules fired", said), violated)


def tlc(folder: Path, text: str, sizes: Sizes) -> Outcome:
    """Run the TLA+ twin."""
    (folder / "migration.tla").write_text(text)
    setting = (TWINS / "migration.cfg").read_text()
    for name, size in zip(NAMES, sizes, strict=True):
        setting, replaced = re.subn(rf"(?m)^(    {name}) = \d+$", rf"\1 = {size}", setting)
        assert replaced == 1
    (folder / "migration.cfg").write_text(setting)
    found = run_tlc(folder, "migration", archive_or_skip())
    names = {"Deadlock": "no_deadlock", "Action": "a property of steps"}
    violated = [names.get(each, re.sub(r"(?<!^)(?=[A-Z])", "_", each).lower()) for each in found.violated]
    return Outcome(found.states, found.transitions, *violated)


@dataclass(frozen=True)
class Tool:
    """A checker, its twin, and what it needs to run."""

    check: Callable[[Path, str, Sizes], Outcome]
    file: str
    programs: tuple[str, ...]

    def text(self) -> str:
        """The twin; skips the test that asks where the tool is not present."""
        absent = [program for program in self.programs if shutil.which(program) is None]
        if absent:
            pytest.skip(f"not installed: {', '.join(absent)}")
        return (TWINS / self.file).read_text()


TOOLS = {
    "spin": Tool(spin, "migration.pml", ("spin", "gcc")),
    "rumur": Tool(rumur, "migration.m", ("rumur", "gcc")),
    "tlc": Tool(tlc, "migration.tla", ("java",)),
}


@dataclass(frozen=True)
class Alteration:
    """A mistake, the property that it violates, and how to make it in each twin: what to replace by what."""

    says: str
    violates: str
    edits: Mapping[str, tuple[str, str]]
    of_steps: bool = False


ALTERATIONS = (
    Alteration(
        "a segment is reassigned while the source maps it",
        "map_implies_own",
        {
            "spin": (
                "(OWNED(source[v]) & BIT(g)) \\\n            && !(mapped[source[v]] & IN_ROW(BIT(g))) ->",
                "(OWNED(source[v]) & BIT(g)) ->",
            ),
            "rumur": ("owner[g] = source[v] & mapped[source[v]][g] = NONE ==>", "owner[g] = source[v] ==>"),
            "tlc": ("    /\\ mapped[source[v]][g] = NONE\n", ""),
        },
    ),
    Alteration(
        "a VM resumes before all its segments are mapped",
        "run_implies_owns_all",
        {
            "spin": (
                "phase[v] == CREATED && (mapped[target[v]] & described[v]) == described[v]",
                "phase[v] == CREATED",
            ),
            "rumur": ("described[v][g] != NONE -> mapped[target[v]][g] = described[v][g] endforall", "true endforall"),
            "tlc": (
                "    /\\ \\A g \\in Segment : described[v][g] # NONE => mapped[target[v]][g] = described[v][g]\n",
                "",
            ),
        },
    ),
    Alteration(
        "a segment is released without a scrub",
        "scrub_before_reuse",
        {
            "spin": ("& ~IN_ROW(BIT(g)); content = content & ~IN_WORDS(BIT(g));", "& ~IN_ROW(BIT(g));"),
            "rumur": ("    write_content(g, ZERO);\n    write_holds", "    write_holds"),
            "tlc": ("content' = [content EXCEPT ![g] = ZERO]", "content' = content"),
        },
    ),
    Alteration(
        "the source keeps its virtual resources when the VM exits",
        "resources_freed",
        {
            "spin": (
                "resources[v] = resources[v] & ~KINDS(source[v]); registers[v] = 0; MOVE",
                "registers[v] = 0; MOVE",
            ),
            "rumur": (
                "    write_resources(v, source[v], false);\n    registers[v] := ZERO;\n    move(v, EXITED)",
                "    registers[v] := ZERO;\n    move(v, EXITED)",
            ),
            "tlc": (
                '"exited"]\n    /\\ resources\' = [resources EXCEPT ![source[v]][v] = {}]',
                '"exited"]\n    /\\ resources\' = resources',
            ),
        },
    ),
    Alteration(
        "a segment is allocated that another VM holds",
        "exclusive_allocation",
        {
            "spin": ("phase[v] == RUNNING && !(HELD & BIT(g)) &&", "phase[v] == RUNNING && !(holds[v] & BIT(g)) &&"),
            "rumur": ("phase[v] = RUNNING & !held(g) &", "phase[v] = RUNNING & !holds[v][g] &"),
            "tlc": ('"running"\n    /\\ ~Held(g)', '"running"\n    /\\ g \\notin holds[v]'),
        },
    ),
    Alteration(
        "a guest executes while it is suspended",
        "suspended_memory_is_frozen",
        {
            "spin": ("(runs[v] & 1 << source[v]) && (holds[v] & BIT(g)) ->", "(holds[v] & BIT(g)) ->"),
            "rumur": ("runs[source[v]][v] & holds[v][g] ==>", "holds[v][g] ==>"),
            "tlc": ("    /\\ source[v] \\in runs[v]\n", ""),
        },
        of_steps=True,
    ),
    Alteration(
        "a description is at the destination as soon as it is written",
        "legal_edges",
        {
            "spin": ("MOVE(v, DESCRIBED)", "MOVE(v, TRANSFERRED)"),
            "rumur": ("move(v, DESCRIBED)", "move(v, TRANSFERRED)"),
            "tlc": ('[phase EXCEPT ![v] = "described"]', '[phase EXCEPT ![v] = "transferred"]'),
        },
        of_steps=True,
    ),
    Alteration(
        "no VM resumes",
        "no_deadlock",
        {
            "spin": (":: d_step { phase[v] == CREATED &&", ":: d_step { false &&"),
            "rumur": ('rule "resume"\n    phase[v] = CREATED', 'rule "resume"\n    false'),
            "tlc": (" \\/ Resume(v)", ""),
        },
    ),
)


@pytest.mark.parametrize("sizes", INSTANCES, ids=str)
@pytest.mark.parametrize("name", TOOLS)
def test_a_twin_has_the_states_and_steps_of_the_specification(name, sizes, tmp_path):
    tool = TOOLS[name]
    assert tool.check(tmp_path, tool.text(), sizes) == attorn_counts(sizes)


@pytest.mark.parametrize(("sizes", "counts"), [row for row in table() if row[1].states < 15_000], ids=str)
def test_the_table_says_what_the_explorer_counts(sizes, counts):
    assert attorn_counts(sizes) == counts


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "counts"), table(), ids=str)
def test_the_table_says_what_spin_counts(sizes, counts, tmp_path):
    assert spin(tmp_path, TOOLS["spin"].text(), sizes, large=True) == counts


def test_the_table_has_rows():
    assert len(table()) >= 12


@pytest.mark.parametrize("sizes", INSTANCES, ids=str)
def test_spin_finds_the_same_breadth_first(sizes, tmp_path):
    text = TOOLS["spin"].text()
    assert spin(tmp_path, text, sizes, breadth_first=True) == attorn_counts(sizes)


def test_ghosts_add_no_state_in_spin(tmp_path):
    text = TOOLS["spin"].text()
    with_ghosts, without = (spin(tmp_path, text, SMALL, f"-DGHOSTS={ghosts}") for ghosts in (1, 0))
    assert with_ghosts == without


def test_spin_and_murphi_agree_where_vms_share_segments(tmp_path):
    texts = TOOLS["spin"].text(), TOOLS["rumur"].text()
    assert spin(tmp_path, texts[0], SMALL) == rumur(tmp_path, texts[1], SMALL)


@pytest.mark.parametrize("alteration", ALTERATIONS, ids=lambda alteration: alteration.says)
@pytest.mark.parametrize("name", TOOLS)
def test_an_altered_twin_violates_a_property(name, alteration, tmp_path):
    tool = TOOLS[name]
    text = tool.text()
    old, new = alteration.edits[name]
    assert text.count(old) == 1
    violated = tool.check(tmp_path, text.replace(old, new), TINY).violated
    expected = alteration.violates
    if alteration.of_steps:
        expected = {"spin": "an assertion of a step", "tlc": "a property of steps"}.get(name, expected)
    assert violated == expected
