"""``attorn testgen``: tests from the model, for an adapter of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, echo, size_options, width

if TYPE_CHECKING:
    from attorn.checker.conform.suites import Suite

__all__ = ["testgen"]

COVERS = ("actions", "clauses", "transitions")


@click.command()
@click.argument("target", metavar="INSTANCE|FILE.py[:NAME]")
@size_options
@click.option(
    "--cover",
    type=click.Choice(COVERS),
    default="clauses",
    show_default=True,
    help="Every step; also every clause where it alone forbids a step; every step from every state.",
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
    target: str, sizes: Mapping[str, int], cover: str, adapter: str | None, longest: int | None, out: Path
) -> int:
    """Write few and short runs that cover an instance: what to try, and what the system must decline.

    \b
    attorn testgen claim-small --adapter my_vmm:MyVmm --out test_my_vmm.py
    attorn testgen claim-tiny --cover transitions --out runs.jsonl
    """
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
