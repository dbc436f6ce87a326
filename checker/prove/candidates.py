"""Candidate lemmas: the strongest short clauses of a pattern that all sampled states satisfy."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attorn.checker.prove.columns import Sample, columns
from attorn.checker.prove.patterns import Pattern
from attorn.spec.language import Expr, Op, all_of, any_of
from attorn.spec.language.quantifiers import quantified

__all__ = ["Candidates", "mine"]

Bits = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

ABSENT = -1
CHUNK = 1 << 14
MOST_PAIRS = 1 << 24  # words of 64 rows, all pairs of literals together


@dataclass(frozen=True, eq=False)
class Candidates:
    """Clauses of one pattern, a row each: up to three literals, and possibly a term that is in a set of values.

    literals: ``int64[n, 3]``; 2k is the k-th truth, 2k + 1 its denial; then, for every value of every term of few
              values, that the term is another one; ABSENT fills up.
    term:     ``int64[n]``, which of the terms of few values, or ABSENT.
    allowed:  ``int64[n]``, its values as a bit mask.
    """

    pattern: Pattern
    literals: Numbers
    term: Numbers
    allowed: Numbers

    def __len__(self) -> int:
        return len(self.literals)

    @property
    def sizes(self) -> Numbers:
        """How many literals each clause has, a set of values counted as one."""
        return np.asarray((self.literals != ABSENT).sum(axis=1) + (self.term != ABSENT))

    @property
    def weights(self) -> Numbers:
        """How hard each clause is to read: how many cells and named values it mentions, a set of values aside."""
        weight = np.ones(2 * len(self.pattern.weights) + len(_tests(self.pattern)) + 1, dtype=np.int64)
        weight[: 2 * len(self.pattern.weights)] = np.repeat(self.pattern.weights, 2)
        weight[ABSENT] = 0
        return np.asarray(weight[self.literals].sum(axis=1) + (self.term != ABSENT))

    def violated(self, samples: Iterable[Sample]) -> Truths:
        """Which clauses some state of the samples violates: ``bool[n]``."""
        table = _Table(self.pattern, samples)
        falsity = np.concatenate([table.literals, table.everything])
        sets = sorted({(int(term), int(allowed)) for term, allowed in zip(self.term, self.allowed, strict=True)})
        number = {each: position for position, each in enumerate(sets)}
        outside = np.stack([table.outside(*each) for each in sets]) if sets else table.everything
        which = np.array([number[int(t), int(a)] for t, a in zip(self.term, self.allowed, strict=True)], dtype=np.int64)
        found = np.zeros(len(self), dtype=np.bool_)
        for start in range(0, len(self), CHUNK):
            part = slice(start, start + CHUNK)
            a, b, c = self.literals[part].T
            found[part] = (falsity[a] & falsity[b] & falsity[c] & outside[which[part]]).any(axis=1)
        return found

    def formula(self, number: int) -> Expr:
        """A clause as a formula: denied literals become the premise."""
        premise: list[Expr] = []
        conclusion: list[Expr] = []
        truths = self.pattern.truths
        for literal in self.literals[number][self.literals[number] != ABSENT]:
            if literal < 2 * len(truths):
                (premise if literal % 2 else conclusion).append(truths[literal // 2])
            else:
                term, value = _tests(self.pattern)[literal - 2 * len(truths)]
                premise.append(any_of(*self.pattern.values[term].is_in([value])))
        if self.term[number] != ABSENT:
            few = self.pattern.values[self.term[number]]
            inside = [value for value in range(few.size) if self.allowed[number] >> value & 1]
            outside = [value for value in range(few.size) if value not in inside]
            if len(inside) <= len(outside):
                conclusion.append(any_of(*few.is_in(inside)))
            elif conclusion:
                premise.append(any_of(*few.is_in(outside)))
            else:
                conclusion.append(~any_of(*few.is_in(outside)))
        if not conclusion:
            conclusion = [~premise.pop()]
        body = all_of(*premise) >> any_of(*conclusion)
        if not self.pattern.variables:
            return body
        return quantified(
            Op.FORALL, tuple(each.sort for each in self.pattern.variables), lambda *_: body, self.pattern.names
        )


def mine(pattern: Pattern, reachable: Sequence[Sample], arbitrary: Sequence[Sample]) -> Candidates:
    """All clauses of at most three literals that hold in reachable states, none with a literal that it could lack.

    Clauses that hold in arbitrary states too say nothing and are left out, as are those that fall apart or do not
    mention all variables: a pattern of fewer variables has their parts.
    """
    table = _Table(pattern, reachable)
    candidates = _joined(pattern, list(_clauses(table)))
    candidates = _selected(candidates, _connected(candidates))
    return _selected(candidates, candidates.violated(arbitrary))


class _Table:
    """The distinct situations that samples show, as bit sets: which of them falsify each literal."""

    def __init__(self, pattern: Pattern, samples: Iterable[Sample]) -> None:
        truths, numbers = _situations(pattern, samples)
        falsity = np.empty((2 * truths.shape[1], len(truths)), dtype=np.bool_)
        falsity[0::2], falsity[1::2] = np.logical_not(truths.T), truths.T
        self.pattern = pattern
        self.values = [
            _packed(np.stack([numbers[:, position] == value for value in range(few.size)]))
            for position, few in enumerate(pattern.values)
        ]
        self.literals = np.concatenate([_packed(falsity), *self.values])
        self.everything = _packed(np.ones((1, len(truths)), dtype=np.bool_))

    def outside(self, term: int, allowed: int) -> Bits:
        """The rows in which a term has none of the allowed values; all rows where there is no term."""
        if term == ABSENT:
            return np.asarray(self.everything[0])
        rejected = [bits for value, bits in enumerate(self.values[term]) if not allowed >> value & 1]
        return np.asarray(np.bitwise_or.reduce(rejected, axis=0) if rejected else self.everything[0] & np.uint64(0))


Clauses = tuple[Numbers, Numbers, Numbers, int, Numbers]


def _clauses(table: _Table) -> Iterator[Clauses]:
    """The smallest clauses that no row falsifies, as columns: three literals, term, allowed values."""
    plain = 2 * len(table.pattern.truths)
    falsity = table.literals
    true: Truths = np.logical_not(falsity.any(axis=1))
    single = np.nonzero(true[:plain])[0]
    yield _columns_of(single)
    live = np.nonzero(~true)[0]
    first, second = (live[part] for part in np.triu_indices(len(live), 1))
    if len(first) * falsity.shape[1] > MOST_PAIRS:
        first, second = first[:0], second[:0]
    both = falsity[first] & falsity[second]
    holds = ~both.any(axis=1)
    pair_holds = np.zeros((len(falsity),) * 2, dtype=np.bool_)
    pair_holds[first[holds], second[holds]] = True
    of_truths = holds & (second < plain)
    yield _columns_of(first[of_truths], second[of_truths])
    first, second, both = first[~holds], second[~holds], both[~holds]
    for third in live[live < plain]:
        fits = np.nonzero((second < third) & ~pair_holds[first, third] & ~pair_holds[second, third])[0]
        fits = fits[~(both[fits] & falsity[third]).any(axis=1)]
        yield _columns_of(first[fits], second[fits], np.full(len(fits), third))
    for term in range(len(table.values)):
        yield from _clauses_with_set(table, term, live, first, second, both)


def _clauses_with_set(
    table: _Table, term: int, live: Numbers, first: Numbers, second: Numbers, both: Bits
) -> Iterator[Clauses]:
    """Clauses that end in the smallest set of values of a term: the values that occur where all literals are false."""
    values, falsity = table.values[term], table.literals
    own = np.zeros(len(falsity), dtype=np.bool_)
    begin = 2 * len(table.pattern.truths) + sum(len(each) for each in table.values[:term])
    own[begin : begin + len(values)] = True
    everything = np.array(_occurring(table.everything, values)[0])
    alone = np.zeros(len(falsity), dtype=np.int64)
    alone[live] = _occurring(falsity[live], values)
    if everything != (1 << len(values)) - 1:
        nothing = np.array([ABSENT])
        yield nothing, nothing, nothing, term, everything.reshape(1)
    smaller = live[(alone[live] != everything) & ~own[live]]
    yield (*_columns_of(smaller)[:3], term, alone[smaller])
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        a, b = first[part], second[part]
        together = _occurring(both[part], values)
        fits = (together != alone[a]) & (together != alone[b]) & ~own[a] & ~own[b]
        yield (*_columns_of(a[fits], b[fits])[:3], term, together[fits])


def _occurring(rows: Bits, values: Bits) -> Numbers:
    """For each set of rows, which values occur in it, as a bit mask."""
    found = np.zeros(len(rows), dtype=np.int64)
    for value, bits in enumerate(values):
        found |= (rows & bits).any(axis=1).astype(np.int64) << value
    return found


def _columns_of(first: Numbers, second: Numbers | None = None, third: Numbers | None = None) -> Clauses:
    """Clauses of one, two or three literals each, without a set of values."""
    absent = np.full(len(first), ABSENT)
    none = np.zeros(len(first), dtype=np.int64)
    return first, absent if second is None else second, absent if third is None else third, ABSENT, none


def _joined(pattern: Pattern, parts: Sequence[Clauses]) -> Candidates:
    literals = [np.stack(part[:3], axis=1) for part in parts]
    term = [np.full(len(part[0]), part[3]) for part in parts]
    allowed = [part[4] for part in parts]
    return Candidates(pattern, np.concatenate(literals), np.concatenate(term), np.concatenate(allowed))


def _selected(candidates: Candidates, wanted: Truths) -> Candidates:
    return Candidates(
        candidates.pattern, candidates.literals[wanted], candidates.term[wanted], candidates.allowed[wanted]
    )


def _connected(candidates: Candidates) -> Truths:
    """Which clauses mention all variables and do not fall into parts without a common one."""
    pattern = candidates.pattern
    masks = [_mask(truth) for truth in pattern.truths for _ in (0, 1)]
    masks += [_mask(pattern.values[term].term) for term, _ in _tests(pattern)]
    of_literal = np.array([*masks, 0])
    of_term = np.array([*(_mask(each.term) for each in pattern.values), 0])
    parts = [*of_literal[candidates.literals].T, of_term[candidates.term]]
    everything = (1 << len(pattern.variables)) - 1
    reached = np.zeros(len(candidates), dtype=np.int64)
    for part in parts:
        reached = np.where(reached == 0, part, reached)
    for _, part in itertools.product(range(2), parts):
        reached = np.where(reached & part, reached | part, reached)
    return np.asarray(reached == everything)


def _mask(formula: Expr) -> int:
    return sum(1 << level for level in formula.free)


def _tests(pattern: Pattern) -> list[tuple[int, int]]:
    """All values of all terms of few values, in the order of their literals."""
    return [(term, value) for term, few in enumerate(pattern.values) for value in range(few.size)]


def _situations(pattern: Pattern, samples: Iterable[Sample]) -> tuple[Truths, npt.NDArray[np.uint8]]:
    """The distinct values of all columns in all states, for all values of the variables.

    Returns the truths, ``bool[n, truths]``, and the terms of few values, ``uint8[n, values]``.
    """
    count = len(pattern.truths)
    found = []
    for sample in samples:
        for numbers in sample.instance.indices(tuple(each.sort for each in pattern.variables)):
            values = columns(sample, pattern.columns, dict(enumerate(numbers)))
            truths = np.array(values[:count], dtype=np.bool_).reshape(count, len(sample.states))
            few = np.array(values[count:], dtype=np.uint8).reshape(len(values) - count, len(sample.states))
            found.append(_distinct(np.concatenate([np.packbits(truths.T, axis=1), few.T], axis=1)))
    rows = _distinct(np.concatenate(found))
    width = rows.shape[1] - len(pattern.values)
    return np.unpackbits(rows[:, :width], axis=1, count=count).astype(np.bool_), rows[:, width:]


def _distinct(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The distinct rows, in an order of no meaning."""
    width = rows.shape[1]
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, width))).ravel()
    return np.unique(whole).view(np.uint8).reshape(-1, width)


def _packed(truths: Truths) -> Bits:
    """Rows of truth values as rows of 64-bit words, filled up with zeros."""
    whole = np.atleast_2d(truths)
    packed = np.packbits(whole, axis=1)
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))).view(np.uint64)
