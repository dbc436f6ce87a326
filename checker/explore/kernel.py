"""Kernels: circuits as a straight list of numpy calls over columns, in buffers that are used again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Gate, Node, Value

__all__ = ["Column", "Input", "Kernel", "dtype_of"]

Column = NDArray[Any]
BYTE = 255


@dataclass(frozen=True)
class Input:
    """Where a kernel finds the value of a node: a column, or one bit of a column of bytes."""

    column: int
    bit: int | None = None


def dtype_of(node: Node) -> np.dtype[Any]:
    """How a column of a node's values is stored."""
    if node.is_truth:
        return np.dtype(np.bool_)
    return np.dtype(np.uint8 if node.low >= 0 and node.high <= BYTE else np.int64)


class Kernel:
    """Computes some nodes for a block of rows.

    roots:  the nodes wanted, in the order of the answers.
    inputs: nodes whose values are given, by ident; they must cut the circuit above all its cells.
    parts:  for some conjunctions, by ident, what to take for their parts.
    """

    def __init__(
        self, roots: Sequence[Node], inputs: Mapping[int, Input], parts: Mapping[int, tuple[Node, ...]] | None = None
    ) -> None:
        self._inputs = inputs
        self._parts = parts or {}
        self._calls: list[tuple[Any, int, int, int]] = []  # ufunc, left, right, out: numbers of virtual registers
        self._dtypes: list[np.dtype[Any]] = []
        self._constants: dict[int, Any] = {}
        self._known: dict[tuple[int, bool], int] = {}
        self._columns = 1 + max((each.column for each in inputs.values()), default=-1)
        self._registers = self._columns
        self._dtypes = [np.dtype(np.uint8)] * self._columns
        self._roots = [self._register(root, True) for root in roots]
        self._place()
        self._buffers: list[Column] = []
        self._capacity = 0

    def __len__(self) -> int:
        return len(self._calls)

    def __call__(self, rows: int, columns: Sequence[Column]) -> list[Column]:
        """The columns of the roots; they stay valid until the next call."""
        if rows > self._capacity:
            self._buffers = [np.empty(rows, dtype) for dtype in self._places]
            self._capacity = rows
        values: list[Any] = [*columns[: self._columns], *(buffer[:rows] for buffer in self._buffers), *self._fixed]
        for ufunc, left, right, out in self._program:
            ufunc(values[left], values[right], values[out])
        return [values[number] for number in self._answers]

    def _register(self, node: Node, sense: bool) -> int:
        """The register that has a node's value, or the opposite of it."""
        found = self._known.get((node.ident, sense))
        if found is None:
            found = self._known[node.ident, sense] = self._compute(node, sense)
        return found

    def _compute(self, node: Node, sense: bool) -> int:
        given = self._inputs.get(node.ident)
        if given is not None:
            if given.bit is not None:
                masked = self._call(np.bitwise_and, np.uint8, given.column, self._constant(np.uint8(1 << given.bit)))
                return self._call(np.not_equal if sense else np.equal, np.bool_, masked, self._constant(np.uint8(0)))
            self._dtypes[given.column] = dtype_of(node)
            return given.column if sense else self._opposite(given.column)
        if not node.is_truth:
            return self._number(node)
        match node.gate:
            case Gate.NOT:
                return self._register(node.inputs[0], not sense)
            case Gate.AND:
                return self._joined(self._parts.get(node.ident, node.inputs), sense)
            case Gate.EQUAL:
                left, right = self._pair(node.args)
                return self._call(np.equal if sense else np.not_equal, np.bool_, left, right)
            case Gate.LESS:
                left, right = self._pair(node.args)
                return self._call(np.less if sense else np.greater_equal, np.bool_, left, right)
            case _:
                raise AssertionError(f"{node.gate} is not among the inputs")

    def _joined(self, parts: Sequence[Node], sense: bool) -> int:
        """A conjunction, or the opposite of one."""
        plain = [self._register(part, True) for part in parts if part.gate is not Gate.NOT]
        opposite = [self._register(part.inputs[0], True) for part in parts if part.gate is Gate.NOT]
        if not plain:
            found = opposite[0]
            for number in opposite[1:]:
                found = self._call(np.logical_or, np.bool_, found, number)
            return self._opposite(found) if sense else found
        found = plain[0]
        for number in plain[1:]:
            found = self._call(np.logical_and, np.bool_, found, number)
        for position, number in enumerate(opposite, start=1):
            # Of truth values, p > q is p and not q; p <= q is the opposite of that.
            last = position == len(opposite) and not sense
            found = self._call(np.less_equal if last else np.greater, np.bool_, found, number)
        return found if sense or opposite else self._opposite(found)

    def _opposite(self, register: int) -> int:
        return self._call(np.equal, np.bool_, register, self._constant(np.bool_(False)))

    def _number(self, node: Node) -> int:
        dtype = dtype_of(node)
        if node.gate is Gate.SELECT:
            condition = self._number_register(node.args[0], dtype)
            then, otherwise = (self._number_register(arg, dtype) for arg in node.args[1:])
            # otherwise + condition * (then - otherwise), whole numbers that may wrap on the way
            difference = self._call(np.subtract, dtype, then, otherwise)
            scaled = self._call(np.multiply, dtype, difference, condition)
            return self._call(np.add, dtype, otherwise, scaled)
        left, right = (self._number_register(arg, dtype) for arg in node.args)
        return self._call(np.add if node.gate is Gate.ADD else np.subtract, dtype, left, right)

    def _pair(self, args: tuple[Value, ...]) -> tuple[int, int]:
        """Two numbers as columns of one type."""
        wide = any(not 0 <= arg <= BYTE if isinstance(arg, int) else dtype_of(arg) == np.int64 for arg in args)
        dtype = np.dtype(np.int64 if wide else np.uint8)
        left, right = (self._number_register(arg, dtype) for arg in args)
        return left, right

    def _number_register(self, value: Value, dtype: np.dtype[Any]) -> int:
        """A number as a column of the type wanted."""
        if isinstance(value, int):
            return self._constant(dtype.type(value % (BYTE + 1) if dtype == np.uint8 else value))
        register = self._register(value, True)
        if dtype_of(value) == dtype:
            return register
        return self._call(_convert, dtype, register, register)

    def _constant(self, value: Any) -> int:
        for number, known in self._constants.items():
            if known.dtype == value.dtype and known == value:
                return number
        self._constants[self._new(value.dtype)] = value
        return self._registers - 1

    def _call(self, ufunc: Any, dtype: Any, left: int, right: int) -> int:
        out = self._new(np.dtype(dtype))
        self._calls.append((ufunc, left, right, out))
        return out

    def _new(self, dtype: np.dtype[Any]) -> int:
        self._dtypes.append(dtype)
        self._registers += 1
        return self._registers - 1

    def _place(self) -> None:
        """Give every register a buffer that no other register needs at the same time."""
        last = {register: number for number, call in enumerate(self._calls) for register in call[1:3]}
        last |= dict.fromkeys(self._roots, len(self._calls))
        free: dict[np.dtype[Any], list[int]] = {}
        place: dict[int, int] = {number: number for number in range(self._columns)}
        self._places: list[np.dtype[Any]] = []
        program = []
        for number, (ufunc, left, right, out) in enumerate(self._calls):
            for register in {left, right}:
                if last[register] == number and register >= self._columns and register not in self._constants:
                    free.setdefault(self._dtypes[register], []).append(place[register])
            spare = free.setdefault(self._dtypes[out], [])
            if not spare:
                spare.append(self._columns + len(self._places))
                self._places.append(self._dtypes[out])
            place[out] = spare.pop()
            program.append((ufunc, left, right, out))
        self._fixed = list(self._constants.values())
        first = self._columns + len(self._places)
        place |= {register: first + number for number, register in enumerate(self._constants)}
        self._program = [(ufunc, place[a], place[b], place[out]) for ufunc, a, b, out in program]
        self._answers = [place[root] for root in self._roots]


def _convert(left: Column, _: Any, out: Column) -> None:
    np.copyto(out, left, casting="unsafe")
