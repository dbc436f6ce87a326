"""Symmetry: states that differ only in the names of individuals are searched once.

No formula of the language can tell two individuals of an element sort apart, except by the constants that the sort
declares: elements are compared by equality only and never ordered. So a renaming of the others maps initial states to
initial states, steps to steps, and a state to one with the same verdicts. A renamed state is as good as the state.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.layout import Layout, Rows, Words
from attorn.checker.explore.phases import Phase, spends
from attorn.spec.language import Cell, Instance
from attorn.spec.language.sorts import ElementSort, OptionSort, Sort

__all__ = ["Place", "Symmetry", "interchangeable"]

CHUNK = 1 << 13
SAMPLE = 256  # states by which it is told which cells tell renamings apart
RENAMINGS = 720  # of the sorts that are not sorted: each is tried on every state
WORD, ALL = 64, (1 << 64) - 1
MIXED = 0x9E3779B97F4A7C1

Counts = NDArray[np.int64]
Rename = Mapping[Sort, Sequence[int]]
Image = tuple[int, Words]
"""Which cell a renaming makes of a cell, and what of each of its values."""


def interchangeable(instance: Instance, fixed: Collection[tuple[Sort, int]] = ()) -> dict[ElementSort, tuple[int, ...]]:
    """The individuals of each sort of the state that may be renamed: all but its constants and the ``fixed`` ones."""
    fields = instance.machine.state.fields.values()
    mentioned = {_base(each) for field in fields for each in (*field.domain, field.codomain)}
    found = {}
    for sort, size in instance.sizes.items():
        if sort not in mentioned:
            continue
        free = tuple(each for each in range(len(sort.constants), size) if (sort, each) not in fixed)
        if len(free) > 1:
            found[sort] = free
    return found


class Symmetry:
    """The renamings of an instance, and the state that stands for all that they make of one.

    It is the least of them, in an order of ours. One sort whose individuals are no value of any cell is made canonical
    by sorting what the cells say of each; the renamings of all others are tried one by one.

    sorted:    the sort that is sorted, if any; records are its individuals that are.
    left_out:  sorts with interchangeable individuals that are not renamed, as there would be too many renamings.
    images:    for each renaming that is tried, which cell it makes of each cell, and what of each of its values.
    clusters:  the cells of no record, in the order of the key, in parts that renamings map to themselves.
    places:    where each cell lies in the key by which states are compared.
    order:     how many renamings there are in all.
    """

    def __init__(self, instance: Instance, layout: Layout, fixed: Collection[tuple[Sort, int]] = ()) -> None:
        free = interchangeable(instance, fixed)
        sortable = [sort for sort in free if _sortable(instance, sort)]
        self.sorted = max(sortable, key=lambda sort: len(free[sort]), default=None)
        tried, count = [], 1
        for sort in sorted((each for each in free if each != self.sorted), key=lambda each: len(free[each])):
            count *= math.factorial(len(free[sort]))
            if count <= RENAMINGS:
                tried.append(sort)
        self.left_out = tuple(sort for sort in free if sort != self.sorted and sort not in tried)
        self._layout, self.records = layout, free[self.sorted] if self.sorted else ()
        self.images = [
            [_moved(instance, cell, rename) for cell in instance.cells] for rename in _renamings(instance, free, tried)
        ]
        self.clusters = _clusters(instance, self.images, self.sorted, self.records)
        self.places = _places(instance, self.clusters, self.sorted, self.records)
        self._renamings = [_Renaming(layout, self.places, images) for images in self.images]
        self.order = len(self.images) * math.factorial(len(self.records))

    @property
    def targets(self) -> int:
        """Words of a key."""
        return 1 + max((place.target for place in self.places), default=0)

    @property
    def first_record(self) -> int:
        """The first word of a key that belongs to an individual that is sorted; those of all others come after it."""
        return min((place.target for place in self.places if place.record), default=self.targets)

    @spends(Phase.SYMMETRY)
    def canonical(self, rows: Rows) -> Rows:
        """For each packed state, the one that stands for it."""
        parts = [[word.copy() for word in rows]] if not len(rows[0]) else []
        for part in _chunks(rows):
            keys, _ = self._least(part)
            states = np.empty((self._layout.cells, len(part[0])), np.int64).T
            for cell, place in enumerate(self.places):
                digit = keys[place.target] >> np.uint64(place.shift)
                states[:, cell] = (digit & np.uint64(place.mask)).view(np.int64)
            parts.append(self._layout.pack(states))
        return [np.concatenate(words) for words in zip(*parts, strict=True)]

    @spends(Phase.SYMMETRY)
    def orbits(self, rows: Rows) -> Counts:
        """For each packed state, how many different states it stands for."""
        found = [np.empty(0, np.int64)]
        for part in _chunks(rows):
            keys, stabilizer = self._least(part)
            run = np.ones(len(part[0]), np.int64)
            columns = self._columns(keys)
            for one, other in itertools.pairwise(columns):
                same = np.logical_and.reduce([a == b for a, b in zip(one, other, strict=True)])
                run = np.where(same, run + 1, 1)
                stabilizer *= run  # a run of n equal records contributes n!
            found.append(self.order // stabilizer)
        return np.concatenate(found)

    def _least(self, rows: Rows) -> tuple[list[Words], Counts]:
        """The keys of the least renamed state, and how many of the renamings tried lead to it."""
        codes = self._layout.codes(rows)
        best = self._sort(self._renamings[0](codes))
        ties = np.ones(len(rows[0]), np.int64)
        for renaming in self._renamings[1:]:
            keys = self._sort(renaming(codes))
            less, same = np.zeros(len(ties), np.bool_), np.ones(len(ties), np.bool_)
            for mine, other in zip(keys, best, strict=True):
                less |= same & (mine < other)
                same &= mine == other
            ties[less] = 0
            ties += less | same
            for mine, other in zip(keys, best, strict=True):
                np.copyto(other, mine, where=less)
        return best, ties

    def _columns(self, keys: list[Words]) -> list[list[Words]]:
        """The keys of each individual that is sorted; they come last."""
        if not self.records:
            return []
        first = self.first_record
        width = (len(keys) - first) // len(self.records)
        return [keys[start : start + width] for start in range(first, len(keys), width)]

    def _sort(self, keys: list[Words]) -> list[Words]:
        """Bring the keys of the sorted individuals in order, state by state."""
        columns = self._columns(keys)
        for last in range(len(columns) - 1, 0, -1):
            for number in range(last):
                _exchange(columns[number], columns[number + 1])
        return keys


@dataclass(frozen=True)
class Place:
    """Where a cell lies in the key by which states are compared: in which word, from which bit on, under which mask.

    record: whether the word belongs to an individual that is sorted.
    """

    target: int
    shift: int
    mask: int
    record: bool


class _Renaming:
    """The keys of states under one renaming, looked up by the codes of their components."""

    def __init__(self, layout: Layout, places: Sequence[Place], images: Sequence[Image]) -> None:
        self._targets = 1 + max((place.target for place in places), default=0)
        self._tables: list[tuple[int, int, Words]] = []
        for number, component in enumerate(layout.components):
            values = component.split(component.raw)
            found: dict[int, Words] = {}
            for cell in component.cells:
                target, image = images[cell]
                place = places[target]
                table = found.setdefault(place.target, np.zeros(len(component.raw), np.uint64))
                table |= image[values[cell]] << np.uint64(place.shift)
            self._tables += [(number, target, table) for target, table in found.items()]

    def __call__(self, codes: Sequence[Counts]) -> list[Words]:
        """One key column for each target."""
        keys = [np.zeros(len(codes[0]), np.uint64) for _ in range(self._targets)]
        for component, target, table in self._tables:
            keys[target] += table.take(codes[component])
        return keys


def _sortable(instance: Instance, sort: ElementSort) -> bool:
    """Whether what the cells say of an individual is found by its index alone: it is no value, and no index twice."""
    fields = instance.machine.state.fields.values()
    if any(_base(field.codomain) == sort or field.domain.count(sort) > 1 for field in fields):
        return False
    return not any(each != sort and _base(each) == sort for field in fields for each in field.domain)


def _base(sort: Sort) -> Sort:
    while isinstance(sort, OptionSort):
        sort = sort.of
    return sort


def _owner(cell: Cell, by: ElementSort | None, records: Sequence[int]) -> int | None:
    """The individual whose record a cell belongs to, if any."""
    index = dict(zip(cell.field.domain, cell.index, strict=True)).get(by) if by else None
    return index if index in records else None


def _places(
    instance: Instance, clusters: Iterable[Sequence[int]], by: ElementSort | None, records: Sequence[int]
) -> list[Place]:
    """A place for every cell: first the words of what is no record, from the highest bit on, then those of each."""
    lists = [[cell for cluster in clusters for cell in cluster]]
    lists += [[n for n, cell in enumerate(instance.cells) if _owner(cell, by, records) == each] for each in records]
    places: dict[int, Place] = {}
    word = 0
    for number, cells in enumerate(lists):
        free = WORD
        for cell in cells:
            bits = _bits(instance, cell)
            if bits > free:
                word, free = word + 1, WORD
            free -= bits
            places[cell] = Place(word, free, (1 << bits) - 1, number > 0)
        word += 1
    return [places[cell] for cell in range(len(instance.cells))]


def _bits(instance: Instance, cell: int) -> int:
    return (instance.cells[cell].size - 1).bit_length()


def _clusters(
    instance: Instance, images: Sequence[Sequence[Image]], by: ElementSort | None, records: Sequence[int]
) -> list[tuple[int, ...]]:
    """The least sets of cells of no record that renamings map to themselves: first those that tell most apart.

    How much that is, is seen from states of which only their being many and different matters.
    """
    loose = [number for number, cell in enumerate(instance.cells) if _owner(cell, by, records) is None]
    cluster_of = {cell: frozenset(moved[cell][0] for moved in images) for cell in loose}
    left = sorted({tuple(sorted(cluster)) for cluster in cluster_of.values()})
    salt = np.arange(1, SAMPLE + 1, dtype=np.uint64)
    keys = {}
    for cluster in left:
        found = np.zeros((len(images), SAMPLE), np.uint64)
        ends = itertools.accumulate(_bits(instance, cell) for cell in cluster)
        shifts = {cell: np.uint64(end % WORD) for cell, end in zip(cluster, ends, strict=True)}
        for cell in cluster:
            values = (salt * np.uint64((2 * cell + 3) * MIXED & ALL) >> np.uint64(32)) % np.uint64(
                instance.cells[cell].size
            )
            for row, moved in zip(found, images, strict=True):
                target, image = moved[cell]
                row |= image[values.astype(np.intp)] << shifts[target]
        keys[cluster] = found
    ordered: list[tuple[int, ...]] = []
    alive = np.ones((len(images), SAMPLE), np.bool_)
    while left:
        after = {cluster: alive & (keys[cluster] == _lowest(keys[cluster], alive)) for cluster in left}
        best = min(left, key=lambda cluster: (np.count_nonzero(after[cluster]), cluster))
        alive = after[best]
        left.remove(best)
        ordered.append(best)
    return ordered


def _lowest(keys: Words, alive: NDArray[np.bool_]) -> Words:
    """For each state, the least key of the renamings that are left."""
    lowest: Words = np.where(alive, keys, np.uint64(ALL)).min(axis=0)
    return lowest


def _renamings(
    instance: Instance, free: Mapping[ElementSort, Sequence[int]], tried: Sequence[ElementSort]
) -> Iterator[dict[Sort, list[int]]]:
    """All ways to rename the free individuals of some sorts; the first leaves all as they are."""
    for choice in itertools.product(*(itertools.permutations(free[sort]) for sort in tried)):
        rename: dict[Sort, list[int]] = {}
        for sort, images in zip(tried, choice, strict=True):
            rename[sort] = list(range(instance.size(sort)))
            for number, image in zip(free[sort], images, strict=True):
                rename[sort][number] = image
        yield rename


def _moved(instance: Instance, cell: Cell, rename: Rename) -> Image:
    """Which cell a renaming makes of a cell, and what it makes of each of its values."""
    index = tuple(_image(sort, number, rename) for sort, number in zip(cell.field.domain, cell.index, strict=True))
    values = [_image(cell.field.codomain, number, rename) for number in range(cell.size)]
    return instance.position(cell.field, index), np.array(values, np.uint64)


def _image(sort: Sort, number: int, rename: Rename) -> int:
    if isinstance(sort, OptionSort):
        return number and 1 + _image(sort.of, number - 1, rename)
    return rename[sort][number] if sort in rename else number


def _exchange(one: list[Words], other: list[Words]) -> None:
    """Swap the keys of two individuals in the states where they are out of order."""
    if len(one) == 1:
        low = np.minimum(one[0], other[0])
        np.maximum(one[0], other[0], out=other[0])
        one[0][...] = low
        return
    more, same = np.zeros(len(one[0]), np.bool_), np.ones(len(one[0]), np.bool_)
    for a, b in zip(one, other, strict=True):
        more |= same & (a > b)
        same &= a == b
    for a, b in zip(one, other, strict=True):
        a[more], b[more] = b[more], a[more]


def _chunks(rows: Rows) -> Iterator[Rows]:
    """Parts of a list of states whose keys stay in the cache."""
    for first in range(0, len(rows[0]), CHUNK):
        yield [word[first : first + CHUNK] for word in rows]
