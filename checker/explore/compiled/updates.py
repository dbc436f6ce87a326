"""Updates: the words of a state after a step, and whether the step is well defined."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from attorn.checker.explore.compiled.algebra import PlaneAlgebra, Unlaned, Varying, split
from attorn.checker.explore.compiled.planes import Planes, Shape
from attorn.checker.explore.compiled.refusal import CannotCompile
from attorn.checker.explore.compiled.terms import ALL, Value, bounds
from attorn.spec.language import Expr, Field, Instance, Interpreter, Op, Write

__all__ = ["Updates"]

WRITTEN_OUT = 256  # choices of binders, beyond one that stands for all its values at once


@dataclass
class _After:
    """A step at work.

    words: those of the state after it that differ.
    twice: for each field that is written more than once, the bits of its lowest planes that were written.
    fault: whether it writes a cell twice, or a number out of its range.
    """

    words: dict[int, Value] = field(default_factory=dict)
    twice: dict[Field, dict[int, Value]] = field(default_factory=dict)
    fault: Value = 0


class Updates:
    """Makes of writes what they do to the words of a state."""

    def __init__(self, instance: Instance, planes: Planes, algebra: PlaneAlgebra, interpret: Interpreter) -> None:
        self._instance, self._planes, self._algebra, self._interpret = instance, planes, algebra, interpret
        self._terms = algebra.terms

    def made(self, writes: Sequence[Write], given: Mapping[int, Value]) -> tuple[dict[int, Value], Value]:
        """The words that an enabled step changes, and whether it is ill defined, as 0 or 1."""
        after = _After()
        for number, write in enumerate(writes):
            others = [other for at, other in enumerate(writes) if at != number and other.field is write.field]
            if not all(_apart(write, other) for other in others):
                after.twice.setdefault(write.field, {})
            self._write(after, write, given)
        return after.words, after.fault

    def _write(self, after: _After, write: Write, given: Mapping[int, Value]) -> None:
        shape = self._planes.shapes[write.field]
        at = None if shape.lane is None else write.index[shape.lane]
        binder = next((number for number, each in enumerate(write.binders) if each is at), None)
        if binder is not None:
            try:
                return self._write_all(after, write, binder, given)
            except Unlaned:
                pass
        for numbers in self._written_out(write.binders):
            bound = {each.payload: number for each, number in zip(write.binders, numbers, strict=True)}
            self._write_one(after, write, {**given, **bound})

    def _written_out(self, binders: Sequence[Expr]) -> list[tuple[int, ...]]:
        sizes = [self._instance.size(each.sort) for each in binders]
        if math.prod(sizes) > WRITTEN_OUT:
            raise CannotCompile(f"an update writes {math.prod(sizes):,} cells one by one, too many for machine code.")
        return list(itertools.product(*map(range, sizes)))

    def _write_all(self, after: _After, write: Write, binder: int, given: Mapping[int, Value]) -> None:
        """Write for all values of one binder at once; raises Unlaned before anything is written where that fails."""
        shape = self._planes.shapes[write.field]
        bound = write.binders[binder]
        lanes = self._algebra.lanes(bound.sort)
        others = [each for each in write.binders if each is not bound]
        made = []
        for numbers in self._written_out(others):
            known = {**given, bound.payload: lanes}
            known |= {each.payload: number for each, number in zip(others, numbers, strict=True)}
            where = self._algebra.truth(self._algebra.spread(self._interpret(write.condition, known), lanes))
            _, place = split(shape, [self._interpret(part, known) for part in write.index])
            assert write.value is not None
            value = self._algebra.spread(self._interpret(write.value, known), lanes)
            made.append((where, self._algebra.numbered(shape, place), value))
        for where, number, value in made:
            planes = (*value.planes, *[0] * (shape.planes - len(value.planes)))
            for code in range(shape.values, value.values):
                self._fail(after, self._terms.both(where, self._algebra.same(value, code)))
            self._note(after, write.field, number, where, 0)
            for plane in range(shape.planes):
                bits = self._terms.both(where, planes[plane])
                self._place(after.words, shape, number, plane, where, bits)

    def _write_one(self, after: _After, write: Write, given: Mapping[int, Value]) -> None:
        """Write one cell."""
        terms, shape = self._terms, self._planes.shapes[write.field]
        where = self._single(write.condition, given)
        if where == 0:
            return
        assert write.value is not None
        index = [self._single(part, given) for part in write.index]
        lane, others = split(shape, index)
        assert not isinstance(lane, Varying)
        number = self._algebra.numbered(shape, others)
        value = self._single(write.value, given)
        low, high = bounds(value)
        if low < 0 or high >= shape.values:
            outside = terms.either(terms.less(value, 0), terms.less(shape.values - 1, value))
            self._fail(after, terms.both(where, outside))
        self._note(after, write.field, number, where, lane)
        for plane in range(shape.planes):
            bit = terms.both(terms.both(terms.right(value, plane), 1), where)
            self._place(after.words, shape, number, plane, terms.left(where, lane), terms.left(bit, lane))

    def _single(self, formula: Expr, given: Mapping[int, Value]) -> Value:
        found = self._interpret(formula, dict(given))
        assert not isinstance(found, Varying), "no lane is given"
        return found

    def _fail(self, after: _After, mask: Value) -> None:
        after.fault = self._terms.either(after.fault, self._terms.unlike(self._terms.equal(mask, 0), 1))

    def _note(self, after: _After, of: Field, number: Value, where: Value, lane: Value) -> None:
        """Note that cells are written, and that it is a fault if they were before."""
        if of not in after.twice:
            return
        shape, terms = self._planes.shapes[of], self._terms
        cells = terms.left(where, lane)
        before = after.twice[of]
        for word, mask in self._parts(shape, number, 0, cells):
            known = before.get(word, 0)
            self._fail(after, terms.both(known, mask))
            before[word] = terms.either(known, mask)

    def _place(
        self, words: dict[int, Value], shape: Shape, number: Value, plane: int, where: Value, bits: Value
    ) -> None:
        """Put bits in some lanes of a plane."""
        terms = self._terms
        parts = zip(self._parts(shape, number, plane, where), self._parts(shape, number, plane, bits), strict=True)
        for (word, mask), (_, put) in parts:
            old = words.get(word, terms.word(word))
            kept = terms.both(old, terms.unlike(mask, ALL))
            words[word] = terms.either(kept, put)

    def _parts(self, shape: Shape, number: Value, plane: int, lanes: Value) -> list[tuple[int, Value]]:
        """Where some lanes of a plane are: the bits in each word that it may be in."""
        terms = self._terms
        word, shift = self._algebra.row(shape, number, plane)
        placed = terms.left(lanes, shift)
        if isinstance(word, int):
            return [(word, placed)]
        return [
            (each, terms.select(terms.equal(word, each), placed, 0))
            for each in range(shape.word, shape.word + shape.words)
        ]


def _apart(one: Write, other: Write) -> bool:
    """Whether two writes to a field can never mean the same cell."""
    return any(
        a.op is Op.CONSTANT and b.op is Op.CONSTANT and a.payload != b.payload
        for a, b in zip(one.index, other.index, strict=True)
    )
