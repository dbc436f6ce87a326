"""Machine code out of functions over 64-bit words, written in a small part of Python.

Every value is an unsigned 64-bit number; arithmetic drops what does not fit. ``a[i]`` is the word at the address
``a + 8 * i``. A function may use ``while``, ``for ... in range(...)``, ``if``, ``break``, ``continue``, ``return``,
comparisons of two values, ``and``, ``or``, ``not``, other functions of its program, constants of its program, and what
`PRELUDE` defines. Functions that others call take and return such numbers too.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["Word", "program_text"]

Word = Any
"""What the functions of a program take and return; only a compiled one knows what to do with it."""

PRELUDE = """
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
declare i64 @llvm.cttz.i64(i64, i1)
declare i64 @llvm.ctpop.i64(i64)

define internal i64 @prefetch(i64 %address) alwaysinline {
  %pointer = inttoptr i64 %address to ptr
  call void @llvm.prefetch.p0(ptr %pointer, i32 0, i32 2, i32 1)
  ret i64 0
}

define internal i64 @lowest(i64 %mask) alwaysinline {
  %found = call i64 @llvm.cttz.i64(i64 %mask, i1 false)
  ret i64 %found
}

define internal i64 @ones(i64 %mask) alwaysinline {
  %count = call i64 @llvm.ctpop.i64(i64 %mask)
  ret i64 %count
}

define internal i64 @matches(i64 %line, i64 %upper) alwaysinline {
  %pointer = inttoptr i64 %line to ptr
  %words = load <8 x i64>, ptr %pointer, align 64
  %uppers = lshr <8 x i64> %words, <i64 32, i64 32, i64 32, i64 32, i64 32, i64 32, i64 32, i64 32>
  %one = insertelement <8 x i64> poison, i64 %upper, i64 0
  %all = shufflevector <8 x i64> %one, <8 x i64> poison, <8 x i32> zeroinitializer
  %equal = icmp eq <8 x i64> %uppers, %all
  %filled = icmp ne <8 x i64> %words, zeroinitializer
  %both = and <8 x i1> %equal, %filled
  %mask = bitcast <8 x i1> %both to i8
  %wide = zext i8 %mask to i64
  ret i64 %wide
}

define internal i64 @equals(i64 %line, i64 %word) alwaysinline {
  %pointer = inttoptr i64 %line to ptr
  %words = load <8 x i64>, ptr %pointer, align 64
  %one = insertelement <8 x i64> poison, i64 %word, i64 0
  %all = shufflevector <8 x i64> %one, <8 x i64> poison, <8 x i32> zeroinitializer
  %equal = icmp eq <8 x i64> %words, %all
  %mask = bitcast <8 x i1> %equal to i8
  %wide = zext i8 %mask to i64
  ret i64 %wide
}

define internal i64 @zeros(i64 %line) alwaysinline {
  %found = call i64 @equals(i64 %line, i64 0)
  ret i64 %found
}
"""
PROVIDED = ("prefetch", "lowest", "ones", "matches", "equals", "zeros")
OPERATIONS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.FloorDiv: "udiv",
    ast.Mod: "urem",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "shl",
    ast.RShift: "lshr",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "ult",
    ast.LtE: "ule",
    ast.Gt: "ugt",
    ast.GtE: "uge",
}


def prefetch(address: Word) -> Word:
    """Have the processor fetch the cache line at an address, and go on at once."""


def lowest(mask: Word) -> Word:
    """The number of the lowest bit that is set; 64 if there is none."""


def ones(mask: Word) -> Word:
    """How many bits are set."""


def matches(line: Word, upper: Word) -> Word:
    """Which of the eight words of a cache line, as a mask, are not zero and have a number as their upper half."""


def equals(line: Word, word: Word) -> Word:
    """Which of the eight words of a cache line, as a mask, are a number."""


def zeros(line: Word) -> Word:
    """Which of the eight words of a cache line, as a mask, are zero."""


def local(words: int) -> Word:
    """The address of some words that last as long as the call; their number is written out."""


def program_text(
    functions: Sequence[Callable[..., Word]], parts: Sequence[Callable[..., Word]], constants: Mapping[str, int]
) -> str:
    """A program as LLVM assembly. The names of functions are symbols that can be looked up when it is loaded.

    parts: further functions, which only functions of the program call.

    Raises SyntaxError where a function uses something else than what is said above.
    """
    names = {function.__name__ for function in (*functions, *parts)}
    texts = [_Function(function, names, constants).text("") for function in functions]
    texts += [_Function(function, names, constants).text("internal ") for function in parts]
    return PRELUDE + "".join(texts)


class _Function:
    """The translation of one function: variables live in memory, which LLVM makes registers of."""

    def __init__(self, function: Callable[..., Word], names: set[str], constants: Mapping[str, int]) -> None:
        (self._tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        self._names, self._constants = names, constants
        self._variables: dict[str, None] = {}
        self._lines: list[str] = []
        self._rooms: list[str] = []
        self._loops: list[tuple[str, str]] = []  # where `continue` and `break` lead
        self._count = 0

    def text(self, linkage: str) -> str:
        tree = self._tree
        assert isinstance(tree, ast.FunctionDef)
        parameters = [each.arg for each in tree.args.args]
        for name in parameters:
            self._store(name, f"%{name}")
        self._body(tree.body)
        self._lines.append("ret i64 0")
        rooms = [f"%{name}.at = alloca i64" for name in self._variables] + self._rooms
        head = f"define {linkage}i64 @{tree.name}({', '.join(f'i64 %{name}' for name in parameters)}) nounwind {{"
        return "\n".join(["", head, *rooms, *self._lines, "}", ""])

    def _fresh(self, kind: str = "v") -> str:
        self._count += 1
        return f"{kind}.{self._count}"

    def _emit(self, operation: str) -> str:
        name = f"%{self._fresh()}"
        self._lines.append(f"{name} = {operation}")
        return name

    def _label(self, name: str) -> None:
        self._lines += [f"br label %{name}", f"{name}:"]

    def _leave(self, instruction: str) -> None:
        """End a block in its middle; nothing leads to what follows."""
        self._lines += [instruction, f"{self._fresh('after')}:"]

    def _store(self, name: str, value: str) -> None:
        self._variables.setdefault(name)
        self._lines.append(f"store i64 {value}, ptr %{name}.at")

    def _body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                pass
            case ast.Expr(call):
                self._value(call)
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)) if len(targets) == len(values):
                for target, found in zip(targets, [self._value(each) for each in values], strict=True):
                    self._assign(target, found)
            case ast.Assign([target], value):
                self._assign(target, self._value(value))
            case ast.AugAssign(target, operator, value):
                read = ast.copy_location(ast.parse(ast.unparse(target), mode="eval").body, target)
                self._assign(target, self._binary(operator, self._value(read), self._value(value)))
            case ast.If(test, body, otherwise):
                yes, no, end = self._fresh("yes"), self._fresh("no"), self._fresh("end")
                self._branch(test, yes, no)
                self._lines.append(f"{yes}:")
                self._body(body)
                self._lines += [f"br label %{end}", f"{no}:"]
                self._body(otherwise)
                self._label(end)
            case ast.While(test, body, []):
                self._loop(lambda inside, end: self._branch(test, inside, end), body, lambda: None)
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"), [*first, last]), body, []):
                self._store(name, self._value(first[0]) if first else "0")
                counter = ast.Name(name)
                test = ast.Compare(counter, [ast.Lt()], [last])
                self._loop(
                    lambda inside, end: self._branch(test, inside, end),
                    body,
                    lambda: self._store(name, self._binary(ast.Add(), self._value(counter), "1")),
                )
            case ast.Break():
                self._leave(f"br label %{self._loops[-1][1]}")
            case ast.Continue():
                self._leave(f"br label %{self._loops[-1][0]}")
            case ast.Return(value):
                self._leave(f"ret i64 {self._value(value) if value is not None else 0}")
            case _:
                raise _unknown(statement)

    def _loop(self, enter: Callable[[str, str], None], body: Sequence[ast.stmt], step: Callable[[], None]) -> None:
        test, inside, after, end = (self._fresh(kind) for kind in ("test", "inside", "next", "end"))
        self._label(test)
        enter(inside, end)
        self._lines.append(f"{inside}:")
        self._loops.append((after, end))
        self._body(body)
        self._loops.pop()
        self._label(after)
        step()
        self._lines += [f"br label %{test}", f"{end}:"]

    def _assign(self, target: ast.expr, value: str) -> None:
        match target:
            case ast.Name(name):
                self._store(name, value)
            case ast.Subscript(base, index):
                self._lines.append(f"store i64 {value}, ptr {self._place(base, index)}")
            case _:
                raise _unknown(target)

    def _place(self, base: ast.expr, index: ast.expr) -> str:
        start = self._emit(f"inttoptr i64 {self._value(base)} to ptr")
        return self._emit(f"getelementptr i64, ptr {start}, i64 {self._value(index)}")

    def _branch(self, test: ast.expr, yes: str, no: str) -> None:
        """Go on at one of two labels."""
        match test:
            case ast.BoolOp(operator, parts):
                for part in parts[:-1]:
                    further = self._fresh("further")
                    self._branch(part, *((further, no) if isinstance(operator, ast.And) else (yes, further)))
                    self._lines.append(f"{further}:")
                self._branch(parts[-1], yes, no)
            case ast.UnaryOp(ast.Not(), part):
                self._branch(part, no, yes)
            case _:
                truth = self._emit(f"icmp ne i64 {self._value(test)}, 0")
                self._lines.append(f"br i1 {truth}, label %{yes}, label %{no}")

    def _value(self, expression: ast.expr) -> str:
        match expression:
            case ast.Constant(int(number)):
                return str(number % (1 << 64))
            case ast.Name(name) if name in self._constants:
                return str(self._constants[name] % (1 << 64))
            case ast.Name(name) if name in self._variables:
                return self._emit(f"load i64, ptr %{name}.at")
            case ast.BinOp(left, operator, right):
                return self._binary(operator, self._value(left), self._value(right))
            case ast.UnaryOp(ast.Invert(), part):
                return self._emit(f"xor i64 {self._value(part)}, -1")
            case ast.Compare(left, [operator], [right]) if type(operator) in OPERATIONS:
                truth = self._emit(f"icmp {OPERATIONS[type(operator)]} i64 {self._value(left)}, {self._value(right)}")
                return self._emit(f"zext i1 {truth} to i64")
            case ast.Subscript(base, index):
                return self._emit(f"load i64, ptr {self._place(base, index)}")
            case ast.Call(ast.Name("local"), [ast.Constant(int(number))]):
                name = f"%{self._fresh('room')}"
                self._rooms.append(f"{name} = alloca [{number} x i64], align 64")
                return self._emit(f"ptrtoint ptr {name} to i64")
            case ast.Call(ast.Name(name), arguments) if name in self._names or name in PROVIDED:
                given = ", ".join([f"i64 {self._value(each)}" for each in arguments])
                return self._emit(f"call i64 @{name}({given})")
            case _:
                raise _unknown(expression)

    def _binary(self, operator: ast.operator, left: str, right: str) -> str:
        if type(operator) not in OPERATIONS:
            raise _unknown(operator)
        return self._emit(f"{OPERATIONS[type(operator)]} i64 {left}, {right}")


def _unknown(tree: ast.AST) -> SyntaxError:
    where = f"line {tree.lineno}: " if hasattr(tree, "lineno") else ""
    return SyntaxError(f"{where}a compiled function cannot have `{ast.unparse(tree)}`.")
