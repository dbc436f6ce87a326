"""From what engines answer to the typed report; every run is checked again on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attorn.checker.recheck import Rechecker
from attorn.checker.report.lassos import progress_account
from attorn.checker.report.map_model import StateMap
from attorn.checker.report.model import (
    Assumed,
    Comparison,
    Fired,
    GoalAccount,
    InstanceAccount,
    MachineAccount,
    PropertyAccount,
    SilentAccount,
    Unchecked,
)
from attorn.checker.report.picture import Pictures, cells_broken
from attorn.checker.report.run_model import Broken, Counterexample, FieldFacts
from attorn.checker.report.traces import Tracer, ghosts_read
from attorn.checker.verdicts import Evidence, Exploration, GoalVerdict, Verdict
from attorn.spec.language import (
    Action,
    Concrete,
    Expr,
    Failure,
    Instance,
    Machine,
    Op,
    Property,
    Values,
    render,
    value_name,
)
from attorn.spec.language.sorts import Sort

if TYPE_CHECKING:
    from attorn.checker.progress import PossibilityVerdict, ProgressVerdict

__all__ = ["Commands", "instance_account", "machine_account"]


@dataclass(frozen=True)
class Commands:
    """How the user repeats what a report says.

    check:   the command that checks the instance again.
    explain: the command that shows one run, with ``{0}`` for the name of the property or goal.
    test:    the command that makes a test of a counterexample; nothing where there is none.
    """

    check: str
    explain: str
    test: str = ""


def machine_account(
    machine: Machine,
    names: Sequence[str],
    elements: Mapping[str, str],
    modelled: Mapping[str, tuple[str, ...]] | None = None,
    notes: Sequence[tuple[str, str]] = (),
) -> MachineAccount:
    """What the report says of a machine whose properties and goals of these ``names`` are checked.

    elements: the claim's elements by letter.  modelled: the actions and fields that say the same.
    notes:    what else there is to know of it: titles and texts.
    """
    claims = {each.name: each.claim for each in machine.properties} | {each.name: each.claim for each in machine.goals}
    claims |= {each.name: each.claim for each in machine.progress}
    claims |= {each.name: each.claim for each in machine.always_possible}
    letters = sorted({letter for name in names for letter in claims.get(name, "") if letter in elements})
    return MachineAccount(
        machine.name,
        machine.says,
        machine.digest,
        tuple(Assumed(each.name, each.sentence, str(each.where)) for each in machine.assumptions),
        tuple((letter, elements[letter]) for letter in letters),
        tuple((letter, modelled[letter]) for letter in letters if modelled and letter in modelled),
        tuple(notes),
    )


def instance_account(
    exploration: Exploration,
    commands: Commands,
    comparisons: Sequence[Comparison] = (),
    progress: Sequence[ProgressVerdict | PossibilityVerdict] = (),
    unchecked: Sequence[Unchecked] = (),
    progress_stopped: str = "",
    drawn: bool = False,
    mapped: StateMap | None = None,
) -> InstanceAccount:
    """The account of one exploration; raises Unsound when a run does not stand up to the plain interpreter.

    progress: what else was found out about the instance; ``progress_stopped`` says why not more.
    drawn:    whether each state of each run is drawn.  mapped: the map of its states.
    """
    instance = exploration.instance
    runs = _Runs(instance, commands, drawn)
    return InstanceAccount(
        name=instance.name,
        machine=instance.machine.name,
        sizes=tuple(instance.described().items()),
        shape=instance.shape(),
        engine=exploration.engine,
        finished=exploration.finished,
        stopped=exploration.stopped,
        transitions=exploration.transitions,
        levels=exploration.levels,
        properties=(
            *(runs.stated(verdict) for verdict in exploration.verdicts),
            *(runs.promised(verdict) for verdict in progress),
        ),
        goals=tuple(runs.aimed(verdict) for verdict in exploration.goals),
        fired=tuple(_fired(instance.machine.action(name), times) for name, times in exploration.fired.items()),
        silent=tuple(
            SilentAccount(each.action, each.number + 1, each.text, str(each.clause.where))
            for each in exploration.silent
        ),
        fields=_fields(instance),
        command=commands.check,
        comparisons=tuple(comparisons),
        unchecked=tuple(unchecked),
        progress_stopped=progress_stopped,
        orbits=exploration.orbits,
        map=mapped,
        key=runs.key,
    )


class _Runs:
    """Turns the verdicts of one instance into accounts."""

    def __init__(self, instance: Instance, commands: Commands, drawn: bool) -> None:
        self._instance = instance
        self._commands = commands
        self._recheck = Rechecker(instance)
        pictures = Pictures(self._recheck.concrete) if drawn else None
        self.key = pictures.key() if pictures else ()
        self._tracer = Tracer(self._recheck.concrete, pictures)
        self._properties = {each.name: each for each in instance.machine.properties}
        self._goals = {each.name: each for each in instance.machine.goals}

    def stated(self, verdict: Verdict) -> PropertyAccount:
        stated = self._properties.get(verdict.name)
        return PropertyAccount(
            verdict.name,
            verdict.kind,
            verdict.sentence,
            stated.claim if stated else "",
            stated.hazards if stated else (),
            str(verdict.where or ""),
            verdict.evidence,
            self._counterexample(verdict, stated) if verdict.evidence is Evidence.REFUTED else None,
        )

    def promised(self, verdict: ProgressVerdict | PossibilityVerdict) -> PropertyAccount:
        return progress_account(
            verdict, self._recheck.concrete, self._tracer, self._commands.explain.format(verdict.name)
        )

    def aimed(self, verdict: GoalVerdict) -> GoalAccount:
        goal = self._goals[verdict.name]
        trace = None
        if verdict.reached:
            self._recheck.witness(verdict, goal)
            assert verdict.path is not None
            trace = self._tracer.trace(verdict.path)
        return GoalAccount(
            verdict.name,
            verdict.sentence,
            goal.claim,
            str(verdict.where or ""),
            verdict.reached,
            trace,
            ghosts_read(*goal.stages),
            self._commands.explain.format(verdict.name) if verdict.reached else "",
        )

    def _counterexample(self, verdict: Verdict, stated: Property | None) -> Counterexample:
        self._recheck.violation(verdict, stated)
        assert verdict.path is not None
        states = verdict.path.states
        broken: Broken | None = None
        ghosts: tuple[str, ...] = ()
        cells: Collection[int] = ()
        if stated is not None:
            before, after = (states[-2], states[-1]) if stated.two_state else (states[-1], ())
            failure = self._recheck.concrete.failure(stated, before, after)
            assert failure is not None
            broken = Broken(
                failure.conjunct + 1,
                len(stated.conjuncts),
                failure.text,
                str(failure.clause.where),
                failure.witness,
                self._values(failure, before, after),
            )
            ghosts = ghosts_read(failure.clause.formula)
            cells = cells_broken(self._recheck.concrete, stated, failure, before, after)
        return Counterexample(
            self._tracer.trace(verdict.path, cells),
            broken,
            self._tracer.alternatives(verdict.path),
            ghosts,
            self._commands.explain.format(verdict.name),
            test=self._commands.test.format(verdict.name),
        )

    def _values(self, failure: Failure, before: Values, after: Values) -> tuple[tuple[str, str], ...]:
        """What the broken conjunct reads, as far as its witness says which cells those are."""
        formula = failure.clause.formula
        names: dict[int, str] = {}
        given = [0] * Concrete.VARIABLES
        if formula.op is Op.FORALL:
            sorts = {bound.payload: bound.sort for bound in formula.payload[0]}
            for (level, sort), (name, value) in zip(sorts.items(), failure.witness, strict=True):
                names[level] = name
                given[level] = _number(sort, self._instance.size(sort), value)
            formula = formula.args[0]
        return tuple(
            (render(part, names), value_name(part.sort, self._recheck.concrete.value(part, given, before, after)))
            for part in _reads(formula)
            if part.free <= set(names)
        )


def _fired(action: Action, times: int) -> Fired:
    return Fired(action.name, times, len(action.clauses), action.party, action.sentence, str(action.where))


def _fields(instance: Instance) -> tuple[FieldFacts, ...]:
    return tuple(
        FieldFacts(
            field.name,
            field.says,
            tuple(
                (str(sort), tuple(value_name(sort, number) for number in range(instance.size(sort))))
                for sort in field.domain
            ),
            str(field.codomain),
            field.ghost,
        )
        for field in instance.machine.state.fields.values()
    )


def _reads(formula: Expr) -> list[Expr]:
    """The reads in a formula, in the order in which they are written."""
    found: dict[int, Expr] = {}
    stack = [formula]
    while stack:
        part = stack.pop()
        if part.op is Op.READ:
            found.setdefault(part.ident, part)
        stack.extend(reversed(part.args))
    return list(found.values())


def _number(sort: Sort, size: int, name: str) -> int:
    return next(number for number in range(size) if value_name(sort, number) == name)
