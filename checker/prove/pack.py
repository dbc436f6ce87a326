"""Proof packs: evidence that a sceptic re-checks without attorn, one SMT-LIB file an obligation."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from attorn.checker.prove import verify_pack
from attorn.checker.prove.induction import Discharge, Proof
from attorn.checker.prove.obligations import companions, completeness, inductive_set, obligations, two_state_conjuncts
from attorn.checker.prove.progress import ProgressProof
from attorn.checker.prove.ranking import ranking_companions, ranking_obligations
from attorn.checker.prove.solving import installed
from attorn.spec.errors import BadInput
from attorn.spec.language import Machine, render

__all__ = ["differences", "write_pack"]

FORMAT = "attorn proof pack 2"


def refuse_folder(folder: Path) -> None:
    """Raise BadInput where a pack could not be written to a folder: said before a proof, which takes longer."""
    _aside(folder).rmdir()


def _aside(folder: Path) -> Path:
    """A fresh folder beside one that is to be."""
    if folder.exists():
        raise BadInput(f"{folder} exists already; remove it or name another folder for the proof pack.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise BadInput(f"{folder.parent} cannot be written: {error.strerror}. Name another folder.") from error


def write_pack(proof: Proof, folder: Path, ranked: ProgressProof | None = None) -> int:
    """Write every obligation and companion of a proof, a manifest and ``verify.py``; returns the number of files.

    ranked: the proof of progress on top of it; without it the pack says nothing of progress.

    The folder appears only when it is complete. Raises BadInput where it exists already, or cannot be written.
    """
    aside = _aside(folder)
    try:
        count = _write(proof, ranked, aside)
        aside.chmod(0o755)
        aside.rename(folder)
    except OSError as error:
        raise BadInput(
            f"the proof pack could not be written to {folder}: {error.strerror}. Nothing was left."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return count


def _write(proof: Proof, ranked: ProgressProof | None, folder: Path) -> int:
    discharges = [*proof.discharges, *proof.companions]
    if ranked is not None:
        discharges += [*ranked.discharges, *ranked.companions]
    entries = [_entry(each, folder) for each in discharges]
    manifest = _manifest(proof, ranked is not None, entries)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copyfile(verify_pack.__file__, folder / "verify.py")
    return len(entries)


def _entry(discharge: Discharge, folder: Path) -> dict[str, Any]:
    obligation, answer = discharge.obligation, discharge.answer
    path = folder / f"{obligation.name}.smt2"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(obligation.text, encoding="utf-8")
    runs = []
    if answer is not None:
        runs.append(
            {
                "solver": answer.solver,
                "version": installed(answer.solver),
                "seed": answer.seed,
                "seconds": round(answer.seconds, 4),
                "answer": answer.result,
            }
        )
    return {
        "file": path.relative_to(folder).as_posix(),
        "sha256": hashlib.sha256(obligation.text.encode()).hexdigest(),
        "kind": obligation.kind.name.lower(),
        "action": obligation.action,
        "conjunct": obligation.conjunct,
        "expected": obligation.expected,
        "means": obligation.kind.value,
        "unchanged": obligation.unchanged,
        "runs": runs,
    }


def _manifest(proof: Proof, ranked: bool, entries: list[dict[str, Any]]) -> dict[str, Any]:
    machine = proof.machine
    conjuncts, edges = inductive_set(machine), two_state_conjuncts(machine)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "attorn": installed("attorn"),
        "machine": machine.name,
        "digest": machine.digest,
        "actions": [action.name for action in machine.actions],
        "conjuncts": {each.name: _clause(each.clause.formula, each.clause.where) for each in conjuncts},
        "two_state_conjuncts": {each.name: _clause(each.clause.formula, each.clause.where) for each in edges},
        "rankings": {
            each.name: {
                "says": each.sentence,
                "source": str(each.where),
                "during": render(each.during, {p.variable.payload: p.name for p in each.parameters}),
                "by": [help.action for help in each.by],
                "shows": list(each.shows),
            }
            for each in (machine.rankings if ranked else ())
        },
        "assumptions": {each.name: each.sentence for each in machine.assumptions},
        "files": entries,
    }
    manifest["seal"] = verify_pack.seal(manifest)
    return manifest


def _clause(formula: Any, where: Any) -> dict[str, str]:
    return {"says": render(formula), "source": str(where)}


def differences(folder: Path, machine: Machine) -> list[str]:
    """Where a pack is not the one that this specification gives: names of obligations that differ."""
    conjuncts = inductive_set(machine)
    rankings = machine.rankings if any(folder.glob("rank_founded/*")) else ()
    everything = (
        *(each for ranking in rankings for each in ranking_obligations(machine, ranking, conjuncts)),
        *(each for ranking in rankings for each in ranking_companions(machine, ranking, conjuncts)),
        *obligations(machine, conjuncts, two_state_conjuncts(machine)),
        *companions(machine, conjuncts),
        completeness(machine, machine.actions),
    )
    expected = {f"{each.name}.smt2": each for each in everything}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*.smt2")}
    found = sorted(present ^ expected.keys())
    found += [
        name
        for name in sorted(present & expected.keys())
        if (folder / name).read_text(encoding="utf-8", errors="replace") != expected[name].text
    ]
    return found
