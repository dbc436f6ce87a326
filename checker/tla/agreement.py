"""Whether TLC finds in a machine's module what the explorer finds in the machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from attorn.checker.tla.module import configuration, module, module_name, operators
from attorn.checker.tla.tlc import Checked, tlc
from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.language import Instance

__all__ = ["checked_by_tlc", "differences"]


def checked_by_tlc(instance: Instance, archive: Path) -> Checked:
    """What TLC finds of the states and steps of an instance; ``archive`` is its tla2tools.jar. Raises BadInput."""
    name = module_name(instance.machine)
    with tempfile.TemporaryDirectory(prefix="attorn-tlc-") as made:
        folder = Path(made)
        (folder / f"{name}.tla").write_text(module(instance.machine), encoding="utf-8")
        (folder / f"{name}.cfg").write_text(configuration(instance), encoding="utf-8")
        return tlc(folder, name, archive, "-deadlock", "-continue")


def differences(exploration: Exploration, found: Checked) -> tuple[str, ...]:
    """In what a finished search for all properties and TLC differ.

    TLC names of a state only the first invariant that it violates, and no property of steps. A step that changes
    nothing violates none in TLA+, where it is always allowed; so TLC may be silent where that is all there is.
    """
    machine = exploration.instance.machine
    steps = {each.name for each in machine.properties if each.two_state}
    called = operators(machine) | {"no_deadlock": "NoDeadlock"}
    refuted = {each.name: each.path for each in exploration.verdicts if each.evidence is Evidence.REFUTED}
    violated = {"Action" if name in steps else called[name] for name in refuted}
    silent = {name for name, path in refuted.items() if name in steps and path and path.states[-1] == path.states[-2]}
    told = [
        f"{what}: {ours:,}, and {theirs:,} by TLC"
        for what, ours, theirs in (
            ("states", exploration.states, found.states),
            ("transitions", exploration.transitions, found.transitions),
        )
        if ours != theirs
    ]
    if not found.violated <= violated or (refuted.keys() > silent and not found.violated):
        told.append(f"violated: {_listed(violated)}, and {_listed(found.violated)} by TLC")
    return tuple(told)


def _listed(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
