"""Kernels: circuits as a straight list of numpy calls over columns, in buffers that are used again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Gate, Node, Value

__all__ = ["Column", "Input", "Kernel", "dtype_of"]

Column = NDArray[Any]
BOOL, BYTE, WIDE = np.dtype(np.bool_), np.dtype(np.uint8), np.dtype(np.int64)


@dataclass(frozen=True)
class Input:
    """Where a kernel finds the value of a node: a column, or one bit of a column of bytes."""

    column: int
    bit: int | None = None


def dtype_of(node: Node) -> np.dtype[Any]:
    """How a column of a node's values is stored."""
    if node.is_truth:
        return BOOL
    return BYTE if node.low >= 0 and node.high <= np.iinfo(BYTE).max else WIDE


class Kernel:
    """Computes some nodes for a block of rows.

    roots:  the nodes wanted, in the order of the answers; a node may be asked for more than once.
    inputs: nodes whose values are given, by ident; they must cut the circuit above all its cells.
    parts:  for some conjunctions, by ident, what to take for their parts.
    """

    def __init__(
        self, roots: Sequence[Node], inputs: Mapping[int, Input], parts: Mapping[int, tuple[Node, ...]]
    ) -> None:
        self._inputs, self._parts = inputs, parts
        self._plan = _Plan(1 + max((each.column for each in inputs.values()), default=-1))
        self._known: dict[tuple[int, bool], _Register] = {}
        for root in roots:
            self._plan.answer(self._register(root, True))
        self._program = self._plan.placed()
        self._buffers: list[Column] = []
        self._capacity = 0

    def __len__(self) -> int:
        return len(self._plan.calls)

    def __call__(self, rows: int, columns: Sequence[Column]) -> Iterator[Column]:
        """The columns of the roots, one by one; each is valid until the next is asked for."""
        program = self._program
        if rows > self._capacity:
            self._buffers = [np.empty(rows, dtype, like=columns[0]) for dtype in program.buffers]
            self._capacity = rows
        values: list[Any] = [*columns[: program.columns], *program.constants]
        for buffer in self._buffers:
            values += (buffer[:rows], buffer[:rows].view(BYTE) if buffer.dtype == BOOL else None)
        done = 0
        for end, answer in program.answers:
            for ufunc, left, right, out in program.calls[done:end]:
                ufunc(values[left], values[right], values[out])
            done = end
            yield values[answer]

    def _register(self, node: Node, sense: bool) -> _Register:
        """The register that has a node's value, or the opposite of it."""
        found = self._known.get((node.ident, sense))
        if found is None:
            found = self._known[node.ident, sense] = self._computed(node, sense)
        return found

    def _computed(self, node: Node, sense: bool) -> _Register:
        plan = self._plan
        given = self._inputs.get(node.ident)
        if given is not None:
            if given.bit is None:
                return plan.column(given.column, dtype_of(node))
            column = plan.column(given.column, BYTE)
            masked = plan.call(np.bitwise_and, BYTE, column, plan.constant(BYTE, 1 << given.bit))
            return plan.call(np.not_equal if sense else np.equal, BOOL, masked, plan.constant(BYTE, 0))
        match node.gate:
            case Gate.NOT:
                return self._register(node.inputs[0], not sense)
            case Gate.AND:
                return self._joined(self._parts.get(node.ident, node.inputs), sense)
            case Gate.EQUAL:
                return plan.call(np.equal if sense else np.not_equal, BOOL, *self._pair(node.args))
            case Gate.LESS:
                return plan.call(np.less if sense else np.greater_equal, BOOL, *self._pair(node.args))
            case Gate.CELL:
                raise AssertionError("a cell is not among the inputs of a kernel")
            case _:
                return self._number(node)

    def _joined(self, parts: Sequence[Node], sense: bool) -> _Register:
        """A conjunction, or the opposite of one."""
        call = self._plan.call
        plain = [self._register(part, True) for part in parts if part.gate is not Gate.NOT]
        opposite = [self._register(part.inputs[0], True) for part in parts if part.gate is Gate.NOT]
        if not plain:
            found = opposite[0]
            for register in opposite[1:]:
                found = call(np.logical_or, BOOL, found, register)
            return self._opposite(found) if sense else found
        found = plain[0]
        for register in plain[1:]:
            found = call(np.logical_and, BOOL, found, register)
        for position, register in enumerate(opposite, start=1):
            # Of truth values, p > q is p and not q; p <= q is the opposite of that.
            last = position == len(opposite) and not sense
            found = call(np.less_equal if last else np.greater, BOOL, found, register)
        return found if sense or opposite else self._opposite(found)

    def _opposite(self, register: _Register) -> _Register:
        return self._plan.call(np.equal, BOOL, register, self._plan.constant(BOOL, False))

    def _number(self, node: Node) -> _Register:
        dtype, call = dtype_of(node), self._plan.call
        args = [self._operand(arg, dtype) for arg in node.args]
        if node.gate is Gate.SELECT:
            condition, then, otherwise = args
            # otherwise + condition * (then - otherwise), in whole numbers that may wrap on the way
            scaled = call(np.multiply, dtype, call(np.subtract, dtype, then, otherwise), condition)
            return call(np.add, dtype, otherwise, scaled)
        return call(np.add if node.gate is Gate.ADD else np.subtract, dtype, *args)

    def _pair(self, args: tuple[Value, ...]) -> tuple[_Register, _Register]:
        """Two numbers as columns of one type."""
        wide = any(not 0 <= arg <= 255 if isinstance(arg, int) else dtype_of(arg) == WIDE for arg in args)
        return self._operand(args[0], WIDE if wide else BYTE), self._operand(args[1], WIDE if wide else BYTE)

    def _operand(self, value: Value, dtype: np.dtype[Any]) -> _Register:
        """A number as a column of the type wanted."""
        if isinstance(value, int):
            return self._plan.constant(dtype, value % 256 if dtype == BYTE else value)
        register = self._register(value, True)
        if register.dtype == dtype:
            return register
        if register.dtype == BOOL and dtype == BYTE:
            return _Register(register.number, BYTE, viewed=True)
        return self._plan.call(_convert, dtype, register, register)


@dataclass(frozen=True)
class _Register:
    """A column on its way; ``viewed`` if it has truth values that are taken as numbers."""

    number: int
    dtype: np.dtype[Any]
    viewed: bool = False


@dataclass(frozen=True)
class _Program:
    """Calls with the places of their operands: columns given, constants, then two for each buffer."""

    columns: int
    constants: list[Any]
    buffers: list[np.dtype[Any]]
    calls: list[tuple[Any, int, int, int]]
    answers: list[tuple[int, int]]


class _Plan:
    """Calls over as many registers as it takes; in the end these share buffers.

    answers: for each answer, after how many calls it is known, and its register.
    """

    def __init__(self, columns: int) -> None:
        self._columns, self._registers = columns, columns
        self.calls: list[tuple[Any, _Register, _Register, _Register]] = []
        self.answers: list[tuple[int, _Register]] = []
        self._constants: dict[tuple[np.dtype[Any], int], _Register] = {}

    def column(self, number: int, dtype: np.dtype[Any]) -> _Register:
        """A column that is given."""
        return _Register(number, dtype)

    def constant(self, dtype: np.dtype[Any], value: int) -> _Register:
        """The same number for every row."""
        found = self._constants.get((dtype, value))
        if found is None:
            found = self._constants[dtype, value] = self._new(dtype)
        return found

    def call(self, ufunc: Any, dtype: np.dtype[Any], left: _Register, right: _Register) -> _Register:
        """The result of one call."""
        out = self._new(dtype)
        self.calls.append((ufunc, left, right, out))
        return out

    def answer(self, register: _Register) -> None:
        """Give a register as the next answer."""
        self.answers.append((len(self.calls), register))

    def _new(self, dtype: np.dtype[Any]) -> _Register:
        self._registers += 1
        return _Register(self._registers - 1, dtype)

    def placed(self) -> _Program:
        """Give every register a buffer that no other one needs at the same time.

        Each buffer has two places: as it is, and its truth values as numbers.
        """
        constants = {register.number: number for number, register in enumerate(self._constants.values())}
        first = self._columns + len(constants)
        place = {number: number for number in range(self._columns)}
        place |= {register: self._columns + number for register, number in constants.items()}
        ends = self._ends()
        buffers: list[np.dtype[Any]] = []
        free: dict[np.dtype[Any], list[int]] = {BOOL: [], BYTE: [], WIDE: []}
        calls = []
        for number, (ufunc, left, right, out) in enumerate(self.calls):
            for ended in ends.get(number, ()):
                if ended.number in place and place[ended.number] >= first:
                    free[buffers[(place[ended.number] - first) // 2]].append(place[ended.number])
            if not free[out.dtype]:
                free[out.dtype].append(first + 2 * len(buffers))
                buffers.append(out.dtype)
            place[out.number] = free[out.dtype].pop()
            calls.append((ufunc, *(place[each.number] + each.viewed for each in (left, right)), place[out.number]))
        values = [dtype.type(value) for dtype, value in self._constants]
        answers = [(end, place[register.number]) for end, register in self.answers]
        return _Program(self._columns, values, buffers, calls, answers)

    def _ends(self) -> dict[int, list[_Register]]:
        """For each call, the registers that nobody needs from then on; its own operands may be among them."""
        last: dict[int, tuple[int, _Register]] = {}
        for number, (_, left, right, _) in enumerate(self.calls):
            last[left.number] = number, left
            last[right.number] = number, right
        for end, register in self.answers:
            if register.number not in last or last[register.number][0] < end:
                last[register.number] = end, register
        ends: dict[int, list[_Register]] = {}
        for number, register in last.values():
            ends.setdefault(number, []).append(register)
        return ends


def _convert(left: Column, _: Any, out: Column) -> None:
    np.copyto(out, left, casting="unsafe")
