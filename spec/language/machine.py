"""Machines: a state, its initial states, actions and properties; and how variants are composed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

from attorn.spec.errors import SpecificationError, UnknownName
from attorn.spec.language.declarations import Assumption, Declaration
from attorn.spec.language.digest import machine_digest
from attorn.spec.language.expressions import FALSE, QUANTIFIERS, Expr, Op, any_of, walk
from attorn.spec.language.picture import Picture
from attorn.spec.language.ranking import Ranking
from attorn.spec.language.sorts import Budget, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort
from attorn.spec.language.source import here
from attorn.spec.language.state import State
from attorn.spec.language.traced import Action, Goal, Initial, Possibility, Progress, Property
from attorn.spec.language.tracing import (
    strengthen_action,
    trace_action,
    trace_end,
    trace_goal,
    trace_initial,
    trace_possibility,
    trace_progress,
    trace_property,
    trace_ranking,
)

__all__ = ["Machine"]

STATEMENTS = ("invariant", "two_state", "lemma", "goal", "progress", "always_possible", "legal_end", "ranking")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


@dataclass(frozen=True, eq=False)
class Machine:
    """An executable specification: everything that engines need to know, and nothing of how they work.

    steps:      actions as declared, or already traced ones (as mutations are).
    statements: invariants, two-state properties, goals, what must happen or stay possible, legal ends; in any order.
    picture:    how its states are drawn; as tables where there is none.
    """

    name: str
    state: type[State]
    start: Declaration | Initial | None
    steps: tuple[Declaration | Action, ...]
    statements: tuple[Declaration | Property | Goal, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    says: str = ""
    picture: Picture | None = None

    def __post_init__(self) -> None:
        _refuse_strangers(self.name, (self.start,), ("initial",), "an initial state")
        _refuse_strangers(self.name, self.steps, ("action",), "a step")
        _refuse_strangers(self.name, self.statements, STATEMENTS, "a statement")
        if self.start is None:
            raise SpecificationError(
                f"{here()}: machine `{self.name}` has no initial state; pass one made with @initial."
            )
        _refuse_repeats(self.name, [each.name for each in self.steps], "action")
        _refuse_repeats(self.name, [each.name for each in self.statements], "property")

    @cached_property
    def initial(self) -> Initial:
        """The traced initial states."""
        assert self.start is not None
        return self.start if isinstance(self.start, Initial) else trace_initial(self.start, self.state)

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """All traced actions, in the order declared."""
        return tuple(each if isinstance(each, Action) else trace_action(each, self.state) for each in self.steps)

    @cached_property
    def properties(self) -> tuple[Property, ...]:
        """Invariants and two-state properties, in the order declared."""
        return tuple(each for each in self._stated if not each.lemma)

    @cached_property
    def lemmas(self) -> tuple[Property, ...]:
        """Invariants that only serve proofs."""
        return tuple(each for each in self._stated if each.lemma)

    @cached_property
    def _stated(self) -> tuple[Property, ...]:
        return tuple(
            each if isinstance(each, Property) else trace_property(each, self.state)
            for each in self.statements
            if isinstance(each, Property)
            or (isinstance(each, Declaration) and each.kind in ("invariant", "two_state", "lemma"))
        )

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """What must be reachable."""
        return tuple(
            each if isinstance(each, Goal) else trace_goal(each, self.state)
            for each in self.statements
            if isinstance(each, Goal) or (isinstance(each, Declaration) and each.kind == "goal")
        )

    @cached_property
    def progress(self) -> tuple[Progress, ...]:
        """What must eventually happen."""
        return tuple(
            trace_progress(each, self.state)
            for each in self.statements
            if isinstance(each, Declaration) and each.kind == "progress"
        )

    @cached_property
    def always_possible(self) -> tuple[Possibility, ...]:
        """What must never get out of reach."""
        return tuple(
            trace_possibility(each, self.state)
            for each in self.statements
            if isinstance(each, Declaration) and each.kind == "always_possible"
        )

    @cached_property
    def rankings(self) -> tuple[Ranking, ...]:
        """Why progress properties hold for any size; like lemmas, they only serve proofs.

        Raises UnknownName where one speaks of an action or a progress property that the machine lacks.
        """
        found = tuple(
            trace_ranking(each, self.state)
            for each in self.statements
            if isinstance(each, Declaration) and each.kind == "ranking"
        )
        for ranking in found:
            for help in ranking.by:
                if self.action(help.action).fair == "none":
                    raise SpecificationError(
                        f"{ranking.where}: ranking `{ranking.name}` counts on `{help.action}`, which need never "
                        'happen; declare it with @action(fair="weak"), or count on another.'
                    )
            for name in ranking.shows:
                _named(self.progress, name, f"progress property of machine {self.name}")
        return found

    @cached_property
    def legal_end(self) -> Expr:
        """States in which it is right that no action is enabled; none unless declared."""
        return any_of(
            FALSE,
            *(
                trace_end(each, self.state)
                for each in self.statements
                if isinstance(each, Declaration) and each.kind == "legal_end"
            ),
        )

    @cached_property
    def sorts(self) -> tuple[ElementSort, ...]:
        """The sorts whose sizes an instance must give: those of fields first, then of parameters and formulas."""
        found = tuple(sort for sort in self._named_sorts if isinstance(sort, ElementSort))
        _refuse_repeats(self.name, [sort.name for sort in found], "sort")
        return found

    @cached_property
    def enumerations(self) -> tuple[EnumerationSort, ...]:
        """The sorts with known members."""
        return tuple(sort for sort in self._named_sorts if isinstance(sort, EnumerationSort))

    @cached_property
    def budgets(self) -> tuple[Budget, ...]:
        """The budgets whose sizes an instance must give."""
        limits = [sort.limit for sort in self._named_sorts if isinstance(sort, RangeSort)]
        limits += [part.payload for part in self._nodes if part.op is Op.LIMIT]
        return tuple(dict.fromkeys(limit for limit in limits if isinstance(limit, Budget)))

    @cached_property
    def _named_sorts(self) -> tuple[Sort, ...]:
        """All sorts that are named anywhere, each once, without the options around them."""
        named = [sort for each in self.state.fields.values() for sort in (*each.domain, each.codomain)]
        given = [self.initial.parameters, *(each.parameters for each in self.actions)]
        given += [*(each.parameters for each in self.goals), *(each.parameters for each in self.progress)]
        given += [each.parameters for each in self.always_possible]
        named += [parameter.sort for parameters in given for parameter in parameters]
        for part in self._nodes:
            named += [part.sort, *(bound.sort for bound in part.payload[0])] if part.op in QUANTIFIERS else [part.sort]
        return tuple(dict.fromkeys(map(_without_option, named)))

    @cached_property
    def _nodes(self) -> tuple[Expr, ...]:
        """All nodes of all formulas."""
        clauses, writes = [*self.initial.clauses], [*self.initial.writes]
        for action in self.actions:
            clauses += action.clauses
            writes += action.writes
        for stated in (*self.properties, *self.lemmas):
            clauses += stated.conjuncts
        formulas = [clause.formula for clause in clauses]
        for write in writes:
            formulas += [*write.index, write.condition, *(() if write.value is None else (write.value,))]
        formulas += [stage for each in self.goals for stage in each.stages]
        formulas += [part for each in self.progress for part in (each.premise, each.conclusion)]
        formulas += [each.formula for each in self.always_possible]
        return tuple(walk(*formulas, self.legal_end))

    def action(self, name: str) -> Action:
        """The action of that name; raises UnknownName."""
        return _named(self.actions, name, f"action of machine {self.name}")

    def goal(self, name: str) -> Goal:
        """The goal of that name; raises UnknownName."""
        return _named(self.goals, name, f"goal of machine {self.name}")

    def property(self, name: str) -> Property:
        """The invariant or two-state property of that name; raises UnknownName."""
        return _named(self.properties, name, f"property of machine {self.name}")

    def variant(
        self,
        name: str,
        *,
        state: type[State] | None = None,
        start: Declaration | Initial | None = None,
        add: Iterable[Declaration | Action | Property | Goal] = (),
        remove: Iterable[str] = (),
        strengthen: Mapping[str, Callable[..., object]] | None = None,
        rewrite: Mapping[str, Callable[[Action], Action]] | None = None,
        assumptions: Iterable[Assumption] = (),
        says: str = "",
        picture: Picture | None = None,
    ) -> Machine:
        """A machine with parts added, removed or changed; nothing is copied by hand.

        state:      a class derived from this machine's state, with further fields.
        rewrite:    action name → function from the traced action to the one wanted (how mutations are made).
        strengthen: action name → function of the same parameters, whose clauses and writes are added after that.
        """
        gone = set(remove)
        known = {each.name for each in (*self.steps, *self.statements, *self.assumptions)}
        for wanted in (*gone, *(strengthen or {}), *(rewrite or {})):
            if wanted not in known:
                raise UnknownName(
                    f"machine {self.name} has no action or property `{wanted}`. It has: {', '.join(sorted(known))}."
                )
        steps: list[Declaration | Action] = []
        for each in self.steps:
            if each.name in gone:
                continue
            if each.name in (rewrite or {}) or each.name in (strengthen or {}):
                changed = each if isinstance(each, Action) else trace_action(each, state or self.state)
                if rewrite and each.name in rewrite:
                    changed = rewrite[each.name](changed)
                if strengthen and each.name in strengthen:
                    changed = strengthen_action(changed, strengthen[each.name], state or self.state)
                each = changed
            steps.append(each)
        statements = [each for each in self.statements if each.name not in gone]
        for extra in add:
            is_step = isinstance(extra, Action) or (isinstance(extra, Declaration) and extra.kind == "action")
            (steps if is_step else statements).append(extra)  # type: ignore[arg-type]
        return Machine(
            name, state or self.state, start or self.start, tuple(steps), tuple(statements),
            (*(each for each in self.assumptions if each.name not in gone), *assumptions), says or self.says,
            picture or self.picture,
        )  # fmt: skip

    @cached_property
    def digest(self) -> str:
        """A hash of all that the machine says; equal for equal specifications, whatever their line numbers."""
        return machine_digest(self)


def _without_option(sort: Sort) -> Sort:
    return _without_option(sort.of) if isinstance(sort, OptionSort) else sort


def _named(items: tuple[T, ...], name: str, what: str) -> T:
    for item in items:
        if item.name == name:
            return item
    raise UnknownName(f"no {what} is called `{name}`. There are: {', '.join(each.name for each in items)}.")


def _refuse_strangers(machine: str, given: Iterable[object], kinds: tuple[str, ...], what: str) -> None:
    for each in given:
        if not isinstance(each, Declaration) and callable(each):
            name = getattr(each, "__name__", repr(each))
            raise SpecificationError(
                f"{here()}: machine `{machine}` is given `{name}` as {what}; decorate it with "
                f"{' or '.join(f'@{kind}' for kind in kinds)}."
            )
        if isinstance(each, Declaration) and each.kind not in kinds:
            raise SpecificationError(
                f"{here()}: machine `{machine}` is given the {each.kind} `{each.name}` as {what}; "
                f"that must be one of: {', '.join(kinds)}."
            )


def _refuse_repeats(machine: str, names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SpecificationError(
                f"{here()}: machine `{machine}` has more than one {what} called `{name}`; give one another name."
            )
