"""``attorn check``: search instances, and report what holds."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from attorn.commands.words import Count, echo, painter, search_options, size_options, width

if TYPE_CHECKING:
    from attorn.checker.report import InstanceAccount, MachineAccount, Report, Timing
    from attorn.checker.verdicts import Exploration
    from attorn.commands.progress import Promises
    from attorn.commands.resuming import Asked

__all__ = ["check"]


@click.command()
@click.argument("targets", nargs=-1, metavar="[INSTANCE|FILE.py[:NAME]]...")
@size_options
@click.option("--property", "names", multiple=True, metavar="ID", help="Check only this property or goal; repeatable.")
@search_options
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Decide progress on graphs of any size, or on none.  [default: where the graph is small enough]",
)
@click.option("--check-symmetry", is_flag=True, help="Search with --symmetry and without it, and compare.")
@click.option("--agree", is_flag=True, help="Ask other engines too, and compare.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write all reachable states of the one instance, for attorn verify.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="After every level leave there what it takes to go on.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Go on with the check that left DIR; limits may be changed.",
)
@click.option(
    "--cluster",
    metavar="auto|ADDRESS",
    help="Share the search on a Ray cluster: HOST:PORT, or one on this machine.",
)
@click.option("--workers", type=Count(), help="Processes of the cluster.  [default: one for each core]")
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where arrays are worked on: here, or on a graphics card by CuPy.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default="reports/latest",
    show_default=True,
    help="The run folder: where the report goes.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "json", "markdown"]),
    default="terminal",
    show_default=True,
    help="What is printed.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--profile", is_flag=True, help="Say what the time went to.")
@click.option("--quiet", "-q", is_flag=True, help="Print the last lines only.")
def check(
    targets: tuple[str, ...],
    sizes: Mapping[str, int],
    names: tuple[str, ...],
    limits: Mapping[str, Any],
    progress: bool | None,
    check_symmetry: bool,
    agree: bool,
    certificate: Path | None,
    checkpoint: Path | None,
    resume: Path | None,
    cluster: str | None,
    workers: int | None,
    device: Literal["cpu", "cuda"],
    out: Path,
    form: str,
    as_json: bool,
    profile: bool,
    quiet: bool,
) -> int:
    """Search every reachable state of instances and write an invariant report.

    Without arguments the default instances are checked. FILE.py is a file of your own that defines `machine =
    Machine(...)` and, if you like, `instances = [Instance.of(machine, ...)]`.

    \b
    attorn check                                  the default instances
    attorn check claim --vms 2 --segments 3       other sizes
    attorn check memfd --property truthful_outcome
    attorn check my_machine.py                    a machine of your own
    attorn check claim-small --json --out runs/1  for programs

    Exit codes: 0 all hold, 1 refuted, 2 undetermined, 3 bad input, 4 internal failure.
    """
    form = "json" if as_json else form
    from attorn.checker.explore import Options
    from attorn.checker.report import Outcome, output_folder, render_json, render_markdown
    from attorn.checker.report.profile import profile_lines
    from attorn.commands.certifying import Certifier
    from attorn.commands.examine import Request, examine
    from attorn.commands.recording import record, recording, summarize
    from attorn.commands.resuming import Asked, remember
    from attorn.commands.run_files import run_texts
    from attorn.commands.targets import checked_names, proof_command, resolve
    from attorn.spec.errors import BadInput

    asked = Asked(
        targets,
        dict(sizes),
        names,
        limits["max_states"],
        limits["memory"],
        limits["symmetry"] or check_symmetry,
        check_symmetry,
        progress,
        agree,
    )
    if resume is not None:
        asked = _taken_up(resume, asked, checkpoint)
    if asked.symmetry and (asked.progress or certificate is not None):
        what = "--progress" if asked.progress else "--certificate"
        raise BadInput(
            f"{what} needs every state by itself; --symmetry merges those that differ in names. Leave one out."
        )
    chosen = resolve(asked.targets, asked.sizes)
    if asked.symmetry:
        chosen = [replace(target, options=(*target.options, "--symmetry")) for target in chosen]
    checked_names([target.instance for target in chosen], asked.names)
    if checkpoint is not None:
        remember(checkpoint, asked)
    options = Options(
        max_states=asked.max_states,
        memory=asked.memory,
        threads=limits["threads"],
        engine=limits["engine"],
        symmetry=asked.symmetry,
        checkpoint=resume or checkpoint,
        cluster=cluster,
        workers=workers,
        device=device,
    )
    request = Request(asked.names, options, asked.agree, asked.check_symmetry, asked.progress)
    watcher = _Watcher(tells=form == "terminal" and not quiet, draws=not quiet and sys.stderr.isatty())
    certifier = None if certificate is None else Certifier(certificate, chosen)
    with recording(out, "check"), nullcontext() if certificate is None else output_folder(certificate.parent):
        command = _command(asked)
        runs: dict[str, str] = {}

        def also(exploration: Exploration, promises: Promises) -> None:
            runs.update(run_texts(exploration, promises))
            if certifier is not None:
                certifier(exploration)

        report, run = examine(chosen, replace(request, also=also, drawn=True, profile=profile), command, watcher)
        texts = {"report.md": render_markdown(report), "report.json": render_json(report)}
        digests = {each.name: each.digest for each in report.machines}
        asked_for: dict[str, str | int | float | bool | None] = {
            "max_states": asked.max_states,
            "memory": asked.memory,
            "symmetry": asked.symmetry,
            "progress": asked.progress,
            "agree": asked.agree,
            "properties": " ".join(asked.names) or None,
        }
        written = {**texts, **runs}
        record(out, "check", command, digests, run, written, asked_for)
        summarize(texts["report.md"])
    profiled = run.timings if profile else ()
    if form == "terminal":
        watcher.ends(report, profiled, (out / "report.html").as_posix(), proof_command(chosen))
    elif form == "json":
        click.echo(render_json(report, profiled), nl=False)
    else:
        click.echo(texts["report.md"], nl=False)
        for line in profile_lines(profiled, width()):
            click.echo(line, err=True)
    if certifier is not None:
        for line in certifier.lines:
            click.echo(line, err=form != "terminal")
        if report.outcome is Outcome.HOLDS and not certifier.complete:
            return 2
    return {Outcome.HOLDS: 0, Outcome.REFUTED: 1, Outcome.UNDETERMINED: 2}[report.outcome]


def _taken_up(folder: Path, asked: Asked, checkpoint: Path | None) -> Asked:
    """What the check that left a folder was asked, under the limits given now where there are any."""
    from attorn.commands.resuming import Asked, recall
    from attorn.spec.errors import BadInput

    found = recall(folder)
    if checkpoint is not None or replace(asked, max_states=None, memory=None) != Asked():
        raise BadInput(
            f"--resume goes on with what {folder} was begun with: `{_command(found)}`. Give it limits of memory and "
            "states and where to write, nothing else."
        )
    return replace(found, max_states=asked.max_states or found.max_states, memory=asked.memory or found.memory)


def _command(asked: Asked) -> str:
    """What the user types to repeat a check."""
    from attorn.commands.targets import size_arguments

    given = [f"--property {name}" for name in asked.names]
    given += [
        f"--{name} {value}" for name, value in (("max-states", asked.max_states), ("memory", asked.memory)) if value
    ]
    given += {True: ["--progress"], False: ["--no-progress"], None: []}[asked.progress]
    flags = (
        ("symmetry", asked.symmetry and not asked.check_symmetry),
        ("check-symmetry", asked.check_symmetry),
        ("agree", asked.agree),
    )
    given += [f"--{flag}" for flag, wanted in flags if wanted]
    return " ".join(["attorn check", *map(shlex.quote, asked.targets), *size_arguments(asked.sizes), *given])


class _Watcher:
    """Prints what is found as it is found."""

    def __init__(self, tells: bool, draws: bool) -> None:
        from attorn.checker.report import Screen

        self._tells, self._draws = tells, draws
        self._screen = Screen(width(), painter())

    def begins(self, machine: MachineAccount) -> None:
        self._tell(["", *self._screen.heading(machine)])

    def drawing(self, name: str) -> AbstractContextManager[Callable[[Any], None] | None]:
        from attorn.checker.report import progress_line

        return progress_line(name, self._draws)

    def searched(self, instance: InstanceAccount, seconds: float, by: str) -> None:
        self._tell(self._screen.searched(instance, seconds, by))

    def interrupted(self) -> None:
        if self._draws:  # Not through a stream, which this may interrupt in the middle of a line.
            os.write(2, b"\ninterrupted: gathering what is known; once more to stop at once\n")

    def ends(self, report: Report, profiled: Sequence[Timing], written: str, prove: str) -> None:
        """The verdicts, what the time went to if that was asked for, where the report is, and what to do next."""
        from attorn.checker.report.profile import profile_lines

        for machine in report.machines:
            if report.machines[1:]:
                self._tell(["", self._screen.paint(machine.name, "strong")])
            self._tell(self._screen.verdicts(report, machine))
        self._tell([""])
        if profiled:
            echo([*profile_lines(profiled, self._screen.width, self._screen.paint), ""])
        echo(self._screen.outcome(report, written, prove))

    def _tell(self, lines: Sequence[str]) -> None:
        if self._tells:
            echo(lines)
