"""How long proofs take: the claim by z3, its pack by two solvers, and the growth with actions and conjuncts."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from attorn.checker.prove import verify_pack
from attorn.checker.prove.induction import Proof, ProofOptions, prove
from attorn.checker.prove.pack import write_pack
from attorn.model.migration import CLAIM
from attorn.model.presets import PRESETS
from attorn.model.theorem import fence
from attorn.spec.language import Machine

__all__ = ["run"]

JOBS = os.cpu_count() or 1


def spent() -> float:
    """Seconds of processors that this process and those that it has waited for have taken."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def row(name: str, machine: Machine) -> tuple[list[object], Proof]:
    before = spent()
    proof = prove(machine, ProofOptions(jobs=JOBS))
    assert proof.proved, name
    asked = [each.answer.seconds for each in proof.discharges if each.answer is not None]
    conjuncts = sum(len(each.conjuncts) for each in (*machine.properties, *machine.lemmas))
    took = spent() - before
    each = 1000 * took / max(1, len(asked))
    return [name, len(machine.actions), conjuncts, len(proof.discharges), len(asked), proof.seconds, took, each], proof


def fewer_actions(machine: Machine, number: int) -> Machine:
    """The machine with its first actions only: what is inductive stays so."""
    return machine.variant(machine.name, remove=[each.name for each in machine.steps[number:]])


def run() -> None:
    """Print the tables."""
    print(f"\n## Proof ({JOBS} processes, no cache)\n")
    rows = [row(f"claim, {number} actions", fewer_actions(CLAIM, number))[0] for number in (5, 10)]
    whole, proof = row("claim", CLAIM)
    rows += [whole, row("fence", fence())[0], row("firmware", PRESETS["firmware"].machine)[0]]
    header = ["machine", "actions", "conjuncts", "obligations", "asked", "seconds", "of processors", "ms of these each"]
    print(tabulate(rows, header, floatfmt=".1f", tablefmt="github"))
    print("\n## The pack of the claim, verified without attorn\n")
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "pack"
        files = write_pack(proof, pack)
        found = []
        for solver in ("z3", "cvc5"):
            begun, before = time.perf_counter(), spent()
            discharged, wrong = verify_pack.verify(pack, solver, 60.0, JOBS)
            found.append([solver, files, discharged, len(wrong), time.perf_counter() - begun, spent() - before])
    header = ["solver", "files", "as expected", "wrong", "seconds", "of processors"]
    print(tabulate(found, header, floatfmt=".1f", tablefmt="github"))
