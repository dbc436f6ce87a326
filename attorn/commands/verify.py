"""``attorn verify``: check evidence again, a closure certificate or a proof pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attorn.commands.words import Count, echo, nearest, painter, width

if TYPE_CHECKING:
    from attorn.spec.language import Machine

__all__ = ["verify"]

HOLDS, REFUTED = 0, 1


@click.command()
@click.argument("evidence", type=click.Path(path_type=Path), metavar="FILE|DIR")
@click.option("--machine", metavar="FILE.py[:NAME]", help="The machine that it is about, if it is one of your own.")
@click.option("--solver", type=click.Choice(["z3", "cvc5"]), default="z3", show_default=True, help="For a proof pack.")
@click.option(
    "--timeout", type=click.FloatRange(0.001), default=60.0, show_default=True, help="Seconds for one file of a pack."
)
@click.option("--jobs", type=Count(), help="Processes that ask the solver.  [default: the cores]")
def verify(evidence: Path, machine: str | None, solver: str, timeout: float, jobs: int | None) -> int:
    """Check evidence that an earlier run left behind, without trusting that run.

    FILE is a closure certificate of `attorn check --certificate`: by the plain interpreter alone, every step is taken
    from the initial states on, and must lead to the states listed and to no others.

    DIR is a proof pack of `attorn prove --pack`: its files, its completeness, every answer of the solver, and that it
    is of this specification. Without attorn: python DIR/verify.py

    \b
    attorn check claim --certificate claim.states
    attorn verify claim.states
    attorn prove claim --pack proof/
    attorn verify proof/ --solver cvc5

    Exit codes: 0 confirmed, 1 rejected, 2 undetermined, 3 bad input.
    """
    from attorn.spec.errors import BadInput

    if not evidence.exists():
        raise BadInput(f"there is no file or folder {evidence}.")
    if evidence.is_dir():
        return _pack(evidence, machine, solver, timeout, jobs)
    return _certificate(evidence, machine)


def _certificate(file: Path, machine: str | None) -> int:
    from attorn.checker.verify_certificate import fault
    from attorn.spec.errors import BadInput

    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}.") from error
    header = _header(content)
    chosen = _machine(machine, str(header.get("machine", "")), str(file))
    wrong = fault(content, chosen)
    paint = painter()
    if wrong:
        click.echo(f"{file} is {paint('REJECTED', 'bad')}: {wrong}.")
        return REFUTED
    sizes = ", ".join(f"{name} {size}" for name, size in header["sizes"].items())
    click.echo(f"{file} is {paint('confirmed', 'good')} by the plain interpreter")
    click.echo(f"  {chosen.name} with {sizes}")
    click.echo(f"  {header['states']:,} states and {header['transitions']:,} transitions, each of them met again")
    count = len(header["properties"])
    click.echo(f"  {count} {'property' if count == 1 else 'properties'}: true of every state and step")
    return HOLDS


def _header(content: bytes) -> dict[str, Any]:
    """What a certificate says of itself; nothing where it says it badly."""
    try:
        header = json.loads(content.split(b"\n", 2)[1])
    except (IndexError, ValueError):
        return {}
    return header if isinstance(header, dict) else {}


def _machine(given: str | None, name: str, evidence: str) -> Machine:
    """The machine that evidence is about: the one given, or ours of that name."""
    from attorn.commands.targets import resolve_machine
    from attorn.model.instances import MACHINES
    from attorn.spec.errors import UnknownName

    if given is not None:
        return resolve_machine(given)[0]
    if not name:
        return next(iter(MACHINES.values()))  # It is no certificate, which is said of it whatever the machine.
    if name not in MACHINES:
        raise UnknownName(
            f"{evidence} is about a machine `{name}`, which is none of ours. {nearest(name, MACHINES)} For a machine "
            "of your own, name its file: --machine FILE.py"
        )
    return MACHINES[name]


def _pack(folder: Path, machine: str | None, solver: str, timeout: float, jobs: int | None) -> int:
    from attorn.checker.prove import verify_pack
    from attorn.checker.prove.pack import differences
    from attorn.checker.report import counted, wrapped
    from attorn.model.instances import MACHINES
    from attorn.spec.errors import BadInput

    given = [str(folder), "--solver", solver, "--timeout", str(timeout)]
    code = verify_pack.main([*given, "--jobs", str(jobs)] if jobs else given)
    if code == 3:
        raise BadInput(f"{folder} was not checked.")
    if code == HOLDS:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        name = str(manifest.get("machine"))
        if machine is None and name not in MACHINES:
            told = f"only the files were checked: `{name}` is none of our machines; name its file by --machine."
            echo(wrapped(told, width(), ""))
            return code
        known = _machine(machine, name, str(folder))
        differing = differences(folder, known)
        if differing:
            told = (
                f"NOT THIS SPECIFICATION: {counted(len(differing), 'obligation')} of those that `{known.name}` gives "
                f"here differ, such as {differing[0]}."
            )
            echo(wrapped(told, width(), ""))
            return REFUTED
        told = f"every obligation is the one that the specification of `{known.name}` here gives."
        echo(wrapped(told, width(), ""))
    return code
