"""Terms: arithmetic on machine words, shared and simplified as it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

__all__ = ["ALL", "Op", "Term", "Terms", "Value", "bounds"]

WORD = 64
ALL = (1 << WORD) - 1


class Op(Enum):
    """What a term computes; the value is its instruction, where it is just one."""

    WORD = "word"  # args: its number in the state
    INDEX = "index"  # args: the number of the loop
    FOLD = "fold"  # args: how, the loop, how often, what
    ADD = "add"
    SUBTRACT = "sub"
    MULTIPLY = "mul"
    AND = "and"
    OR = "or"
    XOR = "xor"
    LEFT = "shl"
    RIGHT = "lshr"
    EQUAL = "icmp eq"
    LESS = "icmp slt"
    SELECT = "select"
    COUNT = "llvm.ctpop.i64"
    DIVIDE = "udiv"
    REMAINDER = "urem"


class Term:
    """A word that is known only when the machine code runs; equal ones are the same object.

    low, high: it lies between these, as a signed number; the bits of a mask make a number that is not negative, but
               for masks of all 64 bits, of which nothing is known.
    loops:     the loops that it changes with.
    """

    __slots__ = ("args", "high", "ident", "loops", "low", "op")

    def __init__(self, ident: int, op: Op, args: tuple[Any, ...], low: int, high: int, loops: frozenset[int]) -> None:
        self.ident, self.op, self.args, self.low, self.high, self.loops = ident, op, args, low, high, loops


Value = Term | int


def bounds(value: Value) -> tuple[int, int]:
    """The least and the greatest number that a value may be."""
    return (value, value) if isinstance(value, int) else (value.low, value.high)


class Terms:
    """Makes terms, each once; what is known beforehand is a plain number, of a word without its sign."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Term] = {}
        self._loops = 0

    def word(self, number: Value) -> Term:
        """A word of the state."""
        return self._term(Op.WORD, (number,), 0, ALL)

    def index(self, size: int) -> Term:
        """The number of the round in a loop of its own, from 0 on."""
        self._loops += 1
        return self._term(Op.INDEX, (self._loops,), 0, size - 1, frozenset((self._loops,)))

    def fold(self, op: Op, index: Term, size: int, body: Value) -> Value:
        """All values of a body, for all rounds of a loop, combined by an operation."""
        if isinstance(body, int) or not body.loops & index.loops:
            return self.multiply(body, size) if op is Op.ADD else body
        low, high = bounds(body)
        if op is Op.ADD:
            low, high = min(0, low * size), max(0, high * size)
        return self._term(Op.FOLD, (op, index, size, body), low, high, body.loops - index.loops)

    def add(self, left: Value, right: Value) -> Value:
        """The sum."""
        if isinstance(left, int):
            return left + right if isinstance(right, int) else self.add(right, left)
        if isinstance(right, int) and right == 0:
            return left
        (a, b), (c, d) = bounds(left), bounds(right)
        return self._term(Op.ADD, (left, right), a + c, b + d)

    def subtract(self, left: Value, right: Value) -> Value:
        """The difference."""
        if isinstance(left, int) and isinstance(right, int):
            return left - right
        if left is right or (isinstance(right, int) and right == 0):
            return 0 if left is right else left
        (a, b), (c, d) = bounds(left), bounds(right)
        return self._term(Op.SUBTRACT, (left, right), a - d, b - c)

    def multiply(self, left: Value, factor: int) -> Value:
        """The product with a known number that is not negative."""
        if isinstance(left, int):
            return left * factor
        if factor < 2:
            return left if factor else 0
        low, high = bounds(left)
        return self._term(Op.MULTIPLY, (left, factor), low * factor, high * factor)

    def divided(self, left: Value, by: int) -> tuple[Value, Value]:
        """The quotient and the remainder of a number that is not negative."""
        if isinstance(left, int):
            return divmod(left, by)
        quotient = self._term(Op.DIVIDE, (left, by), 0, left.high // by)
        return quotient, self._term(Op.REMAINDER, (left, by), 0, by - 1)

    def both(self, left: Value, right: Value) -> Value:
        """The bits that both have."""
        if isinstance(left, int):
            return left & right if isinstance(right, int) else self.both(right, left)
        if isinstance(right, int):
            if right == 0 or not _bits(left) & ~right:
                return left if right else 0
            if left.op is Op.AND and isinstance(left.args[1], int):
                return self.both(left.args[0], left.args[1] & right)
            return self._term(Op.AND, (left, right), 0, right & _bits(left))
        if left is right:
            return left
        return self._term(Op.AND, self._ordered(left, right), 0, _bits(left) & _bits(right))

    def either(self, left: Value, right: Value, most: int = ALL) -> Value:
        """The bits that one has, a number that is at most ``most``."""
        if isinstance(left, int):
            return left | right if isinstance(right, int) else self.either(right, left, most)
        if left is right or (isinstance(right, int) and right == 0):
            return left
        high = min(_bits(left) | _bits(right), most)
        if isinstance(right, int):
            return right if right == high else self._term(Op.OR, (left, right), 0, high)
        return self._term(Op.OR, self._ordered(left, right), 0, high)

    def unlike(self, left: Value, right: Value) -> Value:
        """The bits that just one has."""
        if isinstance(left, int):
            return left ^ right if isinstance(right, int) else self.unlike(right, left)
        if left is right:
            return 0
        high = _bits(left) | _bits(right)
        if not isinstance(right, int):
            return self._term(Op.XOR, self._ordered(left, right), 0, high)
        if right == 0:
            return left
        if left.op is Op.XOR and isinstance(left.args[1], int):
            return self.unlike(left.args[0], left.args[1] ^ right)
        return self._term(Op.XOR, (left, right), 0, high)

    def left(self, value: Value, by: Value, most: int = ALL) -> Value:
        """The bits moved up; ``most`` is a mask of those that may result."""
        if isinstance(value, int) and isinstance(by, int):
            return value << by & ALL
        if value == 0 or by == 0:
            return value
        high = _bits(value) << bounds(by)[1] & ALL & most
        high = (1 << high.bit_length()) - 1
        return self._term(Op.LEFT, (value, by), 0, high)

    def right(self, value: Value, by: Value) -> Value:
        """The bits moved down."""
        if isinstance(value, int) and isinstance(by, int):
            return value >> by
        if value == 0 or by == 0:
            return value
        return self._term(Op.RIGHT, (value, by), 0, _bits(value) >> bounds(by)[0])

    def equal(self, left: Value, right: Value) -> Value:
        """Whether two numbers are the same, as 0 or 1."""
        if isinstance(left, int):
            left, right = right, left
        if isinstance(left, int):
            return int(left == right)
        if left is right:
            return 1
        (a, b), (c, d) = bounds(left), bounds(right)
        if b < c or d < a:
            return 0
        if isinstance(right, int) and (a, b) == (0, 1):
            return left if right else self.unlike(left, 1)
        pair: tuple[Value, ...] = (left, right) if isinstance(right, int) else self._ordered(left, right)
        return self._term(Op.EQUAL, pair, 0, 1)

    def less(self, left: Value, right: Value) -> Value:
        """Whether one number is smaller than another, as 0 or 1."""
        (a, b), (c, d) = bounds(left), bounds(right)
        if b < c or a >= d:
            return int(b < c)
        return self._term(Op.LESS, (left, right), 0, 1)

    def select(self, condition: Value, then: Value, otherwise: Value) -> Value:
        """One of two words, by 1 or 0."""
        if isinstance(condition, int):
            return then if condition else otherwise
        if then is otherwise or (isinstance(then, int) and then == otherwise):
            return then
        if (then, otherwise) == (1, 0):
            return condition
        (a, b), (c, d) = bounds(then), bounds(otherwise)
        return self._term(Op.SELECT, (condition, then, otherwise), min(a, c), max(b, d))

    def count(self, mask: Value) -> Value:
        """How many bits are set."""
        if isinstance(mask, int):
            return mask.bit_count()
        return self._term(Op.COUNT, (mask,), 0, _bits(mask).bit_count())

    def _ordered(self, left: Term, right: Term) -> tuple[Value, ...]:
        return (left, right) if left.ident < right.ident else (right, left)

    def _term(self, op: Op, args: Sequence[object], low: int, high: int, loops: frozenset[int] | None = None) -> Term:
        key = (op, *((arg.ident,) if isinstance(arg, Term) else arg for arg in args))
        found = self._known.get(key)
        if found is None:
            if loops is None:
                loops = frozenset().union(*(arg.loops for arg in args if isinstance(arg, Term)))
            found = self._known[key] = Term(len(self._known), op, tuple(args), low, high, loops)
        return found


def _bits(value: Value) -> int:
    """A mask of all bits that may be set."""
    low, high = bounds(value)
    return ALL if low < 0 else (1 << high.bit_length()) - 1
