"""Circuits: shared nodes over the cells of a state, simplified as they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto

__all__ = ["Circuit", "Gate", "Node", "Value", "conjuncts"]


class Gate(Enum):
    """What a node computes from its arguments."""

    CELL = auto()  # args: the number of the cell
    EQUAL = auto()
    LESS = auto()
    ADD = auto()
    SUBTRACT = auto()
    SELECT = auto()  # condition, then, otherwise; of numbers only
    AND = auto()  # any number of truth values, by ident
    NOT = auto()


_TRUTHS = (Gate.EQUAL, Gate.LESS, Gate.AND, Gate.NOT)


class Node:
    """A value that depends on the state; equal ones are the same object.

    low, high: it lies between these; truth values are 0 and 1.
    cells:     the cells that it depends on, as bits of a number.
    """

    __slots__ = ("args", "cells", "gate", "high", "ident", "low")

    def __init__(self, ident: int, gate: Gate, args: tuple[Value, ...], low: int, high: int, cells: int) -> None:
        self.ident, self.gate, self.args, self.low, self.high, self.cells = ident, gate, args, low, high, cells

    @property
    def is_truth(self) -> bool:
        """Whether it is a truth value; a cell with two values counts as one."""
        return self.gate in _TRUTHS or (self.gate is Gate.CELL and self.high == 1)

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The arguments that are nodes."""
        return tuple(arg for arg in self.args if isinstance(arg, Node))


Value = Node | int


class Circuit:
    """Makes nodes, each once; a value that does not depend on the state is a plain number."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = sizes
        self._known: dict[tuple[object, ...], Node] = {}

    def cell(self, number: int) -> Value:
        """What a cell holds."""
        size = self._sizes[number]
        return self._node(Gate.CELL, (number,), 0, size - 1, 1 << number) if size > 1 else 0

    def negation(self, part: Value) -> Value:
        """The opposite truth value."""
        if isinstance(part, int):
            return 1 - part
        if part.gate is Gate.NOT:
            return part.args[0]
        return self._node(Gate.NOT, (part,), 0, 1)

    def disjunction(self, parts: Iterable[Value]) -> Value:
        """Whether one of the parts is true."""
        return self.negation(self.conjunction(self.negation(part) for part in parts))

    def conjunction(self, parts: Iterable[Value]) -> Value:
        """Whether all parts are true; what the parts say of each other is used to shorten them."""
        members: dict[int, Node] = {}
        for part in parts:
            if isinstance(part, int):
                if not part:
                    return 0
            elif part.gate is Gate.AND:
                members.update((each.ident, each) for each in part.inputs)
            else:
                members[part.ident] = part
        if len(members) > 1 and not self._propagate(members):
            return 0
        if len(members) < 2:
            return next(iter(members.values()), 1)
        return self._node(Gate.AND, tuple(members[ident] for ident in sorted(members)), 0, 1)

    def assuming(self, known: Value, parts: Iterable[Value]) -> Value:
        """Whether all parts are true, where it is known that another truth value is; 0 if they contradict it."""
        given = {part.ident for part in conjuncts(known)}
        whole = self.conjunction((known, *parts))
        return whole if whole == 0 else self.conjunction(part for part in conjuncts(whole) if part.ident not in given)

    def _propagate(self, members: dict[int, Node]) -> bool:
        """Replace by constants, inside each member, what the other members decide; False if they contradict.

        A member is shortened only by what it is made of, so all can be shortened at once.
        """
        while True:
            false = {member.inputs[0].ident for member in members.values() if member.gate is Gate.NOT}
            if not false.isdisjoint(members):
                return False
            chosen = {
                member.inputs[0].ident: member.args[1]
                for member in members.values()
                if member.gate is Gate.EQUAL and isinstance(member.args[1], int)
            }
            shorter = {
                ident: self._decided(member, members, false, chosen)
                for ident, member in members.items()
                if member.gate in (Gate.NOT, Gate.EQUAL)
            }
            changed = {ident: value for ident, value in shorter.items() if value is not members[ident]}
            if not changed:
                return True
            for ident, value in changed.items():
                del members[ident]
                if value == 0:
                    return False
            for value in changed.values():
                members.update((each.ident, each) for each in conjuncts(value))

    def _decided(self, member: Node, true: dict[int, Node], false: set[int], chosen: Mapping[int, Value]) -> Value:
        """A member as the others let it be."""
        if member.gate is Gate.EQUAL:
            return 0 if _excluded(member, chosen) else member
        if member.gate is not Gate.NOT:
            return member
        inner = member.inputs[0]
        if _excluded(inner, chosen):
            return 1
        if inner.gate is not Gate.AND:
            return member
        rest = []
        for part in inner.inputs:
            opposite = part.inputs[0] if part.gate is Gate.NOT else None
            if part.ident in false or _excluded(part, chosen) or (opposite is not None and opposite.ident in true):
                return 1
            if part.ident not in true and not (opposite is not None and _excluded(opposite, chosen)):
                rest.append(part)
        return member if len(rest) == len(inner.args) else self.negation(self.conjunction(rest))

    def equal(self, left: Value, right: Value) -> Value:
        """Whether two numbers are the same."""
        if isinstance(left, int):
            left, right = right, left
        if isinstance(left, int):
            return int(left == right)
        if isinstance(right, int):
            if not left.low <= right <= left.high:
                return 0
            if left.is_truth:
                return left if right else self.negation(left)
            if left.gate is Gate.ADD and isinstance(left.args[1], int):
                return self.equal(left.args[0], right - left.args[1])
        else:
            if left is right:
                return 1
            if left.low > right.high or right.low > left.high:
                return 0
            if right.gate is Gate.SELECT or (left.ident > right.ident and left.gate is not Gate.SELECT):
                left, right = right, left
        if left.gate is Gate.SELECT:
            condition, then, otherwise = left.args
            return self.either(condition, self.equal(then, right), self.equal(otherwise, right))
        return self._node(Gate.EQUAL, (left, right), 0, 1)

    def either(self, condition: Value, then: Value, otherwise: Value) -> Value:
        """One of two truth values."""
        if isinstance(condition, int):
            return then if condition else otherwise
        if then is otherwise or (isinstance(then, int) and then == otherwise):
            return then
        opposite = self.negation(condition)
        return self.disjunction((self.conjunction((condition, then)), self.conjunction((opposite, otherwise))))

    def select(self, condition: Value, then: Value, otherwise: Value) -> Value:
        """One of two numbers."""
        if isinstance(condition, int):
            return then if condition else otherwise
        if then is otherwise or (isinstance(then, int) and then == otherwise):
            return then
        if _is_truth(then) and _is_truth(otherwise):
            return self.either(condition, then, otherwise)
        if condition.gate is Gate.NOT:
            condition, then, otherwise = condition.args[0], otherwise, then
        low, high = min(_low(then), _low(otherwise)), max(_high(then), _high(otherwise))
        return self._node(Gate.SELECT, (condition, then, otherwise), low, high)

    def less(self, left: Value, right: Value) -> Value:
        """Whether one number is smaller than another."""
        if _high(left) < _low(right):
            return 1
        if _low(left) >= _high(right):
            return 0
        return self._node(Gate.LESS, (left, right), 0, 1)

    def added(self, left: Value, right: Value) -> Value:
        """The sum of two numbers."""
        if isinstance(left, int):
            return left + right if isinstance(right, int) else self.added(right, left)
        if isinstance(right, int):
            if right == 0:
                return left
            if left.gate is Gate.SELECT:
                condition, then, otherwise = left.args
                return self.select(condition, self.added(then, right), self.added(otherwise, right))
            if left.gate is Gate.ADD and isinstance(left.args[1], int):
                return self.added(left.args[0], left.args[1] + right)
        return self._node(Gate.ADD, (left, right), _low(left) + _low(right), _high(left) + _high(right))

    def subtracted(self, left: Value, right: Value) -> Value:
        """The difference of two numbers."""
        if isinstance(right, int):
            return self.added(left, -right)
        if left is right:
            return 0
        return self._node(Gate.SUBTRACT, (left, right), _low(left) - _high(right), _high(left) - _low(right))

    def replacing(self, known: Mapping[Node, Value]) -> Callable[[Value], Value]:
        """A function from values to what they are when some nodes are replaced."""
        found: dict[int, Value] = {node.ident: value for node, value in known.items()}
        cells = 0
        for node in known:
            cells |= node.cells

        def replaced(part: Value) -> Value:
            if isinstance(part, int) or not part.cells & cells:
                return part
            if part.ident not in found:
                other = part.gate is Gate.CELL
                found[part.ident] = part if other else self._rebuilt(part.gate, [replaced(arg) for arg in part.args])
            return found[part.ident]

        return replaced

    def _rebuilt(self, gate: Gate, args: list[Value]) -> Value:
        match gate:
            case Gate.AND:
                return self.conjunction(args)
            case Gate.NOT:
                return self.negation(args[0])
            case Gate.EQUAL:
                return self.equal(args[0], args[1])
            case Gate.LESS:
                return self.less(args[0], args[1])
            case Gate.ADD:
                return self.added(args[0], args[1])
            case Gate.SUBTRACT:
                return self.subtracted(args[0], args[1])
            case Gate.SELECT:
                return self.select(args[0], args[1], args[2])
            case Gate.CELL:
                raise AssertionError("a cell has no parts")

    def _node(self, gate: Gate, args: tuple[Value, ...], low: int, high: int, cells: int = 0) -> Node:
        key = (gate, *(arg if isinstance(arg, int) else (arg.ident,) for arg in args))
        found = self._known.get(key)
        if found is None:
            for arg in args:
                if isinstance(arg, Node):
                    cells |= arg.cells
            found = self._known[key] = Node(len(self._known), gate, args, low, high, cells)
        return found


def conjuncts(value: Value) -> tuple[Node, ...]:
    """The nodes that a truth value is a conjunction of."""
    if isinstance(value, int):
        return ()
    return value.inputs if value.gate is Gate.AND else (value,)


def _excluded(node: Node, chosen: Mapping[int, Value]) -> bool:
    """Whether a comparison with a constant is false because the same value equals another one."""
    if node.gate is not Gate.EQUAL or not isinstance(node.args[1], int):
        return False
    left = node.args[0]
    return isinstance(left, Node) and chosen.get(left.ident, node.args[1]) != node.args[1]


def _is_truth(value: Value) -> bool:
    return value in (0, 1) if isinstance(value, int) else value.is_truth


def _low(value: Value) -> int:
    return value if isinstance(value, int) else value.low


def _high(value: Value) -> int:
    return value if isinstance(value, int) else value.high
