"""Patterns of lemmas: a few variables of a machine's sorts, and all that can be said of them briefly."""

from __future__ import annotations

import itertools
import keyword
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attorn.spec.language import NONE, Expr, Field, Machine, Op
from attorn.spec.language.expressions import equal, limit_of, node, read, walk
from attorn.spec.language.quantifiers import bound_variables, quantified
from attorn.spec.language.scopes import recording
from attorn.spec.language.sorts import (
    INTEGER,
    BooleanSort,
    Budget,
    ElementSort,
    EnumerationSort,
    OptionSort,
    RangeSort,
    Sort,
)

__all__ = ["FewValues", "Pattern", "patterns"]

MOST_VARIABLES = 3
MOST_TRUTHS = 150
MOST_VALUES = 16


@dataclass(frozen=True)
class FewValues:
    """A term of which a clause may say in which set of values it is."""

    term: Expr
    size: int

    def is_in(self, allowed: Sequence[int]) -> list[Expr]:
        """The equalities, one of which holds if the term has one of the values."""
        sort = INTEGER if self.term.sort.is_number else self.term.sort
        return [equal(self.term, node(Op.CONSTANT, sort, (), number)) for number in allowed]


@dataclass(frozen=True)
class Pattern:
    """Universally quantified variables, and what a clause may say of them.

    truths:  formulas that may occur plainly or denied.
    weights: how hard each of them is to read.
    values:  terms of few values.
    """

    variables: tuple[Expr, ...]
    names: tuple[str, ...]
    truths: tuple[Expr, ...]
    weights: tuple[int, ...]
    values: tuple[FewValues, ...]

    @property
    def columns(self) -> tuple[Expr, ...]:
        """All truths, then all terms of few values."""
        return (*self.truths, *(each.term for each in self.values))


def patterns(machine: Machine, variables: int, order: Sequence[str] = ()) -> Iterator[Pattern]:
    """All patterns of a machine with so many variables, of the sorts by which its fields are indexed.

    A sort of elements occurs at most twice, an enumeration at most once.
    order: sorts by name, so that proofs stay decidable if an element exists for those of earlier sorts only; there are
           truths with ∃ for sorts that come later in it.
    """
    indexed = dict.fromkeys(sort for field in machine.state.fields.values() for sort in field.domain)
    for sorts in itertools.combinations_with_replacement(indexed, variables):
        if all(sorts.count(sort) <= (2 if isinstance(sort, ElementSort) else 1) for sort in sorts):
            found = _pattern(machine, sorts, order)
            if found.truths or found.values:
                yield found


def _pattern(machine: Machine, sorts: tuple[Sort, ...], order: Sequence[str]) -> Pattern:
    variables = bound_variables(sorts, 0)
    terms = _terms(machine, variables)
    truths = sorted((*_truths(terms), *_existences(machine, variables, order)), key=_weight)[:MOST_TRUTHS]
    values = [FewValues(term, _few_values(term.sort)) for term, depth in terms if depth < 2]
    few = tuple(each for each in values if 2 <= each.size <= MOST_VALUES)
    return Pattern(variables, _names(sorts), tuple(truths), tuple(map(_weight, truths)), few)


def _names(sorts: tuple[Sort, ...]) -> tuple[str, ...]:
    found = []
    for position, sort in enumerate(sorts):
        name = sort.name.lower()
        if sorts.count(sort) > 1:
            name += "_a" if sort not in sorts[:position] else "_b"
        found.append(f"{name}_" if name == "s" or keyword.iskeyword(name) or not name.isidentifier() else name)
    return tuple(found)


Terms = list[tuple[Expr, int]]


def _terms(machine: Machine, variables: tuple[Expr, ...]) -> Terms:
    """Variables (0), fields read at variables (1), and fields read at one such field of elements (2)."""
    found: Terms = [(each, 0) for each in variables]
    for depth in (1, 2):
        known = [(term, level) for term, level in found if level == 0 or isinstance(term.sort, ElementSort)]
        for field in machine.state.fields.values():
            choices = [[(term, level) for term, level in known if term.sort == sort] for sort in field.domain]
            for chosen in itertools.product(*choices):
                levels = [level for _, level in chosen]
                if 1 + max(levels, default=0) == depth and sum(levels) == depth - 1:
                    found.append((read(field, tuple(term for term, _ in chosen)), depth))
    return found


def _few_values(sort: Sort) -> int:
    """How many values a sort has in every instance, or 0 if that is open."""
    match sort:
        case EnumerationSort():
            return len(sort.members)
        case RangeSort() if isinstance(sort.limit, int):
            return sort.limit + 1
        case _:
            return 0


def _weight(truth: Expr) -> int:
    """How many cells, named values and quantifiers a formula mentions."""
    return sum(part.op in (Op.READ, Op.CONSTANT, Op.LIMIT, Op.EXISTS) for part in walk(truth))


def _existences(machine: Machine, variables: tuple[Expr, ...], order: Sequence[str]) -> Iterator[Expr]:
    """Whether a relation holds, or an option is there, for some element and given variables at all other places."""
    for field in machine.state.fields.values():
        for place, sort in enumerate(field.domain):
            if isinstance(field.codomain, BooleanSort | OptionSort) and sort.name in order:
                others = [[each for each in variables if each.sort == at] for at in field.domain]
                for index in itertools.product(*others[:place], *others[place + 1 :]):
                    if all(_before(each.sort, sort, order) for each in index):
                        yield _some(field, index, place, len(variables))


def _some(field: Field, index: tuple[Expr, ...], place: int, depth: int) -> Expr:
    def there(element: Expr) -> Expr:
        cell = read(field, (*index[:place], element, *index[place:]))
        return cell if isinstance(cell.sort, BooleanSort) else ~equal(cell, NONE)

    sort = field.domain[place]
    with recording(None, depth):
        return quantified(Op.EXISTS, (sort,), there, (f"some_{sort.name.lower()}",))


def _before(sort: Sort, other: Sort, order: Sequence[str]) -> bool:
    """Whether an element of the other sort may exist for each of a sort; finite sorts do not matter."""
    return not isinstance(sort, ElementSort) or order.index(sort.name) < order.index(other.name)


def _truths(terms: Terms) -> Iterator[Expr]:
    """Truth values, and equalities and orders of terms, each once."""
    found = {term.ident: term for term, _ in terms if isinstance(term.sort, BooleanSort)}
    for left, right in itertools.combinations([*_constants(terms), *(term for term, _ in terms)], 2):
        for truth in _comparisons(left, right):
            if truth.op is not Op.CONSTANT:
                found[truth.ident] = truth
    yield from found.values()


def _comparisons(left: Expr, right: Expr) -> Iterator[Expr]:
    """How two terms can be compared; what is read comes first, as an author would write it."""
    if isinstance(left.sort, BooleanSort) or isinstance(right.sort, BooleanSort):
        return
    if left.op is not Op.READ:
        left, right = right, left
    if left.sort.is_number and right.sort.is_number:
        yield equal(left, right)
        if left.op is Op.READ and right.op is Op.READ:
            yield left < right
            yield right < left
    elif left.sort == right.sort:
        yield equal(left, right)
    else:
        for option, plain in ((left, right), (right, left)):
            if isinstance(option.sort, OptionSort) and option.sort.of == plain.sort and option.op is Op.READ:
                yield equal(option, plain)


def _constants(terms: Terms) -> list[Expr]:
    """The values that have a name: distinguished elements, nothing, and the ends of ranges."""
    found: dict[int, Expr] = {}
    for sort in dict.fromkeys(term.sort for term, _ in terms):
        match sort:
            case ElementSort():
                named = [node(Op.CONSTANT, sort, (), number) for number in range(len(sort.constants))]
            case OptionSort():
                named = [node(Op.CONSTANT, sort, (), 0)]
            case RangeSort() if isinstance(sort.limit, Budget):
                named = [node(Op.CONSTANT, INTEGER, (), 0), limit_of(sort.limit)]
            case _:
                named = []
        found |= {each.ident: each for each in named}
    return list(found.values())
