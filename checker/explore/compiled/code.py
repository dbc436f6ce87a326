"""Code: terms and steps in nested loops, in the assembly language of LLVM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from attorn.checker.explore.compiled.terms import Op, Term, Value

__all__ = ["Code"]

UNIT = {Op.AND: -1, Op.OR: 0, Op.ADD: 0}  # what a fold begins with


class _Nested(NamedTuple):
    """Lines before, inside and after a body that may hold more of the same."""

    before: list[str]
    inside: list[str | _Nested]
    after: list[str]


@dataclass
class _Scope:
    """A body at work.

    loop:  the number of the loop whose body it is, if it is one's.
    names: where the terms computed in it are kept.
    """

    loop: int | None = None
    body: list[str | _Nested] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)


class Code:
    """The body of one function.

    Terms are computed where they are asked for first, but outside the loops that they do not change with.

    state: the name of the pointer to the state.
    """

    def __init__(self, state: str) -> None:
        self._state = state
        self._scopes = [_Scope()]
        self._entry: list[str] = []
        self._names = 0

    def lines(self) -> Iterator[str]:
        """All lines of the body."""
        yield from _flat(self._scopes[0].body)

    @property
    def entry(self) -> list[str]:
        """The lines that belong at the entry of the function."""
        return self._entry

    def say(self, line: str) -> None:
        """Add a line."""
        self._scopes[-1].body.append(f"  {line}")

    def name(self) -> str:
        """A name that is used nowhere else."""
        self._names += 1
        return f"%t{self._names}"

    def slot(self) -> str:
        """A variable."""
        name = self.name()
        self._entry.append(f"  {name} = alloca i64")
        return name

    def load(self, pointer: str) -> str:
        """What a pointer points to."""
        name = self.name()
        self.say(f"{name} = load i64, ptr {pointer}")
        return name

    def at(self, pointer: str, number: str) -> str:
        """The pointer to a word so many words after another."""
        name = self.name()
        self.say(f"{name} = getelementptr i64, ptr {pointer}, i64 {number}")
        return name

    def increase(self, pointer: str, by: str) -> None:
        """Add to what a pointer points to."""
        self._change("add", pointer, by)

    def include(self, pointer: str, bits: str) -> None:
        """Set bits of what a pointer points to."""
        self._change("or", pointer, bits)

    def _change(self, how: str, pointer: str, operand: str) -> None:
        old, new = self.load(pointer), self.name()
        self.say(f"{new} = {how} i64 {old}, {operand}")
        self.say(f"store i64 {new}, ptr {pointer}")

    @contextmanager
    def when(self, truth: Value) -> Iterator[None]:
        """What is added meanwhile is done where a truth value is 1."""
        condition, number = self._truth(self.operand(truth)), self._label()
        with self._nested(
            [f"  br i1 {condition}, label %then{number}, label %end{number}", f"then{number}:"],
            [f"  br label %end{number}", f"end{number}:"],
        ):
            yield

    @contextmanager
    def each_bit(self, mask: Value, index: Term) -> Iterator[None]:
        """What is added meanwhile is done for the number of each bit that is set."""
        slot, number, operand = self.slot(), self._label(), self.operand(mask)
        rest, some, at, less, left = (self.name() for _ in range(5))
        begin = [
            f"  store i64 {operand}, ptr {slot}",
            f"  br label %head{number}",
            f"head{number}:",
            f"  {rest} = load i64, ptr {slot}",
            f"  {some} = icmp ne i64 {rest}, 0",
            f"  br i1 {some}, label %body{number}, label %end{number}",
            f"body{number}:",
            f"  {at} = call i64 @llvm.cttz.i64(i64 {rest}, i1 true)",
            f"  {less} = sub i64 {rest}, 1",
            f"  {left} = and i64 {rest}, {less}",
            f"  store i64 {left}, ptr {slot}",
        ]
        with self._nested(begin, [f"  br label %head{number}", f"end{number}:"], index, at):
            yield

    @contextmanager
    def each_round(self, size: int, index: Term) -> Iterator[None]:
        """What is added meanwhile is done for all numbers below a size."""
        slot, number = self.slot(), self._label()
        at, more, following = (self.name() for _ in range(3))
        begin = [
            f"  store i64 0, ptr {slot}",
            f"  br label %body{number}",
            f"body{number}:",
            f"  {at} = load i64, ptr {slot}",
        ]
        end = [
            f"  {following} = add i64 {at}, 1",
            f"  store i64 {following}, ptr {slot}",
            f"  {more} = icmp ult i64 {following}, {size}",
            f"  br i1 {more}, label %body{number}, label %end{number}",
            f"end{number}:",
        ]
        with self._nested(begin, end, index, at):
            yield

    @contextmanager
    def _nested(self, before: list[str], after: list[str], index: Term | None = None, at: str = "") -> Iterator[None]:
        scope = _Scope()
        if index is not None:
            (scope.loop,) = index.loops
            scope.names[index.ident] = at
        self._scopes.append(scope)
        try:
            yield
        finally:
            self._scopes.pop()
        self._scopes[-1].body.append(_Nested(before, scope.body, after))

    def operand(self, value: Value) -> str:
        """A value as an instruction takes it; computed first, if it is not known yet."""
        if isinstance(value, int):
            return str(value - (1 << 64) if value >= 1 << 63 else value)
        for scope in reversed(self._scopes):
            if value.ident in scope.names:
                return scope.names[value.ident]
        inner, self._scopes = self._scopes, self._home(value)
        try:
            self._scopes[-1].names[value.ident] = found = self._computed(value)
        finally:
            self._scopes = inner
        return found

    def _home(self, value: Term) -> list[_Scope]:
        """The scopes around the place where a term is to be computed."""
        for depth in range(len(self._scopes), 1, -1):
            if self._scopes[depth - 1].loop in value.loops:
                return self._scopes[:depth]
        return self._scopes[:1]

    def _computed(self, term: Term) -> str:
        match term.op:
            case Op.WORD:
                return self.load(self.at(self._state, self.operand(term.args[0])))
            case Op.INDEX:
                raise AssertionError("an index is known in its loop, and used nowhere else")
            case Op.FOLD:
                return self._folded(*term.args)
            case Op.EQUAL | Op.LESS:
                compared = self._instruction(term.op.value, *map(self.operand, term.args))
                return self._said(f"zext i1 {compared} to i64")
            case Op.SELECT:
                condition, then, otherwise = map(self.operand, term.args)
                return self._said(f"select i1 {self._truth(condition)}, i64 {then}, i64 {otherwise}")
            case Op.COUNT:
                return self._said(f"call i64 @{term.op.value}(i64 {self.operand(term.args[0])})")
            case _:
                return self._instruction(term.op.value, *map(self.operand, term.args))

    def _folded(self, how: Op, index: Term, size: int, body: Value) -> str:
        slot = self.slot()
        self.say(f"store i64 {UNIT[how]}, ptr {slot}")
        with self.each_round(size, index):
            self._change(how.value, slot, self.operand(body))
        return self.load(slot)

    def _truth(self, operand: str) -> str:
        return self._instruction("icmp ne", operand, "0")

    def _instruction(self, name: str, left: str, right: str) -> str:
        return self._said(f"{name} i64 {left}, {right}")

    def _said(self, what: str) -> str:
        name = self.name()
        self.say(f"{name} = {what}")
        return name

    def _label(self) -> int:
        self._names += 1
        return self._names


def _flat(body: list[str | _Nested]) -> Iterator[str]:
    for item in body:
        if isinstance(item, str):
            yield item
        else:
            yield from item.before
            yield from _flat(item.inside)
            yield from item.after
