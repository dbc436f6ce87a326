"""Symmetry in machine code: states in bit planes are replaced by those that stand for them, by tables.

It comes to the same states as `Symmetry`. A state is looked up group of cells by group of cells, as each renaming makes
it; and it is read back from the least of all keys.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attorn.checker.explore.compiled.keys import (
    FACTS,
    MOST_GROUPS,
    MOST_RENAMINGS,
    MOST_WORDS,
    key_functions,
)
from attorn.checker.explore.compiled.planes import WORD, Planes, Words
from attorn.checker.explore.compiled.refusal import CannotCompile
from attorn.checker.explore.symmetry import Symmetry

__all__ = ["Canonical"]

BYTE = 8
WIDEST, NARROWEST = 10, 4  # bits of a group of cells, of which a table has one entry for each combination
CACHED, MOST = 1 << 22, 1 << 26  # bytes of tables that are wanted, and that are still made

Bit = tuple[int, int]
"""Where a bit lies: the word, and which bit of it."""


@dataclass(frozen=True)
class _Part:
    """A part of a key: cells that lie together in one of its words.

    word, shift: the word of `Symmetry`'s key, and the lowest bit of the part there.
    """

    cells: tuple[int, ...]
    bits: int
    word: int
    shift: int


class Canonical:
    """Replaces states in bit planes, or counts what they stand for. Raises CannotCompile where there is no way."""

    def __init__(self, planes: Planes, symmetry: Symmetry) -> None:
        if not planes.bits:
            raise CannotCompile("its states have no bits.")
        self._symmetry = symmetry
        self._bits = [len(places) for places in planes.places]
        self._parts, self._groups = self._chosen()
        places = list(_one_after_another([self._size(group) for group in self._groups]))
        packed = places[-1][0] + 1
        first, records = symmetry.first_record, len(symmetry.records)
        stages = sum(part.word < first for part in self._parts)
        words = max(packed, planes.words, len(self._parts))
        if len(self._groups) > MOST_GROUPS or len(symmetry.images) > MOST_RENAMINGS or words > MOST_WORDS:
            raise CannotCompile(f"states of {planes.bits} bits are too large for symmetry in machine code.")
        spots = np.array(
            [(*place, (1 << self._size(group)) - 1) for place, group in zip(places, self._groups, strict=True)],
            np.uint64,
        )
        entries, ends, tables = self._tables()
        starts, lists = self._starts(stages, tables)
        before = [bit for cell in itertools.chain(*self._groups) for bit in planes.places[cell]]
        after = [
            (word, shift + bit)
            for (word, shift), group in zip(places, self._groups, strict=True)
            for bit in range(self._size(group))
        ]
        taken = {(word, bit // BYTE * BYTE): BYTE for word, bit in before}
        apart = _permutation(dict(zip(before, after, strict=True)), taken, packed)
        back = {
            (number, symmetry.places[cell].shift - part.shift + plane): bit
            for number, part in enumerate(self._parts)
            for cell in part.cells
            for plane, bit in enumerate(planes.places[cell])
        }
        read = {
            (number, low): min(WIDEST, part.bits - low)
            for number, part in enumerate(self._parts)
            for low in range(0, part.bits, WIDEST)
        }
        together = _permutation(back, read, planes.words)
        addresses = tables.ctypes.data + np.arange(len(tables), dtype=np.uint64) * np.uint64(tables.strides[0])
        # They last as long as their addresses.
        self._arrays = [*apart, spots, starts, lists, entries, ends, addresses, *together, tables]
        apart_at, apart_tables, *others, together_at, together_tables, _ = (each.ctypes.data for each in self._arrays)
        self._facts = np.array(
            [apart_at, apart_tables, len(apart[0]), *others, together_at, together_tables, len(together[0])], np.uint64
        )
        assert len(self._facts) == FACTS
        width = (symmetry.targets - first) // records if records else 0
        self._code = key_functions(planes.words, packed, len(self._groups), stages, records, width)

    def canonical(self, states: Words) -> None:
        """Replace each state by the one that stands for it."""
        self._code.canonical(self._facts, states, len(states))

    def orbits(self, states: Words) -> Words:
        """For each state, how many it stands for."""
        found = np.empty(len(states), np.uint64)
        self._code.orbits(self._facts, states, len(states), self._symmetry.order, found)
        return found

    def _size(self, cells: Sequence[int]) -> int:
        return sum(self._bits[cell] for cell in cells)

    def _chosen(self) -> tuple[list[_Part], list[tuple[int, ...]]]:
        """Parts of the key, and groups of cells whose tables stay in the cache, if that can be."""
        widest = max(self._bits, default=0)
        for most in range(WIDEST, NARROWEST - 1, -1):
            parts = list(self._stages(most)) + list(self._words_of_records())
            groups = [group for part in parts for group in self._grouped(part.cells, max(most, widest))]
            size = 8 * len(self._symmetry.images) * sum(1 << self._size(group) for group in groups)
            if size <= CACHED:
                break
        if size > MOST or widest > WIDEST:
            raise CannotCompile(f"{len(self._symmetry.images):,} renamings need tables of {size:,} bytes.")
        return parts, groups

    def _stages(self, most: int) -> Iterator[_Part]:
        """Clusters, some together, as long as they lie in one word and have few bits."""
        places, cells = self._symmetry.places, list[int]()
        for cluster in self._symmetry.clusters:
            for word, some in itertools.groupby(cluster, key=lambda cell: places[cell].target):
                here = tuple(some)
                if cells and (places[cells[0]].target != word or self._size(cells) + self._size(here) > most):
                    yield self._part(cells)
                    cells = []
                cells += here
        if cells:
            yield self._part(cells)

    def _words_of_records(self) -> Iterator[_Part]:
        places = self._symmetry.places
        recorded = [cell for cell, place in enumerate(places) if place.record]
        for _, cells in itertools.groupby(
            sorted(recorded, key=lambda cell: places[cell].target), lambda cell: places[cell].target
        ):
            yield self._part(list(cells))

    def _part(self, cells: Sequence[int]) -> _Part:
        places = [self._symmetry.places[cell] for cell in cells]
        return _Part(tuple(cells), self._size(cells), places[0].target, min(place.shift for place in places))

    def _grouped(self, cells: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
        group: list[int] = []
        for cell in cells:
            if group and self._size(group) + self._bits[cell] > most:
                yield tuple(group)
                group = []
            group.append(cell)
        yield tuple(group)

    def _tables(self) -> tuple[Words, Words, Words]:
        """For each renaming, what the codes of groups add to each part of the key.

        Returns the entries, each a group and where its table begins, for one part of the key after the other; where
        those of each part end; and for each renaming the tables, one after the other.
        """
        part_of = {cell: number for number, part in enumerate(self._parts) for cell in part.cells}
        found: list[dict[tuple[int, int], Words]] = []
        for images in self._symmetry.images:
            tables: dict[tuple[int, int], Words] = {}
            for number, group in enumerate(self._groups):
                codes = np.arange(1 << self._size(group), dtype=np.int64)
                shift = 0
                for cell in group:
                    values = codes >> shift & (1 << self._bits[cell]) - 1
                    shift += self._bits[cell]
                    target, image = images[cell]
                    part = part_of[target]
                    table = tables.setdefault((part, number), np.zeros(len(codes), np.uint64))
                    left = self._symmetry.places[target].shift - self._parts[part].shift
                    table |= image[np.minimum(values, len(image) - 1)] << np.uint64(left)
            found.append(tables)
        keys = sorted({key for tables in found for key in tables})
        sizes = [1 << self._size(self._groups[number]) for _, number in keys]
        starts = itertools.accumulate(sizes, initial=0)
        entries = np.array([(number, start) for (_, number), start in zip(keys, starts, strict=False)], np.uint64)
        ends = np.searchsorted([part for part, _ in keys], range(len(self._parts)), "right").astype(np.uint64)
        none = [np.zeros(size, np.uint64) for size in sizes]
        rows = [
            np.concatenate([tables.get(key, zero) for key, zero in zip(keys, none, strict=True)]) for tables in found
        ]
        return entries, ends, np.array(rows)

    def _starts(self, stages: int, tables: Words) -> tuple[Words, Words]:
        """For each code of the first group, the renamings that make the first stage least.

        All, where the first stage takes more than that group. Returns where the list of each code begins and how many
        it has, and the lists, one after the other.
        """
        count = 1 << self._size(self._groups[0])
        decides = stages and set(self._parts[0].cells) == set(self._groups[0])
        lists: dict[tuple[int, ...], int] = {}
        starts, used = [], 0
        for code in range(count):
            values = tables[:, code] if decides else np.zeros(len(tables), np.uint64)
            least = tuple(np.flatnonzero(values == values.min()).tolist())
            if least not in lists:
                lists[least], used = used, used + len(least)
            starts.append((lists[least], len(least)))
        return np.array(starts, np.uint64), np.array(list(itertools.chain(*lists)), np.uint64)


def _one_after_another(sizes: Sequence[int]) -> Iterator[Bit]:
    """Where groups of some bits lie, none of them split."""
    word, used = 0, 0
    for bits in sizes:
        if used + bits > WORD:
            word, used = word + 1, 0
        yield word, used
        used += bits


def _permutation(bits: dict[Bit, Bit], pieces: dict[Bit, int], words: int) -> tuple[Words, Words]:
    """A permutation of bits as tables: for each piece of some bits, what its values become.

    bits: where each is to lie.  pieces: where each begins, and how many bits it has.  words: how many there are after.
    Returns the word of each piece, its shift, its mask and where its table begins; and uint64[values, words].
    """
    found, lines, used = [], [], 0
    for (word, low), size in pieces.items():
        values = np.arange(1 << size, dtype=np.uint64)
        table = np.zeros((len(values), words), np.uint64)
        for bit in range(size):
            if (word, low + bit) in bits:
                to, place = bits[word, low + bit]
                table[:, to] |= (values >> np.uint64(bit) & np.uint64(1)) << np.uint64(place)
        lines.append((word, low, len(values) - 1, used))
        found.append(table)
        used += len(values)
    return np.array(lines, np.uint64), np.concatenate(found)
