"""``attorn check``: search instances, and report what holds."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from attorn.commands.words import painter, search_options, size_options, width

if TYPE_CHECKING:
    from attorn.checker.explore import Options
    from attorn.checker.report import InstanceAccount, Report
    from attorn.checker.verdicts import Exploration
    from attorn.commands.targets import Target

__all__ = ["check"]

OUT = "reports/latest"


@click.command()
@click.argument("targets", nargs=-1, metavar="[INSTANCE|FILE.py[:NAME]]...")
@size_options
@click.option("--property", "names", multiple=True, metavar="ID", help="Check only this property or goal.")
@search_options
@click.option("--agree", is_flag=True, help="Search again with a second engine and compare.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="Where the report goes.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "json", "markdown"]),
    default="terminal",
    show_default=True,
    help="What is printed; Markdown and JSON are always written.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print the verdict only.")
def check(
    targets: tuple[str, ...],
    sizes: Mapping[str, int],
    names: tuple[str, ...],
    max_states: int | None,
    memory: int | None,
    threads: int | None,
    agree: bool,
    out: Path,
    form: str,
    quiet: bool,
) -> int:
    """Check instances exhaustively and write an invariant report.

    Without arguments the default instances are checked. FILE.py is a file of your own that defines
    `machine = Machine(...)` and, if you like, `instances = [Instance.of(machine, ...)]`.
    """
    from attorn.checker.explore import Options
    from attorn.checker.report import output_folder, render_json, render_markdown, write_files
    from attorn.commands.targets import checked_names, resolve

    chosen = resolve(targets, sizes)
    checked_names([target.instance.machine for target in chosen], names)
    options = Options(max_states=max_states, memory=memory, threads=threads)
    repeat = _repeat(targets, chosen, names, max_states, memory, agree)
    printer = _Printer(quiet, form == "terminal")
    with output_folder(out):
        report = _Check(chosen, names, options, agree, printer).report(repeat)
        texts = {"report.md": render_markdown(report), "report.json": render_json(report)}
        write_files(out, texts)
    if form == "terminal":
        printer.end(report, (out / "report.md").as_posix())
    else:
        click.echo(texts["report.json" if form == "json" else "report.md"], nl=False)
    return exit_code(report)


def exit_code(report: Report) -> int:
    """0 where all holds, 1 where anything is refuted, else 2."""
    from attorn.checker.report import Outcome

    return {Outcome.HOLDS: 0, Outcome.REFUTED: 1, Outcome.UNDETERMINED: 2}[report.outcome]


def _repeat(
    said: Sequence[str],
    chosen: Sequence[Target],
    names: Sequence[str],
    max_states: int | None,
    memory: int | None,
    agree: bool,
) -> str:
    """The command that repeats a check: all that its results depend on, and nothing else."""
    import shlex

    words = ["attorn check", *(shlex.quote(each) for each in said)]
    text = " ".join(words) + chosen[0].options
    text += "".join(f" --property {name}" for name in names)
    text += f" --max-states {max_states}" if max_states else ""
    text += f" --memory {memory}" if memory else ""
    return text + (" --agree" if agree else "")


class _Printer:
    """What is shown while a check runs, and at its end."""

    def __init__(self, quiet: bool, tells: bool) -> None:
        self._quiet, self._tells = quiet, tells
        self._paint, self._width = painter(), width()

    @property
    def draws(self) -> bool:
        """Whether a progress line is wanted: where a terminal shows it."""
        import sys

        return not self._quiet and sys.stderr.isatty()

    def begin(self, machine: Any) -> None:
        """Announce a machine."""
        if self._tells and not self._quiet:
            from attorn.checker.report import machine_heading

            self._print(["", *machine_heading(machine, self._width, self._paint)])

    def instance(self, account: InstanceAccount, seconds: float) -> None:
        """Tell what a search met."""
        if self._tells and not self._quiet:
            from attorn.checker.report import instance_lines

            self._print(instance_lines(account, seconds, self._width, self._paint))

    def end(self, report: Report, written: str) -> None:
        """The verdicts, and what to do next."""
        from attorn.checker.report import machine_lines, outcome_lines

        if not self._quiet:
            for machine in report.machines:
                title = ["", self._paint(machine.name, "strong")] if len(report.machines) > 1 else []
                self._print([*title, *machine_lines(report, machine, self._width, self._paint)])
            self._print([""])
        self._print(outcome_lines(report, written, self._width, self._paint))

    def _print(self, lines: Sequence[str]) -> None:
        for line in lines:
            click.echo(line.rstrip())


class _Check:
    """One run of ``attorn check`` over several instances."""

    def __init__(
        self, targets: Sequence[Target], names: Sequence[str], options: Options, agree: bool, printer: _Printer
    ) -> None:
        self._targets, self._names, self._options = targets, names, options
        self._agree, self._printer = agree, printer
        self._interrupted = False

    def report(self, repeat: str) -> Report:
        """Search everything, and give the account of it; Ctrl-C ends it early with what is known."""
        from attorn import __version__
        from attorn.checker.report import Report, Timing

        began, started = time.perf_counter(), time.strftime("%Y-%m-%dT%H:%M:%S%z")
        accounts: list[InstanceAccount] = []
        timings: list[Timing] = []
        machines: dict[str, Any] = {}
        with self._heeding_interrupts():
            for target in self._targets:
                machine = target.instance.machine
                if machine.name not in machines:
                    machines[machine.name] = self._machine(machine)
                    self._printer.begin(machines[machine.name])
                explored = self._explored(target)
                if explored is None:
                    break
                account, exploration = explored
                accounts.append(account)
                timings.append(Timing(account.name, exploration.seconds, exploration.bytes_per_state))
                self._printer.instance(account, exploration.seconds)
                if self._interrupted:
                    break
        return Report(
            attorn=__version__,
            command=repeat,
            machines=tuple(each for name, each in machines.items() if any(a.machine == name for a in accounts)),
            instances=tuple(accounts),
            not_started=tuple(target.instance.name for target in self._targets[len(accounts) :]),
            run=_facts(started, time.perf_counter() - began, self._options, timings),
        )

    def _machine(self, machine: Any) -> Any:
        from attorn.checker.report import machine_account
        from attorn.commands.targets import claim_elements, statement_names

        return machine_account(machine, self._names or statement_names(machine), claim_elements(machine))

    def _explored(self, target: Target) -> tuple[InstanceAccount, Exploration] | None:
        """The account of one instance; None where the user interrupted before anything was known."""
        from attorn.checker.explore import explore
        from attorn.checker.report import Commands, instance_account, progress_line

        instance = target.instance
        options, wanted = self._narrowed(instance.machine)
        try:
            with progress_line(instance.name, self._printer.draws) as draw:
                exploration = wanted(explore(instance, options, draw))
            agreement = self._agreement(exploration, options) if self._agree and not self._interrupted else ""
        except KeyboardInterrupt:
            self._interrupted = True
            return None
        commands = Commands(target.check(), target.explain())
        return instance_account(exploration, commands, agreement), exploration

    def _narrowed(self, machine: Any) -> tuple[Options, Callable[[Exploration], Exploration]]:
        """The options for the statements asked for, and what leaves others out of the answer."""
        from dataclasses import replace

        if not self._names:
            return self._options, lambda exploration: exploration
        aims = {goal.name for goal in machine.goals} & set(self._names)
        known = ["no_deadlock", *(each.name for each in machine.properties)]
        options = replace(
            self._options, properties=tuple(name for name in known if name in self._names), goals=bool(aims)
        )
        return options, lambda exploration: replace(
            exploration, goals=tuple(goal for goal in exploration.goals if goal.name in aims)
        )

    def _agreement(self, exploration: Exploration, options: Options) -> str:
        """What a second engine says; raises Unsound where it says something else."""
        from attorn.checker import oracle
        from attorn.checker.agreement import differences
        from attorn.spec.errors import Unsound

        limit = options.max_states or 1_000_000
        other = oracle.explore(exploration.instance, options.properties, options.goals, limit)
        aims = {goal.name for goal in exploration.goals}
        from dataclasses import replace

        other = replace(other, goals=tuple(goal for goal in other.goals if goal.name in aims))
        if not (exploration.finished and other.finished):
            return f"agreement unknown: the second engine was stopped by {other.stopped or exploration.stopped}"
        if found := differences(exploration, other):
            raise Unsound("\n".join(found))
        return "the second engine agrees: states, transitions, depth, verdicts, lengths of runs"

    def _heeding_interrupts(self) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def heeding() -> Any:
            def interrupt(number: int, frame: FrameType | None) -> None:
                self._interrupted = True
                raise KeyboardInterrupt

            before = signal.signal(signal.SIGINT, interrupt)
            try:
                yield
            finally:
                signal.signal(signal.SIGINT, before)

        return heeding()


def _facts(started: str, seconds: float, options: Options, timings: Sequence[Any]) -> Any:
    import os
    import platform
    from importlib.metadata import version

    from attorn.checker.report import RunFacts

    return RunFacts(
        started=started,
        seconds=round(seconds, 3),
        threads=options.threads or os.cpu_count() or 1,
        python=platform.python_version(),
        platform=platform.platform(),
        versions=tuple((name, version(name)) for name in ("numpy", "networkx", "z3-solver")),
        timings=tuple(timings),
    )
