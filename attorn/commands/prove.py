"""``attorn prove``: properties for any number of everything, and evidence for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, nearest, painter, width

if TYPE_CHECKING:
    from attorn.checker.prove.induction import Proof
    from attorn.spec.language import Machine

__all__ = ["prove"]

HOLDS, REFUTED, UNDETERMINED = 0, 1, 2


@click.command(short_help="Prove the properties for any size.")
@click.argument("machine", default="claim")
@click.option("--timeout", type=float, default=10.0, show_default=True, help="Seconds for one question to the solver.")
@click.option("--jobs", type=Count(), help="Processes that ask the solver [default: the cores].")
@click.option("--solver", type=click.Choice(["z3", "cvc5"]), default="z3", show_default=True)
@click.option("--pack", type=click.Path(path_type=Path), help="Write a proof pack, to be checked without attorn.")
@click.option("--cache/--no-cache", default=True, help="Reuse answers to questions asked before [default: yes].")
@click.option("--clear-cache", is_flag=True, help="Forget all answers kept, and stop.")
@click.option("--format", "shape", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
def prove(
    machine: str,
    timeout: float,
    jobs: int | None,
    solver: str,
    pack: Path | None,
    cache: bool,
    clear_cache: bool,
    shape: str,
) -> int:
    """Prove the properties of MACHINE for any number of VMs, segments, partitions and words.

    \b
    attorn prove                        the claim, with z3
    attorn prove claim --pack DIR       and leave the evidence in DIR
    attorn verify DIR --solver cvc5     which another solver checks
    """
    from attorn.checker.prove.induction import ProofOptions
    from attorn.checker.prove.induction import prove as attempt
    from attorn.checker.prove.solving import Cache, default_cache
    from attorn.checker.report.live import counting_line

    answers = Cache(default_cache() if cache or clear_cache else None)
    if clear_cache:
        click.echo(f"{answers.clear()} answers forgotten ({answers.path})")
        return HOLDS
    chosen = _machine(machine)
    options = ProofOptions(solver, timeout, jobs or ProofOptions().jobs)
    with counting_line("obligations") as progress:
        proof = attempt(chosen, options, answers, progress)
    if answers.trouble:
        click.echo(f"note: {answers.trouble}", err=True)
    if shape == "json":
        import json

        from attorn.checker.report.proof import proof_data

        click.echo(json.dumps(proof_data(proof), indent=1, ensure_ascii=False))
    else:
        _print(proof)
    if pack is not None:
        from attorn.checker.prove.pack import write_pack

        count = write_pack(proof, pack)
        click.echo(f"pack    {pack}: {count} files and verify.py", err=shape == "json")
    if shape == "terminal":
        where = pack or "DIR"
        click.echo(
            f"next    attorn verify {where} --solver cvc5" if pack else f"next    attorn prove {machine} --pack {where}"
        )
    return HOLDS if proof.proved else UNDETERMINED


def _print(proof: Proof) -> None:
    from attorn.checker.prove.counterexample import reachability, smallest_escape
    from attorn.checker.report.proof import escape_lines, proof_lines
    from attorn.spec.language import render

    paint, columns = painter(), width()
    for line in proof_lines(proof, columns, paint):
        click.echo(line)
    clauses = {
        f"{each.stated.name}.{number}": clause
        for each in proof.properties
        for number, clause in enumerate(each.stated.conjuncts)
    }
    for each in proof.properties:
        for discharge in each.failed[:1]:
            escape = smallest_escape(proof.machine, discharge.obligation)
            click.echo()
            if escape is None:
                click.echo(f"{discharge.obligation.name}: no counterexample with up to 3 elements of each sort.")
                continue
            says = render(clauses[escape.conjunct].formula)
            for line in escape_lines(escape, says, reachability(escape), columns, paint):
                click.echo(line)
    click.echo()


def _machine(name: str) -> Machine:
    from attorn.model.instances import MACHINES
    from attorn.spec.errors import UnknownName

    if name not in MACHINES:
        raise UnknownName(f"no machine is called `{name}`. {nearest(name, MACHINES)}")
    return MACHINES[name]
