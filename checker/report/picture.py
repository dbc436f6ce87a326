"""From a state to its picture, by the formulas that its machine declares for that; as tables where it declares none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from attorn.checker.report.drawing import Cell, Drawing, Panel, Row, Told, Value
from attorn.spec.language import (
    Concrete,
    Expr,
    Failure,
    Instance,
    Lane,
    Op,
    Picture,
    Property,
    Shown,
    Values,
    value_name,
)
from attorn.spec.language.instance import Cell as Place
from attorn.spec.language.sorts import BooleanSort, ElementSort, EnumerationSort, OptionSort, Sort

__all__ = ["Pictures", "cells_broken"]


class Pictures:
    """Draws the states of one instance.

    Cost: one formula for each thing told of each cell, grounded once; about a millisecond a state.
    """

    def __init__(self, concrete: Concrete) -> None:
        self._concrete = concrete
        self._formulas: dict[tuple[int, tuple[Sort, ...]], Expr] = {}

    @property
    def declared(self) -> Picture | None:
        """The picture that the machine declares."""
        return self._concrete.instance.machine.picture

    def draw(self, state: Values, before: Values | None = None, broken: Collection[int] = ()) -> Drawing:
        """A state; what differs from the state ``before`` is marked as changed.

        broken: numbers of the instance's cells that a violated clause reads, as ``cells_broken`` finds them.
        """
        picture = self.declared
        if picture is None:
            return self.table(state, before, broken)
        look = _Look(self, state, before, frozenset(broken))
        columns, sort = self.values(picture.column_sort), picture.column_sort
        rows = tuple(
            look.row(lane, individual, columns, sort)
            for lane in picture.lanes
            for individual in (self.values(lane.sorts[0]) if lane.sorts else (None,))
        )
        facts = tuple(look.told(picture.facts, ()))
        return Drawing((Panel(columns, rows),), self._palette(picture), facts, _passed(look, picture.no_return))

    def key(self) -> tuple[tuple[str, str], ...]:
        """For each lane of the declared picture, what colours, letters and hatching mean in its cells."""
        picture = self.declared
        return () if picture is None else tuple((lane.title, _key(lane)) for lane in picture.lanes)

    def table(self, state: Values, before: Values | None = None, broken: Collection[int] = ()) -> Drawing:
        """A state as it is, field by field: those with the same last index together, a row for each other index."""
        panels: dict[Sort, dict[str, list[Cell]]] = {}
        facts: list[Told] = []
        for number, place in enumerate(self._concrete.instance.cells):
            sort, now = place.field.codomain, state[number]
            old = now if before is None else before[number]
            was = (_value(sort, old),) if now != old else ()
            said = "" if place.index else place.field.name
            told = Told(said, (_value(sort, now),), was, changed=now != old, broken=number in broken)
            if place.index:
                rows = panels.setdefault(place.field.domain[-1], {})
                rows.setdefault(_table_row(place), []).append(_table_cell(place, now, told))
            else:
                facts.append(told)
        return Drawing(
            tuple(
                Panel(self.values(sort), tuple(Row(title, None, (), tuple(cells)) for title, cells in rows.items()))
                for sort, rows in panels.items()
            ),
            tuple(sort.name for sort in self._concrete.instance.machine.sorts),
            tuple(facts),
        )

    def values(self, sort: Sort) -> tuple[Value, ...]:
        """All values of a sort."""
        return tuple(_value(sort, number) for number in range(self._concrete.instance.size(sort)))

    def shown(self, what: Shown, sorts: tuple[Sort, ...], given: tuple[int, ...], state: Values) -> _Values:
        """The values that something shown has for these arguments, or None where there is nothing to tell."""
        formula, instance = self._formula(what, sorts), self._concrete.instance
        if isinstance(formula.sort, BooleanSort):
            so = [
                further
                for further in instance.indices(what.further)
                if self._concrete.value(formula, (*given, *further), state)
            ]
            return tuple(_joined(what.further, each) for each in so if each) if so else None
        number = self._concrete.value(formula, given, state)
        if isinstance(formula.sort, OptionSort) and number == 0:
            return None
        return (_value(formula.sort, number),)

    def _palette(self, picture: Picture) -> tuple[str, ...]:
        """The sorts that fill cells, in the order of the lanes."""
        names = []
        for lane in picture.lanes:
            if lane.fill is not None:
                formula = self._formula(lane.fill, (*lane.sorts, picture.column_sort))
                names.append(_inner(lane.fill.further[0] if lane.fill.further else formula.sort).name)
        return tuple(dict.fromkeys(names))

    def _formula(self, what: Shown, sorts: tuple[Sort, ...]) -> Expr:
        key = id(what), sorts
        if key not in self._formulas:
            self._formulas[key] = what.traced(self._concrete.instance.machine.state, sorts)
        return self._formulas[key]


def cells_broken(concrete: Concrete, stated: Property, failure: Failure, before: Values, after: Values) -> set[int]:
    """The cells of the last state that a broken conjunct reads at its witness.

    after: the state after the step, for a two-state property, else empty.
    """
    formula, given = failure.clause.formula, [0] * Concrete.VARIABLES
    if formula.op is Op.FORALL:
        for bound, (_, name) in zip(formula.payload[0], failure.witness, strict=True):
            given[bound.payload] = _numbered(concrete.instance, bound.sort, name)
        formula = formula.args[0]
    first, last = _Watched(before), _Watched(after)
    concrete.value(formula, given, first, last)
    return last.read if stated.two_state else first.read


_Values = tuple[Value, ...] | None


class _Look:
    """One look at a state, beside the state before it."""

    def __init__(self, pictures: Pictures, state: Values, before: Values | None, broken: frozenset[int]) -> None:
        self._pictures, self._state, self._before, self._broken = pictures, _Watched(state), before, broken

    def told(self, shown: Sequence[Shown], sorts: tuple[Sort, ...], given: tuple[int, ...] = ()) -> Iterator[Told]:
        """What is told for these arguments: whatever is so, or was so before the step."""
        for each in shown:
            self._state.read.clear()
            now = self._pictures.shown(each, sorts, given, self._state)
            broken = now is not None and not self._broken.isdisjoint(self._state.read)
            was = now if self._before is None else self._pictures.shown(each, sorts, given, self._before)
            if now is not None or was is not None:
                changed = now != was
                yield Told(each.says, now or (), (was or ()) if changed else (), now is None, changed, broken)

    def row(self, lane: Lane, individual: Value | None, columns: tuple[Value, ...], sort: Sort) -> Row:
        """A row of a lane."""
        given = () if individual is None else (individual.number,)
        cells = tuple(self._cell(lane, (*lane.sorts, sort), given, column) for column in columns)
        return Row(lane.title, individual, tuple(self.told(lane.facts, lane.sorts, given)), cells)

    def _cell(self, lane: Lane, sorts: tuple[Sort, ...], given: tuple[int, ...], column: Value) -> Cell:
        place = (*given, column.number)
        outline, fill, hatch = (
            tuple(self.told((each,) if each else (), sorts, place)) for each in (lane.outline, lane.fill, lane.hatch)
        )
        texts = tuple(self.told(lane.texts, sorts, place))
        seen = (*outline, *fill, *hatch, *texts)
        return Cell(
            column.name,
            any(not each.gone for each in seen),
            any(not each.gone for each in hatch),
            fill[0].values if fill else (),
            texts,
            seen,
        )


class _Watched(tuple[int, ...]):
    """A state that notes which of its cells are read."""

    read: set[int]

    def __new__(cls, state: Values) -> _Watched:
        made = super().__new__(cls, state)
        made.read = set()
        return made

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.read.add(index)
        return super().__getitem__(index)


def _passed(look: _Look, no_return: Shown | None) -> str:
    """What there is no way back from since this step, in words."""
    for told in look.told((no_return,) if no_return else (), ()):
        newly = set(told.values) - set(told.was)
        if told.changed and not told.gone and (newly or not told.values):
            return told.text
    return ""


def _key(lane: Lane) -> str:
    ways = [("frame", lane.outline), ("colour", lane.fill), ("hatched", lane.hatch)]
    parts = [*ways, *(("written", each) for each in lane.texts)]
    return "; ".join(f"{how}: {shown.says}" for how, shown in parts if shown)


def _table_row(place: Place) -> str:
    others = [value_name(sort, part) for sort, part in zip(place.field.domain, place.index[:-1], strict=False)]
    return f"{place.field.name}[{', '.join([*others, '·'])}]"


def _table_cell(place: Place, number: int, told: Told) -> Cell:
    sort = place.field.codomain
    nothing = number == 0 and isinstance(sort, BooleanSort | OptionSort)
    coloured = isinstance(_inner(sort), ElementSort | EnumerationSort) and not nothing
    column = value_name(place.field.domain[-1], place.index[-1])
    return Cell(column, not nothing, False, told.values if coloured else (), () if coloured else (told,), (told,))


def _value(sort: Sort, number: int) -> Value:
    name, inner = value_name(sort, number), _inner(sort)
    return Value(inner.name, number - 1 if isinstance(sort, OptionSort) else number, name, _short(inner, name))


def _joined(sorts: tuple[Sort, ...], numbers: tuple[int, ...]) -> Value:
    """One value for several: that of the first sort, with the names of all."""
    values = [_value(sort, number) for sort, number in zip(sorts, numbers, strict=True)]
    name, short = (" ".join(texts) for texts in zip(*((each.name, each.short) for each in values), strict=True))
    return Value(values[0].sort, values[0].number, name, short)


def _short(sort: Sort, name: str) -> str:
    """``P0`` for ``partition0``: the capitals of the sort's name, and the number; other names as they are."""
    if isinstance(sort, ElementSort) and name.startswith(sort.name.lower()):
        return "".join(letter for letter in sort.name if letter.isupper()) + name[len(sort.name) :]
    return name


def _inner(sort: Sort) -> Sort:
    return _inner(sort.of) if isinstance(sort, OptionSort) else sort


def _numbered(instance: Instance, sort: Sort, name: str) -> int:
    return next(number for number in range(instance.size(sort)) if value_name(sort, number) == name)
