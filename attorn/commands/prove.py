"""``attorn prove``: properties for any number of everything, or for runs of any length, and evidence for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from attorn.commands.words import Count, size_options

__all__ = ["prove"]


@click.command()
@click.argument("machine", default="claim", metavar="[MACHINE|FILE.py[:NAME]]")
@click.option("--pack", type=click.Path(path_type=Path), metavar="DIR", help="Write a proof pack, for attorn verify.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Write the proof into a run folder too.")
@click.option("--minimize", is_flag=True, help="Say which lemmas the proof needs, and which property needs which.")
@click.option("--find-lemmas", is_flag=True, help="Find lemmas that suffice, from the properties alone.")
@click.option("--bounded", type=Count(), metavar="K", help="Check all runs of up to K steps of one instance.")
@click.option("--k-induction", type=Count(), metavar="K", help="Prove one instance, for runs of any length.")
@click.option("--instance", metavar="NAME", help="Which instance, for these two.  [default: the one named MACHINE]")
@size_options
@click.option(
    "--timeout",
    type=click.FloatRange(0.001),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="For one question to the solver.",
)
@click.option("--solver", type=click.Choice(["z3", "cvc5"]), default="z3", show_default=True, help="Whom to ask.")
@click.option("--jobs", type=Count(), help="Processes that ask the solver.  [default: the cores]")
@click.option("--cache/--no-cache", default=True, help="Reuse answers to questions asked before.  [default: yes]")
@click.option("--clear-cache", is_flag=True, help="Forget all answers kept, and stop.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "json"]),
    default="terminal",
    show_default=True,
    help="What is printed.",
)
def prove(
    machine: str,
    pack: Path | None,
    out: Path | None,
    minimize: bool,
    find_lemmas: bool,
    bounded: int | None,
    k_induction: int | None,
    instance: str | None,
    sizes: Mapping[str, int],
    timeout: float,
    solver: str,
    jobs: int | None,
    cache: bool,
    clear_cache: bool,
    form: str,
) -> int:
    """Prove the properties of MACHINE for any number of VMs, segments, partitions and words.

    Every action is shown to keep every conjunct of the properties and lemmas, one question to the solver for each.
    Where one fails, the smallest step that breaks it is shown, and whether that step can happen.

    \b
    attorn prove                                      the claim, with z3
    attorn prove firmware                             another machine
    attorn prove my_machine.py                        a machine of your own
    attorn prove claim --pack proof/                  leave evidence, for
    attorn verify proof/ --solver cvc5                another solver to check
    attorn prove claim --out runs/proof               leave it for attorn report
    attorn prove claim --minimize                     what the proof needs
    attorn prove my_machine.py --find-lemmas          what it lacks
    attorn prove --bounded 6 --instance claim-small   all short runs
    attorn prove --k-induction 3 --instance claim-tiny

    Exit codes: 0 proved (or bounded, as asked), 1 refuted, 2 undetermined, 3 bad input, 4 internal failure.
    """
    from attorn.commands.proving import Asking, minimal_proof, of_instance, proof, search_for_lemmas
    from attorn.spec.errors import BadInput

    asking = Asking(solver, timeout, jobs, cache, form)
    if clear_cache:
        click.echo(asking.forgotten())
        return 0
    ways = {
        "--pack": pack is not None,
        "--minimize": minimize,
        "--find-lemmas": find_lemmas,
        "--bounded": bounded is not None,
        "--k-induction": k_induction is not None,
    }
    chosen = [name for name, given in ways.items() if given]
    if len(chosen) > 1:
        raise BadInput(f"{' and '.join(chosen)} are different things to do; ask for one after the other.")
    if bounded is None and k_induction is None and (instance is not None or sizes):
        raise BadInput("a proof is for any size; --instance and sizes go with --bounded or --k-induction.")
    if solver != "z3" and chosen and chosen != ["--pack"]:
        raise BadInput(f"{chosen[0]} asks z3; leave out --solver.")
    if out is not None and [name for name in chosen if name != "--pack"]:
        raise BadInput(f"--out writes a proof for any size; it does not go with {chosen[0]}.")
    if minimize:
        return minimal_proof(machine, asking)
    if find_lemmas:
        return search_for_lemmas(machine, asking)
    if bounded is not None or k_induction is not None:
        return of_instance(instance or machine, sizes, bounded, k_induction, asking)
    return proof(machine, pack, asking, out)
