"""Check a proof pack: needs only Python and one solver, `pip install z3-solver` or `cvc5`.

    python verify.py [--solver z3|cvc5] [--timeout SECONDS] [--jobs N] [FOLDER]

Everything but the expected answer is a failure: a time-out, an unknown, a file that is missing, extra or altered, an
obligation that nobody wrote. Exit code 0: every file is as listed and every answer as expected; 1: not so; 3: the
folder is no pack, or the solver is missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

KINDS = {
    "initial": "unsat",
    "step": "unsat",
    "edge": "unsat",
    "rank_founded": "unsat",
    "rank_enabled": "unsat",
    "rank_kept": "unsat",
    "rank_falls": "unsat",
    "rank_stays": "unsat",
    "rank_covers": "unsat",
    "rank_leaves": "unsat",
    "complete": "unsat",
    "possible_start": "sat",
    "possible_step": "sat",
    "possible_case": "sat",
}


def seal(manifest: dict[str, Any]) -> str:
    """The digest of a manifest, over everything but the seal itself."""
    content = {key: value for key, value in manifest.items() if key != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def wanted(manifest: dict[str, Any]) -> set[tuple[str, str, str]]:
    """The obligations that a complete pack has: kind, action, conjunct."""
    names = {(kind, "", name) for kind in ("initial",) for name in manifest["conjuncts"]}
    names |= {("step", action, name) for action in manifest["actions"] for name in manifest["conjuncts"]}
    names |= {("edge", action, name) for action in manifest["actions"] for name in manifest["two_state_conjuncts"]}
    names |= {("possible_step", action, "") for action in manifest["actions"]}
    for name, ranking in manifest["rankings"].items():
        names |= {("rank_founded", "", name), ("rank_enabled", "", name), ("possible_case", "", name)}
        names |= {("rank_kept", action, name) for action in manifest["actions"]}
        names |= {("rank_falls", help, f"{name}.{help}") for help in ranking["by"]}
        names |= {("possible_step", help, name) for help in ranking["by"]}
        names |= {("rank_stays", action, f"{name}.{help}") for action in manifest["actions"] for help in ranking["by"]}
        names |= {("rank_covers", "", f"{name}.{stated}") for stated in ranking["shows"]}
        names |= {
            ("rank_leaves", action, f"{name}.{stated}") for action in manifest["actions"] for stated in ranking["shows"]
        }
    return names | {("complete", "", ""), ("possible_start", "", "")}


def faults(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """What is wrong with the files, before any solver is asked."""
    found = []
    if manifest.get("seal") != seal(manifest):
        found.append("manifest.json: its seal does not fit its content; it was altered")
    listed = {entry["file"]: entry for entry in manifest["files"]}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*.smt2")}
    found += [f"{name}: listed, but missing" for name in sorted(listed.keys() - present)]
    found += [f"{name}: not listed in the manifest" for name in sorted(present - listed.keys())]
    for name in sorted(present & listed.keys()):
        entry = listed[name]
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != entry["sha256"]:
            found.append(f"{name}: altered (its sha256 differs from the manifest)")
        if KINDS.get(entry["kind"]) != entry["expected"]:
            found.append(f"{name}: a {entry['kind']} obligation cannot be expected to be {entry['expected']}")
    given = {(entry["kind"], entry["action"], entry["conjunct"]) for entry in manifest["files"]}
    found += [f"no file for the obligation {'/'.join(filter(None, each))}" for each in sorted(wanted(manifest) - given)]
    return found


def ask_z3(text: str, expected: str, timeout: float) -> str:
    """The answer of z3."""
    import z3

    solver = z3.Solver()
    solver.set("timeout", int(timeout * 1000))
    solver.add(z3.parse_smt2_string(text))
    return str(solver.check())


def ask_cvc5(text: str, expected: str, timeout: float) -> str:
    """The answer of cvc5."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(int(timeout * 1000)))
    if expected == "sat":
        solver.setOption("finite-model-find", "true")  # how to search for a model; a model found is a model
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
    symbols = parser.getSymbolManager()
    said = ""
    while not (command := parser.nextCommand()).isNull():
        said += command.invoke(solver, symbols)
    return said.strip()


def ask(task: tuple[str, str, str, float]) -> str:
    """The answer of a solver to one file."""
    file, expected, solver, timeout = task
    try:
        text = Path(file).read_text(encoding="utf-8")
        return (ask_z3 if solver == "z3" else ask_cvc5)(text, expected, timeout)
    except Exception as error:  # whatever a solver says of a broken file is a failure to be listed
        return f"error: {error}"


def verify(folder: Path, solver: str, timeout: float, jobs: int) -> tuple[int, list[str]]:
    """How many obligations were discharged, and everything that is wrong."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = faults(folder, manifest)
    entries = [entry for entry in manifest["files"] if (folder / entry["file"]).is_file()]
    tasks = [(str(folder / entry["file"]), entry["expected"], solver, timeout) for entry in entries]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        answers = pool.map(ask, tasks, chunksize=8)
    wrong = [
        f"{entry['file']}: expected {entry['expected']}, {solver} says {answer}"
        for entry, answer in zip(entries, answers, strict=True)
        if answer != entry["expected"]
    ]
    return len(entries) - len(wrong), [*found, *wrong]


def main(arguments: list[str] | None = None) -> int:
    """Run the check and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).parent), help="the pack; this file's folder")
    parser.add_argument("--solver", choices=("z3", "cvc5"), default="z3")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one file (60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (one a core)")
    options = parser.parse_args(arguments)
    folder = Path(options.folder)
    begun = time.perf_counter()
    try:
        __import__(options.solver)
        discharged, wrong = verify(folder, options.solver, options.timeout, options.jobs)
    except ImportError:
        package = {"z3": "z3-solver"}.get(options.solver, options.solver)
        print(f"the solver {options.solver} is not installed; try: pip install {package}", file=sys.stderr)
        return 3
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{folder} is not a proof pack: {type(error).__name__}: {error}", file=sys.stderr)
        return 3
    for line in wrong:
        print(f"FAILED  {line}")
    seconds = time.perf_counter() - begun
    verdict = "verified" if not wrong else f"NOT VERIFIED, {len(wrong)} fault(s)"
    print(f"{verdict}: {discharged} obligations answered as expected by {options.solver} in {seconds:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
