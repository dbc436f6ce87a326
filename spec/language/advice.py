"""Advice: what to write where Python asks a symbolic value for its truth."""

from __future__ import annotations

import ast
import itertools
import linecache
from types import FrameType

from attorn.spec.errors import SymbolicTruth
from attorn.spec.language.source import Where, author

__all__ = ["symbolic_truth"]


def symbolic_truth() -> SymbolicTruth:
    """The error for the line at work outside the language: it names the construct and what to write instead."""
    frame = author()
    where = Where(frame.f_code.co_filename, frame.f_lineno)
    found = [construct for construct in _constructs(frame) if _advice(construct)]
    for inner, outer in itertools.zip_longest(found, found[1:]):
        if not _decides(inner, outer):
            return SymbolicTruth(f"{Where(where.file, inner.lineno)}: {_advice(inner)}")
    return SymbolicTruth(
        f"{where}: a symbolic value has no truth value while the machine is traced. Write & | ~ or ite."
    )


def _decides(inner: ast.AST, outer: ast.AST | None) -> bool:
    """Whether the outer construct asks for the truth of the inner one, so that the outer one is to be replaced."""
    logical = ast.BoolOp | ast.UnaryOp
    return getattr(outer, "test", None) is inner or (isinstance(inner, logical) and isinstance(outer, logical))


def _advice(construct: ast.expr | ast.stmt) -> str:
    match construct:
        case ast.BoolOp(op=ast.And()):
            return "`and` needs plain truth values. Write `(a) & (b)`, or two clauses of require."
        case ast.BoolOp():
            return "`or` needs plain truth values. Write `(a) | (b)`."
        case ast.UnaryOp(op=ast.Not()):
            return "`not` needs a plain truth value. Write `~(a)`."
        case ast.Compare(ops=[ast.In() | ast.NotIn()]):
            return "`in` needs a plain truth value. Write `one_of(x, a, b)`, or `relation[x]`."
        case ast.Compare(ops=[_, _, *_]):
            return "a chained comparison needs plain truth values. Write `(a == b) & (b == c)`."
        case ast.Call(func=ast.Name(id="all" | "any" as name)):
            wanted = {
                "all": "all_of(...), or forall(Sort, lambda x: ...)",
                "any": "any_of(...), or exists(Sort, lambda x: ...)",
            }
            return f"`{name}` needs plain truth values. Write {wanted[name]}."
        case ast.If() | ast.IfExp() | ast.Match() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            word = "match" if isinstance(construct, ast.Match) else "if"
            return (
                f"`{word}` needs a plain truth value. "
                "Write `s.require(...)` for a guard or `ite(condition, a, b)` for a value."
            )
        case ast.While():
            return "`while` needs a plain truth value. Make each round an action of its own."
        case ast.Assert():
            return "`assert` needs a plain truth value. Write `s.require(...)`."
    return ""


def _constructs(frame: FrameType) -> list[ast.expr | ast.stmt]:
    """The expressions and statements around the instruction at work, the innermost first."""
    positions = itertools.islice(frame.f_code.co_positions(), frame.f_lasti // 2, None)
    line, last_line, column, last_column = next(positions)
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    try:
        tree = ast.parse(source)
    except SyntaxError:  # not the text that this code was made of
        return []
    if line is None or last_line is None or column is None or last_column is None:
        return []
    begin, end = (line, column), (last_line, last_column)
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.expr | ast.stmt)
        and (node.lineno, node.col_offset) <= begin
        and (node.end_lineno, node.end_col_offset) >= end
    ]
    return found[::-1]
