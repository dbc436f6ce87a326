"""The door for programs and notebooks: check instances, and look at the result as tables, graphs and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attorn.checker.explore import Options
from attorn.checker.report import InstanceAccount, MachineAccount, Outcome, Report, RunFacts
from attorn.checker.report.run_model import Counterexample
from attorn.commands.examine import Request, examine
from attorn.commands.targets import Target, checked_names, resolve
from attorn.spec.errors import BadInput, UnknownName
from attorn.spec.language import Instance

if TYPE_CHECKING:
    import networkx
    import pandas

__all__ = ["Result", "check"]


@dataclass(frozen=True)
class Result:
    """What a check found out. In a notebook it shows itself.

    report:    everything, as typed data.
    run:       when, where and how long it ran.
    instances: the instances that were checked, by name.
    """

    report: Report
    run: RunFacts
    instances: dict[str, Instance]

    @property
    def outcome(self) -> Outcome:
        """Refuted if anything is; else undetermined if anything is; else it holds."""
        return self.report.outcome

    @property
    def holds(self) -> bool:
        """Whether everything that was asked holds; not finished is never a pass."""
        return self.outcome is Outcome.HOLDS

    @property
    def counterexamples(self) -> dict[tuple[str, str], Counterexample]:
        """The shortest violation of each refuted property, by instance and property."""
        return {
            (instance.name, each.name): each.counterexample
            for instance in self.report.instances
            for each in instance.properties
            if each.counterexample is not None
        }

    def __str__(self) -> str:
        """The verdict as a sentence."""
        from attorn.checker.report.summary import verdict_sentence

        return verdict_sentence(self.report)

    def _repr_html_(self) -> str:
        """The verdicts as a table, and where a property is refuted the picture of the state that violates it."""
        from attorn.checker.report.notebook import notebook_html

        return notebook_html(self.report)

    def to_html(self) -> str:
        """The whole report as one page."""
        from attorn.checker.report.book import Book
        from attorn.checker.report.page import render_html

        return render_html(Book(self.report, attorn=self.report.attorn, commands=(("check", self.report.command),)))

    def to_dataframe(self, table: str = "verdicts") -> pandas.DataFrame:
        """One of the tables ``verdicts``, ``instances``, ``levels`` and ``actions``, where pandas is installed.

        Raises UnknownName for another table, BadInput without pandas.
        """
        from attorn.checker.report.tables import report_tables

        known = report_tables(self.report)
        if table not in known:
            raise UnknownName(f"a result has no table `{table}`. It has: {', '.join(known)}.")
        try:
            import pandas
        except ImportError as error:
            raise BadInput("data frames need pandas, which is not installed: pip install pandas.") from error
        head, rows = known[table]
        return pandas.DataFrame(rows, columns=list(head))

    def to_networkx(self, instance: str = "", limit: int = 50_000) -> networkx.MultiDiGraph[int]:
        """All states and steps of one instance; see ``attorn.checker.explore.graph``.

        instance: its name; may be left out where there is only one.

        Raises UnknownName, and TooLarge above ``limit`` states.
        """
        from attorn.checker.explore import graph

        if not instance and len(self.instances) == 1:
            (instance,) = self.instances
        if instance not in self.instances:
            raise UnknownName(f"name the instance whose graph you want: {', '.join(self.instances)}.")
        return graph(self.instances[instance], limit)


def check(
    *targets: str | Instance,
    sizes: dict[str, int] | None = None,
    properties: Sequence[str] = (),
    progress: bool | None = None,
    max_states: int | None = None,
    memory: int | None = None,
    cluster: str | None = None,
    workers: int | None = None,
) -> Result:
    """Search every reachable state of instances; the same as ``attorn check``, without writing anything.

    targets:    names of instances, files (``my_machine.py``), or instances; the default ones where there are none.
    sizes:      sizes of sorts and budgets by name, for the targets that are named.
    properties: names of properties and goals; all where there are none.
    progress:   whether to decide progress; where the graph is small enough if None.
    max_states, memory: where a search ends, undetermined.
    cluster, workers: a Ray cluster that shares the search, and how many processes of it; as in explore.Options.

    Raises BadInput for whatever cannot be found or built.
    """
    names = [each for each in targets if isinstance(each, str)]
    chosen = resolve(names, sizes or {}) if names or not targets else []
    chosen += [Target(each, each.name) for each in targets if isinstance(each, Instance)]
    checked_names([target.instance for target in chosen], properties)
    options = Options(max_states=max_states, memory=memory, cluster=cluster, workers=workers)
    request = Request(tuple(properties), options, progress=progress, drawn=True)
    command = " ".join(["attorn check", *(target.said for target in chosen)])
    report, run = examine(chosen, request, command, _Silent())
    return Result(report, run, {target.instance.name: target.instance for target in chosen})


class _Silent:
    """A watcher that says nothing."""

    def begins(self, machine: MachineAccount) -> None:
        """Nothing to say."""

    def drawing(self, name: str) -> AbstractContextManager[Callable[[Any], None] | None]:
        """Nothing to draw."""
        return nullcontext()

    def searched(self, instance: InstanceAccount, seconds: float, by: str) -> None:
        """Nothing to say."""

    def interrupted(self) -> None:
        """Nothing to say."""
