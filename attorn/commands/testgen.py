"""``attorn testgen``: tests from the model, or from one run of it, for an adapter of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, echo, size_options, width

if TYPE_CHECKING:
    from attorn.checker.conform.suites import Suite
    from attorn.checker.verdicts import Path as Run
    from attorn.spec.language import Instance

__all__ = ["testgen"]

COVERS = ("actions", "clauses", "transitions")


@click.command()
@click.argument("target", metavar="INSTANCE[/ID]|FILE.py[:NAME][/ID]|HAZARD")
@size_options
@click.option(
    "--cover",
    type=click.Choice(COVERS),
    help="Every step; also every clause where it alone forbids a step; every step from every state.  "
    "[default: clauses]",
)
@click.option(
    "--adapter", metavar="MODULE:CLASS", help="Write a pytest file for this adapter, and test its actions only."
)
@click.option("--longest", type=Count(), help="Begin a new run rather than try more than this in one.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="A pytest file (*.py), or the runs as JSON lines (*.jsonl).",
)
def testgen(
    target: str, sizes: Mapping[str, int], cover: str | None, adapter: str | None, longest: int | None, out: Path
) -> int:
    """Write few and short runs that cover an instance: what to try, and what the system must decline.

    With the ID of a property, or a known failure, write its counterexample instead: the system passes if it declines
    one of the steps, and takes those of a run to each goal that it has the actions for. With the ID of a goal it passes
    if it takes all steps.

    \b
    attorn testgen claim-small --adapter my_vmm:MyVmm --out test_my_vmm.py
    attorn testgen claim-tiny --cover transitions --out runs.jsonl
    attorn testgen memfd/at_most_one_runner --adapter my_vmm:MyVmm --out test_one_runner.py
    attorn testgen H3 --adapter my_vmm:MyVmm --out test_h3.py
    """
    from attorn.commands.run_argument import names_a_run

    if names_a_run(target):
        return _of_run(target, sizes, cover, adapter, longest, out)
    return _of_instance(target, sizes, cover or "clauses", adapter, longest, out)


def _of_run(
    what: str, sizes: Mapping[str, int], cover: str | None, adapter: str | None, longest: int | None, out: Path
) -> int:
    """A run that a system must decline, or take, and what it must be able to do all the same."""
    from attorn.checker.conform.adapter import implemented
    from attorn.checker.conform.run_files import RunTests, runs_as_pytest
    from attorn.checker.report import listed, wrapped, write_files
    from attorn.checker.report.lines import counted
    from attorn.commands.adapters import named_adapter
    from attorn.commands.run_argument import a_run
    from attorn.commands.targets import promised, size_arguments
    from attorn.spec.errors import BadInput

    if cover is not None or longest is not None:
        raise BadInput(f"{what} is one run: --cover and --longest are for tests that cover an instance.")
    if adapter is None or out.suffix != ".py":
        raise BadInput(
            f"{out}: write a pytest file (.py) of {what} for an --adapter; attorn schedule writes it as JSON."
        )
    found = a_run(what, sizes)
    machine = found.instance.machine
    if any(found.about == each.name for each in machine.progress):
        raise BadInput(f"{what} is about what never comes about; no order of steps shows it.")
    has = {each.name for each in implemented(named_adapter(adapter), machine)}
    if lacking := _actions(found.run) - has:
        raise BadInput(f"{adapter} has no `{min(lacking)}`, which {what} needs.")
    goals = {each.name: each for each in machine.goals}
    options = [*size_arguments(sizes), f"--adapter {adapter}", f"--out {out.as_posix()}"]
    if found.about in goals:
        tests = RunTests(
            found.instance, found.said, sizes, found.about, goals[found.about].sentence,
            witnesses={found.about: found.run},
        )  # fmt: skip
    else:
        stated = promised(machine).get(found.about)
        sentence = "Every state has a way on, or is a legal end." if stated is None else stated.sentence
        witnesses = {name: run for name, run in _witnesses(found.instance).items() if _actions(run) <= has}
        tests = RunTests(found.instance, found.said, sizes, found.about, sentence, found.run, witnesses)
    write_files(out.parent, {out.name: runs_as_pytest(tests, adapter, f"attorn testgen {what} {' '.join(options)}")})
    echo([f"{out}: {counted(len(found.run), 'step')} of {what}"])
    if tests.violation is None:
        echo(["  passes where all of them are taken"])
    else:
        reached = listed(list(tests.witnesses)) or "nothing: no goal is reached by actions of the adapter"
        echo(
            wrapped(
                f"passes where one of them is declined; what must be reached all the same: {reached}", width(), "  "
            )
        )
    return 0


def _actions(run: Run) -> set[str]:
    return {move.step.action.name for move in run.moves}


def _witnesses(instance: Instance) -> dict[str, Run]:
    """A shortest run to each goal that can be reached, those that hold at the start left out."""
    from attorn.checker.explore import Options, explore

    found = explore(instance, Options(properties=()))
    return {each.name: each.path for each in found.goals if each.path is not None and each.path.moves}


def _of_instance(
    target: str, sizes: Mapping[str, int], cover: str, adapter: str | None, longest: int | None, out: Path
) -> int:
    """Runs that cover an instance."""
    from attorn.checker.conform.suite_files import as_json_lines, as_pytest
    from attorn.checker.conform.suites import Cover, suite
    from attorn.checker.report import write_files
    from attorn.commands.adapters import named_adapter
    from attorn.commands.targets import resolve_one
    from attorn.spec.errors import BadInput

    found = resolve_one(target, sizes)
    actions = None
    if adapter is not None:
        from attorn.checker.conform.adapter import implemented

        actions = [each.name for each in implemented(named_adapter(adapter), found.instance.machine)]
    if out.suffix not in (".py", ".jsonl") or (out.suffix == ".py" and (adapter is None or sizes)):
        raise BadInput(
            f"{out}: write a pytest file (.py) for an --adapter and an instance of fixed sizes, or JSON lines (.jsonl)."
        )
    made = suite(found.instance, Cover[cover.upper()], actions, longest=longest)
    command = " ".join([f"attorn testgen {found.said}", *found.options, f"--cover {cover}"])
    if out.suffix == ".py":
        assert adapter is not None
        text = as_pytest(made, found.said, adapter, f"{command} --adapter {adapter}")
    else:
        text = as_json_lines(made)
    write_files(out.parent, {out.name: text})
    echo(_lines(made, out))
    return 0


def _lines(made: Suite, out: Path) -> list[str]:
    from attorn.checker.report import wrapped
    from attorn.checker.report.lines import counted

    spare = made.cost - made.least
    return [
        f"{out}: {counted(len(made.tours), 'run')}, {counted(made.attempts, 'attempt')}",
        *wrapped(f"covers {made.cover.value}: {made.aims:,} in all", width(), "  "),
        *wrapped(
            f"no tests that cover as much cost less than {made.least:,}, counting attempts and starts; these cost "
            f"{made.cost:,}, at most {100 * spare / made.least:.0f} % more",
            width(),
            "  ",
        ),
    ]
