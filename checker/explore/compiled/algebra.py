"""The algebra whose values are terms over the bit planes of a state: a number, or one for each lane of a mask."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from attorn.checker.explore.compiled.planes import WORD, Planes, Shape
from attorn.checker.explore.compiled.terms import Op as Instruction
from attorn.checker.explore.compiled.terms import Term, Terms, Value, bounds
from attorn.spec.language import Expr, Field, Instance, Op
from attorn.spec.language.sorts import Budget, Sort

__all__ = ["Meant", "PlaneAlgebra", "Unlaned", "Varying"]

LANES = WORD - 1  # of one variable: a mask of all is a number without a sign
UNROLLED = 16  # choices of a quantifier's variables that are written out one by one rather than looped over
SELECTED = 16  # values of an index that differs from lane to lane


class Unlaned(Exception):
    """What is asked differs from lane to lane in a way that masks do not express: ask it of one lane at a time."""


@dataclass(frozen=True, eq=False)
class Varying:
    """A value for each lane.

    lane:   which lanes these are: an object for each variable that stands for all its values at once.
    size:   how many there are.
    planes: the bits of the values, the lowest first, each as a mask.
    values: how many values there may be, from 0 on.
    itself: whether each lane has its own number.
    """

    lane: object
    size: int
    planes: tuple[Value, ...]
    values: int
    itself: bool = False

    @property
    def full(self) -> int:
        """The mask of all lanes."""
        return (1 << self.size) - 1


Meant = Value | Varying


class PlaneAlgebra:
    """Truth values are 0 and 1, or masks; numbers are words, or planes. Raises Unlaned where no mask will do.

    written: the words of the state after a step that differ from those before it.
    fields:  what of the state differs in them.
    """

    def __init__(
        self,
        instance: Instance,
        planes: Planes,
        terms: Terms,
        written: Mapping[int, Value] = MappingProxyType({}),
        fields: Collection[Field] = (),
    ) -> None:
        self._instance, self._planes, self.terms = instance, planes, terms
        self._written, self._fields = written, fields
        self._weights: dict[Sort, int] = {}
        for field, shape in planes.shapes.items():
            if shape.lane is not None:
                sort = field.domain[shape.lane]
                self._weights[sort] = self._weights.get(sort, 0) + shape.rows

    def lanes(self, sort: Sort) -> Varying:
        """All values of a sort at once; raises Unlaned where they are too many or too few for it."""
        size = self._instance.size(sort)
        if not 1 < size <= LANES:
            raise Unlaned
        planes = tuple(
            sum(1 << lane for lane in range(size) if lane >> plane & 1) for plane in range((size - 1).bit_length())
        )
        return Varying(object(), size, planes, size, itself=True)

    def constant(self, sort: Sort, number: int) -> Meant:
        return number

    def limit(self, budget: Budget) -> Meant:
        return self._instance.limits[budget]

    def read(self, field: Field, index: tuple[Meant, ...], after: bool) -> Meant:
        shape = self._planes.shapes[field]
        if not shape.planes:
            return 0
        for position, part in enumerate(index):
            if isinstance(part, Varying) and not (part.itself and position == shape.lane):
                return self._read_by(part, field, index, position, after)
        lane, others = split(shape, index)
        number = self.numbered(shape, others)
        differs = after and field in self._fields
        rows = [self._plane(shape, number, plane, differs) for plane in range(shape.planes)]
        if isinstance(lane, Varying):
            return Varying(lane.lane, lane.size, tuple(self._masked(row, lane.full) for row in rows), shape.values)
        found: Value = 0
        for plane, (word, shift) in enumerate(rows):
            bit = self.terms.both(self.terms.right(word, self.terms.add(shift, lane)), 1)
            found = self.terms.either(found, self.terms.left(bit, plane), shape.values - 1)
        return found

    def _read_by(self, part: Varying, field: Field, index: tuple[Meant, ...], position: int, after: bool) -> Meant:
        """A cell of which one index varies: one is chosen of those that are read for each of its values."""
        before, behind = index[:position], index[position + 1 :]
        size = self._planes.shapes[field].sizes[position]
        return self._selected(part, size, lambda value: self.read(field, (*before, value, *behind), after))

    def _masked(self, row: tuple[Value, Value], full: int) -> Value:
        return self.terms.both(self.terms.right(*row), full)

    def numbered(self, shape: Shape, others: Sequence[Value]) -> Value:
        """The number of an index without its lane."""
        sizes = [size for position, size in enumerate(shape.sizes) if position != shape.lane]
        number: Value = 0
        for size, part in zip(sizes, others, strict=True):
            number = self.terms.add(self.terms.multiply(number, size), part)
        return number

    def _plane(self, shape: Shape, number: Value, plane: int, differs: bool) -> tuple[Value, Value]:
        """The word of a plane, before a step or where it may differ after it, and the lowest of its bits there."""
        word, shift = self.row(shape, number, plane)
        found: Value = self.terms.word(word)
        if differs:
            for each in range(shape.word, shape.word + shape.words):
                if each in self._written:
                    found = self.terms.select(self.terms.equal(word, each), self._written[each], found)
        return found, shift

    def row(self, shape: Shape, number: Value, plane: int) -> tuple[Value, Value]:
        """The number of the word of a plane, and the lowest of its bits there."""
        if isinstance(number, int):
            return shape.row(number, plane)
        terms = self.terms
        row = terms.add(terms.multiply(number, shape.planes), plane)
        if shape.words == 1:
            return shape.word, terms.both(terms.add(terms.multiply(row, shape.lanes), shape.shift), WORD - 1)
        word, row = terms.divided(row, WORD // shape.lanes)
        return terms.add(word, shape.word), terms.multiply(row, shape.lanes)

    def _selected(self, by: Varying, size: int, read: Callable[[Value], Meant]) -> Meant:
        """What is read at an index that differs from lane to lane."""
        if size > SELECTED:
            raise Unlaned
        found: list[Value] = []
        values = 0
        for number in range(size):
            chosen = self.same(by, number)
            part = self.spread(read(number), by)
            values = max(values, part.values)
            found += [0] * (len(part.planes) - len(found))
            for plane, mask in enumerate(part.planes):
                found[plane] = self.terms.either(found[plane], self.terms.both(chosen, mask))
        return Varying(by.lane, by.size, tuple(found), values)

    def spread(self, value: Meant, over: Varying) -> Varying:
        """The same value for all lanes; raises Unlaned for one that has lanes of its own, or may be negative."""
        if isinstance(value, Varying):
            if value.lane is not over.lane:
                raise Unlaned
            return value
        low, high = bounds(value)
        if low < 0 or high.bit_length() > 16:
            raise Unlaned
        planes = tuple(self.mask_if(self._bit(value, plane), over.full) for plane in range(high.bit_length()))
        return Varying(over.lane, over.size, planes, high + 1)

    def mask_if(self, truth: Value, full: int) -> Value:
        """All lanes if a truth value is 1, none if it is 0."""
        return full * truth if isinstance(truth, int) else self.terms.both(self.terms.subtract(0, truth), full)

    def _bit(self, value: Value, plane: int) -> Value:
        return self.terms.both(self.terms.right(value, plane), 1)

    def same(self, by: Varying, other: Meant) -> Value:
        """The mask of the lanes where two values are the same."""
        terms = self.terms
        if by.itself and not isinstance(other, Varying) and bounds(other)[0] >= 0 and bounds(other)[1] < by.size:
            return terms.left(1, other, by.full)
        if isinstance(other, int) and not 0 <= other < by.values:
            return 0
        wanted = self.spread(other, by)
        found: Value = by.full
        for mine, others in itertools.zip_longest(by.planes, wanted.planes, fillvalue=0):
            found = terms.both(found, terms.unlike(terms.unlike(mine, others), by.full))
        return found

    def equal(self, sort: Sort, left: Meant, right: Meant) -> Meant:
        if isinstance(left, Varying):
            return Varying(left.lane, left.size, (self.same(left, right),), 2)
        if isinstance(right, Varying):
            return Varying(right.lane, right.size, (self.same(right, left),), 2)
        return self.terms.equal(left, right)

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Meant]]) -> Meant:
        return self._joined(conjunction, (later() for later in parts))

    def _joined(self, conjunction: bool, parts: Iterable[Meant]) -> Meant:
        """The same of parts that are taken one after the other, as far as they are needed."""
        join, end = (self.terms.both, 0) if conjunction else (self.terms.either, 1)
        single: Value = 1 - end
        varying: list[Varying] = []
        for part in parts:
            if isinstance(part, Varying):
                varying.append(part)
            else:
                single = join(single, part)
            if isinstance(single, int) and single == end:
                return end
        if not varying:
            return single
        first = varying[0]
        mask = self.mask_if(single, first.full)
        for each in varying:
            mask = join(mask, self.truth(self.spread(each, first)))
        return Varying(first.lane, first.size, (mask,), 2)

    @staticmethod
    def truth(value: Varying) -> Value:
        """The mask of the lanes where a truth value is 1."""
        return value.planes[0] if value.planes else 0

    def negation(self, part: Meant) -> Meant:
        if isinstance(part, Varying):
            return Varying(part.lane, part.size, (self.terms.unlike(self.truth(part), part.full),), 2)
        return self.terms.unlike(part, 1)

    def implication(self, premise: Callable[[], Meant], conclusion: Callable[[], Meant]) -> Meant:
        return self.joined(False, (lambda: self.negation(premise()), conclusion))

    def choice(self, sort: Sort, condition: Meant, then: Meant, otherwise: Meant) -> Meant:
        if isinstance(condition, int):
            return then if condition else otherwise
        over = next((each for each in (condition, then, otherwise) if isinstance(each, Varying)), None)
        if over is None:
            assert not isinstance(condition, Varying)
            assert not isinstance(then, Varying)
            assert not isinstance(otherwise, Varying)
            return self.terms.select(condition, then, otherwise)
        where = self.truth(self.spread(condition, over))
        one, other = self.spread(then, over), self.spread(otherwise, over)
        elsewhere = self.terms.unlike(where, over.full)
        planes = tuple(
            self.terms.either(self.terms.both(where, mine), self.terms.both(elsewhere, others))
            for mine, others in itertools.zip_longest(one.planes, other.planes, fillvalue=0)
        )
        return Varying(over.lane, over.size, planes, max(one.values, other.values))

    def less(self, left: Meant, right: Meant) -> Meant:
        return self.terms.less(_single(left), _single(right))

    def added(self, left: Meant, right: Meant) -> Meant:
        if isinstance(right, Varying) and not isinstance(left, Varying):
            left, right = right, left
        if isinstance(left, Varying) and isinstance(right, int) and right == 1:
            return self._increased(left)
        return self.terms.add(_single(left), _single(right))

    def _increased(self, value: Varying) -> Varying:
        """The next number for each lane."""
        planes: list[Value] = []
        carry: Value = value.full
        for plane in range(value.values.bit_length()):
            mine = value.planes[plane] if plane < len(value.planes) else 0
            planes.append(self.terms.unlike(mine, carry))
            carry = self.terms.both(mine, carry)
        return Varying(value.lane, value.size, tuple(planes), value.values + 1)

    def subtracted(self, left: Meant, right: Meant) -> Meant:
        return self.terms.subtract(_single(left), _single(right))

    def some(self, sort: Sort, value: Meant) -> Meant:
        return self.added(value, 1)

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Meant, ...]], Meant]
    ) -> Meant:
        candidates = sorted(range(len(variables)), key=lambda each: -self._weights.get(variables[each].sort, 0))
        for at in candidates:
            try:
                return self._over_lanes(op, variables, at, body)
            except Unlaned:
                continue
        return self._rounds(op, tuple(bound.sort for bound in variables), body)

    def _over_lanes(
        self, op: Op, variables: Sequence[Expr], at: int, body: Callable[[tuple[Meant, ...]], Meant]
    ) -> Meant:
        """A quantifier, one variable of which stands for all its values at once."""
        lanes = self.lanes(variables[at].sort)
        others = tuple(bound.sort for number, bound in enumerate(variables) if number != at)

        def mask(values: tuple[Meant, ...]) -> Meant:
            found = self.spread(body((*values[:at], lanes, *values[at:])), lanes)
            truth = self.truth(found)
            return self.terms.count(truth) if op is Op.COUNT else Varying(lanes.lane, lanes.size, (truth,), 2)

        found = self._rounds(op, others, mask)
        if op is Op.COUNT:
            return found
        truth = self.truth(self.spread(found, lanes))
        if op is Op.FORALL:
            return self.terms.equal(truth, lanes.full)
        return self.terms.unlike(self.terms.equal(truth, 0), 1)

    def _rounds(self, op: Op, sorts: tuple[Sort, ...], body: Callable[[tuple[Meant, ...]], Meant]) -> Meant:
        """A quantifier over variables one value after the other: written out if they are few, else in loops."""
        sizes = [self._instance.size(sort) for sort in sorts]
        if math.prod(sizes) <= UNROLLED:
            return self._combined(op, (body(numbers) for numbers in itertools.product(*map(range, sizes))))
        indices = [self.terms.index(size) if size > 1 else 0 for size in sizes]
        found = body(tuple(indices))
        how = {Op.FORALL: Instruction.AND, Op.EXISTS: Instruction.OR, Op.COUNT: Instruction.ADD}[op]
        if op is Op.COUNT:
            found = _single(found)
        for index, size in reversed(list(zip(indices, sizes, strict=True))):
            if isinstance(index, Term):
                found = self._folded(how, index, size, found)
        return found

    def _folded(self, how: Instruction, index: Term, size: int, body: Meant) -> Meant:
        if isinstance(body, Varying):
            return Varying(body.lane, body.size, (self.terms.fold(how, index, size, self.truth(body)),), 2)
        return self.terms.fold(how, index, size, body)

    def _combined(self, op: Op, parts: Iterator[Meant]) -> Meant:
        if op is not Op.COUNT:
            return self._joined(op is Op.FORALL, parts)
        total: Value = 0
        for part in parts:
            total = self.terms.add(total, _single(part))
        return total


def split(shape: Shape, index: Sequence[Meant]) -> tuple[Meant, list[Value]]:
    """The part of an index that is the lane, 0 where there is none, and the others."""
    lane: Meant = 0
    others: list[Value] = []
    for position, part in enumerate(index):
        if position == shape.lane:
            lane = part
        else:
            others.append(_single(part))
    return lane, others


def _single(value: Meant) -> Value:
    """A value that is the same for all lanes."""
    if isinstance(value, Varying):
        raise Unlaned
    return value
