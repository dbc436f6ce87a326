"""The SMT-LIB algebra: a formula as text that any solver reads, over sorts of any size."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from attorn.spec.errors import SpecificationError
from attorn.spec.language import Budget, Expr, Field, Op, Parameter
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import BooleanSort, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort

__all__ = ["Script", "quoted", "script"]

_SIMPLE = re.compile(r"[A-Za-z~!@$%^&*_+=<>.?/-][0-9A-Za-z~!@$%^&*_+=<>.?/-]*")
_RESERVED = frozenset(
    [
        "_",
        "!",
        "as",
        "let",
        "exists",
        "forall",
        "match",
        "par",
        "true",
        "false",
        "not",
        "and",
        "or",
        "xor",
        "distinct",
        "ite",
        "assert",
        "check-sat",
        "declare-fun",
        "define-fun",
        "declare-sort",
        "declare-const",
        "set-logic",
        "set-info",
        "Bool",
        "Int",
        "Real",
        "Array",
    ]
)


@dataclass(frozen=True)
class Maybe:
    """An option as two terms: whether there is a value, and which (any, if there is none)."""

    present: str
    value: str


Term = str | Maybe


@dataclass(frozen=True)
class Script:
    """One question to a solver: declarations, and assertions whose conjunction is asked about."""

    logic: str
    declarations: tuple[str, ...]
    assertions: tuple[str, ...]

    def text(self, expected: str = "", says: str = "") -> str:
        """Standard SMT-LIB 2.6: no solver options, no push and pop."""
        lines = [f"; {line}" for line in says.splitlines()]
        lines += ["(set-info :smt-lib-version 2.6)", f"(set-logic {self.logic})"]
        if expected:
            lines.append(f"(set-info :status {expected})")
        lines += self.declarations
        lines += [f"(assert {assertion})" for assertion in self.assertions]
        return "\n".join([*lines, "(check-sat)", ""])


def script(given: Sequence[Expr], asked: Sequence[Expr], parameters: Sequence[Parameter] = ()) -> Script:
    """A script that asserts formulas, first those given and then those asked about.

    parameters: those of the formulas' free variables, which become constants.
    Cost: what is given is written once for all scripts in a row that begin alike.
    """
    begun = _begin(given, parameters)
    writer = copy(begun.writer)
    interpret = begun.interpret.continued(writer)
    texts = [*begun.texts, *(_truth(interpret(formula, begun.environment)) for formula in asked)]
    return Script(
        "UFLIA" if writer.numbers else "UF",
        (*writer.sorts.values(), *writer.functions.values()),
        (*writer.axioms, *texts),
    )


@dataclass(frozen=True)
class _Beginning:
    """What scripts in a row have in common."""

    key: tuple[object, ...]
    writer: _Writer
    interpret: Interpreter
    environment: dict[int, Term]
    texts: tuple[str, ...]


_last: _Beginning | None = None


def _begin(given: Sequence[Expr], parameters: Sequence[Parameter]) -> _Beginning:
    global _last
    key = (*((each.name, each.variable.ident) for each in parameters), *(formula.ident for formula in given))
    if _last is None or _last.key != key:
        writer = _Writer()
        environment = {parameter.variable.payload: writer.argument(parameter) for parameter in parameters}
        interpret = Interpreter(writer)
        texts = tuple(_truth(interpret(formula, environment)) for formula in given)
        _last = _Beginning(key, writer, interpret, environment, texts)
    return _last


def _truth(term: Term) -> str:
    assert isinstance(term, str)
    return term


def quoted(name: str) -> str:
    """A name as SMT-LIB writes it, between bars where it has to be."""
    return name if _SIMPLE.fullmatch(name) and name not in _RESERVED else f"|{name}|"


class _Writer:
    """Values are s-expressions; what they mention is declared on the way."""

    def __init__(self) -> None:
        self.sorts: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.axioms: list[str] = []
        self.numbers = False
        self._fresh = 0

    def __copy__(self) -> _Writer:
        other = _Writer()
        other.sorts, other.functions, other.axioms = dict(self.sorts), dict(self.functions), list(self.axioms)
        other.numbers, other._fresh = self.numbers, self._fresh
        return other

    def argument(self, parameter: Parameter) -> Term:
        """A constant for an action's argument."""
        return self._constant(f"arg.{parameter.name}", parameter.sort)

    def _constant(self, name: str, sort: Sort) -> Term:
        if isinstance(sort, OptionSort):
            present, value = self._constant(f"{name}.present", BooleanSort("Bool")), self._constant(name, sort.of)
            assert isinstance(present, str) and isinstance(value, str)
            return Maybe(present, value)
        symbol = quoted(name)
        self.functions.setdefault(symbol, f"(declare-fun {symbol} () {self._sort(sort)})")
        if isinstance(sort, RangeSort):
            self.axioms.append(self._inside(symbol, sort))
        return symbol

    def _sort(self, sort: Sort) -> str:
        if isinstance(sort, BooleanSort):
            return "Bool"
        if sort.is_number:
            self.numbers = True
            return "Int"
        if not isinstance(sort, ElementSort | EnumerationSort):
            raise SpecificationError(f"{sort} cannot be the index of a map in a proof; use an Element or an Enum.")
        name = quoted(sort.name)
        if name not in self.sorts:
            self.sorts[name] = f"(declare-sort {name} 0)"
            members = [self._member(sort, text) for text in _distinguished(sort)]
            for member in members:
                self.functions[member] = f"(declare-fun {member} () {name})"
            if len(members) > 1:
                self.axioms.append(f"(distinct {' '.join(members)})")
            if isinstance(sort, EnumerationSort):
                self.axioms.append(f"(forall ((x {name})) {_list('or', [f'(= x {member})' for member in members])})")
        return name

    def _member(self, sort: Sort, member: str) -> str:
        return quoted(f"{sort.name}.{member}")

    def _inside(self, term: str, sort: RangeSort) -> str:
        top = self.limit(sort.limit) if isinstance(sort.limit, Budget) else str(sort.limit)
        return f"(and (<= 0 {term}) (<= {term} {top}))"

    def _function(self, name: str, domain: tuple[Sort, ...], codomain: Sort) -> str:
        symbol = quoted(name)
        if symbol not in self.functions:
            sorts = [self._sort(sort) for sort in domain]
            self.functions[symbol] = f"(declare-fun {symbol} ({' '.join(sorts)}) {self._sort(codomain)})"
            if isinstance(codomain, RangeSort):
                bound = " ".join(f"(x{i} {sort})" for i, sort in enumerate(sorts))
                inside = self._inside(_list(symbol, [f"x{i}" for i in range(len(sorts))]), codomain)
                self.axioms.append(f"(forall ({bound}) {inside})" if sorts else inside)
        return symbol

    def constant(self, sort: Sort, number: int) -> Term:
        match sort:
            case BooleanSort():
                return "true" if number else "false"
            case OptionSort():
                if number:
                    value = self.constant(sort.of, number - 1)
                    assert isinstance(value, str)
                    return Maybe("true", value)
                nothing = self._constant(f"any.{sort.of.name}", sort.of)
                assert isinstance(nothing, str)
                return Maybe("false", nothing)
            case ElementSort() | EnumerationSort():
                self._sort(sort)
                return self._member(sort, _distinguished(sort)[number])
            case _:
                self.numbers = True
                return str(number) if number >= 0 else f"(- {-number})"

    def limit(self, budget: Budget) -> str:
        self.numbers = True
        symbol = quoted(f"limit.{budget.name}")
        if symbol not in self.functions:
            self.functions[symbol] = f"(declare-fun {symbol} () Int)"
            self.axioms.append(f"(<= 0 {symbol})")
        return symbol

    def read(self, field: Field, index: tuple[Term, ...], after: bool) -> Term:
        name = field.name + (".after" if after else "")
        if any(isinstance(part, Maybe) for part in index):
            raise SpecificationError(f"{field.where}: `{field.name}` is indexed by an option; a proof cannot read it.")
        parts = [_truth(part) for part in index]
        if isinstance(field.codomain, OptionSort):
            present = self._function(f"{name}.present", field.domain, BooleanSort("Bool"))
            value = self._function(name, field.domain, field.codomain.of)
            return Maybe(_list(present, parts), _list(value, parts))
        return _list(self._function(name, field.domain, field.codomain), parts)

    def equal(self, sort: Sort, left: Term, right: Term) -> str:
        if isinstance(left, Maybe) and isinstance(right, Maybe):
            if "false" in (left.present, right.present):
                return f"(= {left.present} {right.present})"
            return f"(and (= {left.present} {right.present}) (=> {left.present} (= {left.value} {right.value})))"
        return f"(= {left} {right})"

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Term]]) -> str:
        return _list("and" if conjunction else "or", [_truth(part()) for part in parts])

    def negation(self, part: Term) -> str:
        return f"(not {part})"

    def implication(self, premise: Callable[[], Term], conclusion: Callable[[], Term]) -> str:
        return f"(=> {premise()} {conclusion()})"

    def choice(self, sort: Sort, condition: Term, then: Term, otherwise: Term) -> Term:
        if isinstance(then, Maybe) and isinstance(otherwise, Maybe):
            return Maybe(
                f"(ite {condition} {then.present} {otherwise.present})",
                f"(ite {condition} {then.value} {otherwise.value})",
            )
        return f"(ite {condition} {then} {otherwise})"

    def less(self, left: Term, right: Term) -> str:
        return f"(< {left} {right})"

    def added(self, left: Term, right: Term) -> str:
        return f"(+ {left} {right})"

    def subtracted(self, left: Term, right: Term) -> str:
        return f"(- {left} {right})"

    def some(self, sort: Sort, value: Term) -> Maybe:
        return Maybe("true", _truth(value))

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Term, ...]], Term]
    ) -> str:
        if op is Op.COUNT:
            raise SpecificationError("count(...) needs sorts of a known size; a proof for any size cannot use it.")
        bound: list[str] = []
        values: list[Term] = []
        ranges: list[str] = []
        for name, each in zip(names, variables, strict=True):
            self._fresh += 1
            term = quoted(f"{name}.{self._fresh}")
            sort = each.sort.of if isinstance(each.sort, OptionSort) else each.sort
            bound.append(f"({term} {self._sort(sort)})")
            if isinstance(sort, RangeSort):
                ranges.append(self._inside(term, sort))
            if isinstance(each.sort, OptionSort):
                bound.append(f"({quoted(f'{name}.{self._fresh}.present')} Bool)")
                values.append(Maybe(quoted(f"{name}.{self._fresh}.present"), term))
            else:
                values.append(term)
        inside = _truth(body(tuple(values)))
        if ranges:
            inside = f"({'=>' if op is Op.FORALL else 'and'} {_list('and', ranges)} {inside})"
        return f"({'forall' if op is Op.FORALL else 'exists'} ({' '.join(bound)}) {inside})"


def _distinguished(sort: ElementSort | EnumerationSort) -> tuple[str, ...]:
    return sort.members if isinstance(sort, EnumerationSort) else sort.constants


def _list(head: str, parts: list[str]) -> str:
    if head in ("and", "or"):
        if not parts:
            return "true" if head == "and" else "false"
        if len(parts) == 1:
            return parts[0]
    return f"({head} {' '.join(parts)})" if parts else head
