"""Layout: where the code of each component lies in the words of a packed state, and what states are sorted by.

A packed state is one 64-bit number if its codes fit, else several. The first is the sum of all words, each times an
odd constant: it is spread evenly, so that sorted states can be found by where they should lie, and a step changes it by
a number that depends on the codes changed alone. The other words are kept as they are; together they are exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.components import Component
from attorn.spec.language import Values

__all__ = ["Layout", "Rows", "Words"]

Words = NDArray[np.uint64]
Rows = list[Words]  # one array a word

WORD = 64
MIXERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)


def mixer(word: int) -> int:
    """The odd constant of a word."""
    return (MIXERS[word % len(MIXERS)] + 2 * (word // len(MIXERS))) % (1 << WORD)


class Layout:
    """The places of all components.

    cells:       how many cells a state has.
    word, shift: for each component, the word that it is in, and the lowest of its bits there.
    mixers, bits: other constants and fewer bits a word than by default: tests make the worst of both.
    """

    def __init__(
        self, components: Sequence[Component], cells: int, mixers: Sequence[int] = (), bits: int = WORD
    ) -> None:
        self.components = tuple(components)
        self.cells = cells
        self.word: list[int] = []
        self.shift: list[int] = []
        used = [0]
        for each in self.components:
            word = next((number for number, taken in enumerate(used) if taken + each.bits <= bits), len(used))
            if word == len(used):
                used.append(0)
            self.word.append(word)
            self.shift.append(used[word] if each.bits else 0)
            used[word] += each.bits
        self.words = len(used)
        self.bits = sum(used)
        self._mixers = [np.uint64(each) for each in (*mixers, *map(mixer, range(len(mixers), self.words)))][
            : self.words
        ]
        self._inverse = np.uint64(pow(int(self._mixers[0]), -1, 1 << WORD))

    @property
    def bytes(self) -> int:
        """What a packed state takes."""
        return self.words * WORD // 8

    def codes(self, rows: Rows) -> list[NDArray[np.int64]]:
        """For each component, its code in each state."""
        words = [self._first(rows), *rows[1:]]
        found = []
        for each, word, shift in zip(self.components, self.word, self.shift, strict=True):
            code = words[word] >> np.uint64(shift)
            code &= np.uint64((1 << each.bits) - 1)
            found.append(code.view(np.int64))
        return found

    def _first(self, rows: Rows) -> Words:
        """The first word of each state, which the sum of all stands for."""
        first = rows[0]
        for word, multiplier in zip(rows[1:], self._mixers[1:], strict=True):
            first = first - word * multiplier
        return first * self._inverse

    def part(self, number: int, codes: NDArray[np.int64]) -> list[tuple[int, Words]]:
        """What codes of a component, or differences of codes, add to a packed state: to which number, how much."""
        word = self.word[number]
        placed = codes.astype(np.uint64) << np.uint64(self.shift[number])
        mixed = placed * self._mixers[word]
        return [(0, mixed)] if word == 0 else [(0, mixed), (word, placed)]

    def pack(self, states: NDArray[np.int64]) -> Rows:
        """States as packed ones. states: int64[states, cells], each of which the components can take."""
        rows = [np.zeros(len(states), np.uint64) for _ in range(self.words)]
        for number, each in enumerate(self.components):
            for word, part in self.part(number, each.code[each.joint(states)]):
                rows[word] += part
        return rows

    def unpack(self, rows: Rows) -> NDArray[np.int64]:
        """Packed states as int64[states, cells]."""
        states = np.empty((len(rows[0]), self.cells), np.int64)
        for each, codes in zip(self.components, self.codes(rows), strict=True):
            for cell in each.cells:
                states[:, cell] = each.value(cell)[codes]
        return states

    def values(self, rows: Rows) -> list[Values]:
        """Packed states as the tuples of numbers that the language speaks of."""
        return [tuple(state) for state in self.unpack(rows).tolist()]
