"""The grammar of formulas as text: what reports print, and how it is typed on a keyboard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from attorn.spec.errors import BadInput
from attorn.spec.language.expressions import Op

__all__ = [
    "Among",
    "Bind",
    "Call",
    "Choose",
    "Compare",
    "Imply",
    "Join",
    "Not",
    "Number",
    "Sum",
    "Syntax",
    "Word",
    "parse",
    "pointed",
]


@dataclass(frozen=True)
class Word:
    """A name without an index: a field, a variable, a value."""

    name: str
    at: int


@dataclass(frozen=True)
class Number:
    """A whole number."""

    value: int
    at: int


@dataclass(frozen=True)
class Call:
    """A name with an index; ``after`` where it speaks of the state after a step."""

    name: str
    index: tuple[Syntax, ...]
    after: bool
    at: int


@dataclass(frozen=True)
class Join:
    """A conjunction or a disjunction."""

    conjunction: bool
    parts: tuple[Syntax, ...]
    at: int


@dataclass(frozen=True)
class Not:
    """A negation."""

    part: Syntax
    at: int


@dataclass(frozen=True)
class Imply:
    """An implication."""

    premise: Syntax
    conclusion: Syntax
    at: int


@dataclass(frozen=True)
class Compare:
    """A comparison by ``=``, ``≠``, ``<`` or ``≥``."""

    sign: str
    left: Syntax
    right: Syntax
    at: int


@dataclass(frozen=True)
class Among:
    """Whether a value is one of several."""

    value: Syntax
    choices: tuple[Syntax, ...]
    at: int


@dataclass(frozen=True)
class Choose:
    """One of two values, by a condition."""

    condition: Syntax
    then: Syntax
    otherwise: Syntax
    at: int


@dataclass(frozen=True)
class Sum:
    """A sum or a difference of two numbers."""

    sign: str
    left: Syntax
    right: Syntax
    at: int


@dataclass(frozen=True)
class Bind:
    """A quantifier or count; each variable with the name of its sort, or nothing where use tells it."""

    op: Op
    variables: tuple[tuple[str, str], ...]
    body: Syntax
    at: int


Syntax: TypeAlias = Word | Number | Call | Join | Not | Imply | Compare | Among | Choose | Sum | Bind

TOKEN = re.compile(r"\s*(?:(?P<number>\d+)|(?P<word>[^\W\d]\w*)|(?P<sign>->|=>|==|!=|<=|>=|&&|\|\||[^\s\w]))")
TYPED = {
    "and": "∧", "&": "∧", "&&": "∧", "or": "∨", "|": "∨", "||": "∨", "not": "¬", "!": "¬", "~": "¬",
    "implies": "→", "->": "→", "=>": "→", "==": "=", "!=": "≠", ">=": "≥", "<=": "≤", "in": "∈",
    "forall": "∀", "exists": "∃", "count": "#",
}  # fmt: skip
"""How signs are typed on a keyboard."""

QUANTIFIERS = {"∀": Op.FORALL, "∃": Op.EXISTS, "#": Op.COUNT}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Syntax:
    """The syntax of one formula; raises BadInput, with a mark under the place where it cannot be read."""
    return _Parser(text).formula_alone()


def pointed(text: str, at: int, says: str) -> BadInput:
    """The error that something at a place of a text is wrong, with a mark under it."""
    line = " ".join(text.split("\n"))
    return BadInput(f"{says}\n    {line}\n    {' ' * at}^")


class _Parser:
    """Reads a formula from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0

    def _split(self) -> list[_Token]:
        found: list[_Token] = []
        place = 0
        while match := TOKEN.match(self._text, place):
            kind = match.lastgroup or ""
            written = match[kind]
            found.append(_Token("sign" if written in TYPED else kind, TYPED.get(written, written), match.start(kind)))
            place = match.end()
        return [*found, _Token("end", "", len(self._text))]

    def formula_alone(self) -> Syntax:
        found = self._formula()
        if self._token.kind != "end":
            self._refuse("the formula could end here; `and`, `or`, `->` or a comparison would go on")
        return found

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _refuse(self, says: str) -> NoReturn:
        raise pointed(self._text, self._token.at, f"the condition cannot be read: {says}.")

    def _take(self, *signs: str) -> bool:
        if self._token.kind != "number" and self._token.text in signs:
            self._next += 1
            return True
        return False

    def _demand(self, sign: str) -> None:
        if not self._take(sign):
            self._refuse(f"`{sign}` is expected here")

    def _formula(self) -> Syntax:
        at = self._token.at
        if self._token.text in QUANTIFIERS:
            return self._binding()
        premise = self._disjunction()
        return Imply(premise, self._formula(), at) if self._take("→") else premise

    def _binding(self) -> Syntax:
        at, op = self._token.at, QUANTIFIERS[self._token.text]
        self._next += 1
        variables = []
        while True:
            name = self._name("the name of a variable")
            variables.append((name, self._name("the name of a sort") if self._take("∈") else ""))
            if not self._take(","):
                break
        self._demand(":")
        return Bind(op, tuple(variables), self._formula(), at)

    def _name(self, what: str) -> str:
        if self._token.kind != "word":
            self._refuse(f"{what} is expected here")
        self._next += 1
        return self._tokens[self._next - 1].text

    def _disjunction(self) -> Syntax:
        return self._joined("∨", False)

    def _conjunction(self) -> Syntax:
        return self._joined("∧", True)

    def _joined(self, sign: str, conjunction: bool) -> Syntax:
        at = self._token.at
        inner = self._negation if conjunction else self._conjunction
        parts = [inner()]
        while self._take(sign):
            parts.append(inner())
        return parts[0] if len(parts) == 1 else Join(conjunction, tuple(parts), at)

    def _negation(self) -> Syntax:
        at = self._token.at
        if self._token.text in QUANTIFIERS:
            return self._binding()
        return Not(self._negation(), at) if self._take("¬") else self._comparison()

    def _comparison(self) -> Syntax:
        left, at = self._sum(), self._token.at
        if self._take("∈"):
            return self._among(left, at)
        if self._take("∉"):
            return Not(self._among(left, at), at)
        if self._token.text == "¬" and self._tokens[self._next + 1].text == "∈":
            self._next += 2
            return Not(self._among(left, at), at)
        for sign in ("=", "≠", "<", "≥"):
            if self._take(sign):
                return Compare(sign, left, self._sum(), at)
        if self._take(">"):
            return Compare("<", self._sum(), left, at)
        return Compare("≥", self._sum(), left, at) if self._take("≤") else left

    def _among(self, value: Syntax, at: int) -> Syntax:
        self._demand("{")
        choices = [self._sum()]
        while self._take(","):
            choices.append(self._sum())
        self._demand("}")
        return Among(value, tuple(choices), at)

    def _sum(self) -> Syntax:
        left, at = self._atom(), self._token.at
        while self._token.text in ("+", "-"):
            sign = self._token.text
            self._next += 1
            left = Sum(sign, left, self._atom(), at)
        return left

    def _atom(self) -> Syntax:
        token = self._token
        if token.kind == "number":
            self._next += 1
            return Number(int(token.text), token.at)
        if token.kind == "word":
            self._next += 1
            return self._named(token)
        if self._take("("):
            if self._token.text == "if":
                found = self._choice(token.at)
            else:
                found = self._formula()
            self._demand(")")
            return found
        self._refuse("a field, a value or `(` is expected here")

    def _named(self, token: _Token) -> Syntax:
        after = self._take("'", "′")
        if not self._take("["):
            return Call(token.text, (), True, token.at) if after else Word(token.text, token.at)
        index = [self._sum()]
        while self._take(","):
            index.append(self._sum())
        self._demand("]")
        return Call(token.text, tuple(index), after, token.at)

    def _choice(self, at: int) -> Syntax:
        self._demand("if")
        condition = self._formula()
        self._demand("then")
        then = self._formula()
        self._demand("else")
        return Choose(condition, then, self._formula(), at)
