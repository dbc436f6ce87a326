"""SMT-LIB text about one instance: the sorts get its elements, and cells and arguments get values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attorn.checker.prove.smtlib import Script, quoted
from attorn.spec.language import Instance, Parameter, Values
from attorn.spec.language.sorts import BooleanSort, ElementSort, EnumerationSort, OptionSort, Sort

__all__ = ["Pins"]


class Pins:
    """Facts about an instance, in the names that scripts use; written by hand, so that they check those too."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def script(self, script: Script, facts: Iterable[str]) -> Script:
        """The same question about this instance alone: its sizes, its budgets and further facts."""
        declared = set(script.declarations)
        sorts = [each for each in self._instance.sizes if f"(declare-sort {quoted(each.name)} 0)" in declared]
        elements = [
            f"(declare-fun {name} () {quoted(sort.name)})"
            for sort in sorts
            for name in self._elements(sort)[len(sort.constants) :]
        ]
        assertions = [*script.assertions, *(fact for sort in sorts for fact in self._covered(sort))]
        for budget, limit in self._instance.limits.items():
            if f"(declare-fun {quoted(f'limit.{budget.name}')} () Int)" in declared:
                assertions.append(f"(= {quoted(f'limit.{budget.name}')} {limit})")
        return Script(script.logic, (*script.declarations, *elements), (*assertions, *facts))

    def state(self, values: Values, mentioned: Script, after: bool = False) -> Iterator[str]:
        """The cells have these values; cells that the script does not speak of are left out."""
        names = " ".join(mentioned.declarations)
        for cell, value in zip(self._instance.cells, values, strict=True):
            field = cell.field.name + (".after" if after else "")
            if f"(declare-fun {quoted(field)} " in names or f"(declare-fun {quoted(f'{field}.present')} " in names:
                index = [self._plain(sort, part) for sort, part in zip(cell.field.domain, cell.index, strict=True)]
                yield self._has(field, index, cell.field.codomain, value)

    def other(self, values: Values, mentioned: Script, after: bool = False) -> str:
        """The state is another one; where the script leaves a cell out, it always may be."""
        facts = list(self.state(values, mentioned, after))
        return f"(not (and true {' '.join(facts)}))" if len(facts) == len(values) else "true"

    def arguments(self, parameters: Sequence[Parameter], arguments: Sequence[int], mentioned: Script) -> Iterator[str]:
        """The arguments of an action have these values."""
        names = " ".join(mentioned.declarations)
        for each, value in zip(parameters, arguments, strict=True):
            if f"(declare-fun {quoted(f'arg.{each.name}')} " in names:
                yield self._has(f"arg.{each.name}", [], each.sort, value)

    def _has(self, name: str, index: list[str], sort: Sort, value: int) -> str:
        """A constant or function at an index has a value of a sort."""

        def at(wanted: str) -> str:
            return f"({' '.join([quoted(wanted), *index])})" if index else quoted(wanted)

        if isinstance(sort, OptionSort):
            present = at(f"{name}.present")
            return f"(and {present} {self._has(name, index, sort.of, value - 1)})" if value else f"(not {present})"
        if isinstance(sort, BooleanSort):
            return at(name) if value else f"(not {at(name)})"
        return f"(= {at(name)} {self._plain(sort, value)})"

    def _plain(self, sort: Sort, value: int) -> str:
        match sort:
            case BooleanSort():
                return "true" if value else "false"
            case ElementSort():
                return self._elements(sort)[value]
            case EnumerationSort():
                return quoted(f"{sort.name}.{sort.members[value]}")
            case _:
                return str(value)

    def _elements(self, sort: ElementSort) -> list[str]:
        further = range(len(sort.constants), self._instance.size(sort))
        return [quoted(f"{sort.name}.{name}") for name in (*sort.constants, *(f"element {n}" for n in further))]

    def _covered(self, sort: ElementSort) -> Iterator[str]:
        """The elements are all there are, and different."""
        names = self._elements(sort)
        if len(names) > 1:
            yield f"(distinct {' '.join(names)})"
        equal = " ".join(f"(= x {name})" for name in names)
        yield f"(forall ((x {quoted(sort.name)})) {equal if len(names) == 1 else f'(or {equal})'})"
