"""The compiled loops of symmetry: the least key of a state under all renamings, and what follows from it.

A key is a number of parts, each a word: first the stages, which are compared one after the other, so that most
renamings fall out early; then the words of the records, which are brought in order for each renaming that is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from attorn.checker.explore.compiled.machine_code import Called, MachineCode
from attorn.checker.explore.compiled.native import Word, local, program_text

__all__ = ["FACTS", "MOST_GROUPS", "MOST_RENAMINGS", "MOST_WORDS", "KeyFunctions", "key_functions"]

BYTES = 8  # of a word
GREATEST = (1 << 64) - 1
FACTS = 12  # what the functions are told of an instance: numbers, and addresses of
(
    TAKEN,  # the pieces of a state that are in use: their word, shift, mask, and where their table begins
    APART,  # tables of what the values of each are as bits of groups
    TAKEN_COUNT,
    SPOTS,  # where each group lies there: its word, shift and mask
    STARTS,  # for each code of the first group, the renamings that may lead to the least key: where, and how many
    LISTS,  # these
    ENTRIES,  # what adds to a part of a key: a group, and where its table begins
    ENDS,  # for each part of the key, where its entries end
    TABLES,  # what the codes of groups add: the address of the tables of each renaming
    READ,  # the pieces of a key that are in use, as those of a state
    TOGETHER,  # tables of what the values of each are as a part of a state
    READ_COUNT,
) = range(FACTS)
MOST_GROUPS, MOST_RENAMINGS, MOST_WORDS = 512, 720, 128  # for which there is room below
# Of each program as it is compiled: words of a state, and of its bits as groups; groups; stages; records, and the words
# of one.
WORDS, PACKED, GROUPS, STAGES, RECORDS, WIDTH = 1, 1, 1, 1, 0, 0


@dataclass(frozen=True)
class KeyFunctions:
    """The first two functions below. Each takes numbers, and arrays, of which it gets the address."""

    canonical: Callable[..., int]
    orbits: Callable[..., int]


@cache
def key_functions(words: int, packed: int, groups: int, stages: int, records: int, width: int) -> KeyFunctions:
    """Compile them for states and keys of some sizes, or take them from where they are kept."""
    numbers = {name: value for name, value in globals().items() if isinstance(value, int)}
    sizes = {"WORDS": words, "PACKED": packed, "GROUPS": groups, "STAGES": stages, "RECORDS": records, "WIDTH": width}
    parts = (least, coded, staged, added, ordered, exchanged, compared, permuted)
    code = MachineCode(program_text((canonical, orbits), parts, numbers | sizes))
    return KeyFunctions(Called(code, canonical), Called(code, orbits))


def canonical(facts: Word, states: Word, count: Word) -> Word:
    """Replace states by those that stand for them."""
    best = local(128)
    for number in range(count):
        row = states + number * WORDS * BYTES
        least(facts, row, best)
        permuted(best, row, WORDS, facts[READ], facts[TOGETHER], facts[READ_COUNT])


def orbits(facts: Word, states: Word, count: Word, order: Word, found: Word) -> Word:
    """How many states each stands for; ``order`` is the number of renamings, of the sorted individuals too."""
    best = local(128)
    for number in range(count):
        same = least(facts, states + number * WORDS * BYTES, best)
        run = 1
        for record in range(1, RECORDS):
            one = best + (STAGES + record * WIDTH) * BYTES
            if compared(one, one - WIDTH * BYTES, WIDTH) == 1:
                run += 1
                same *= run
            else:
                run = 1
        found[number] = order // same


def least(facts: Word, row: Word, best: Word) -> Word:
    """The least key of a state, and by how many renamings of those tried it comes to it."""
    codes, left, records = local(512), local(720), local(128)
    coded(facts, row, codes)
    count = staged(facts, codes, left, best)
    for word in range(RECORDS * WIDTH):
        best[STAGES + word] = GREATEST
    same = 0
    for number in range(count):
        for word in range(RECORDS * WIDTH):
            records[word] = added(facts, codes, left[number], STAGES + word)
        ordered(records)
        how = compared(records, best + STAGES * BYTES, RECORDS * WIDTH)
        if how == 0:
            same = 0
            for word in range(RECORDS * WIDTH):
                best[STAGES + word] = records[word]
        if how <= 1:
            same += 1
    return same


def coded(facts: Word, row: Word, codes: Word) -> Word:
    """The codes of the groups of a state."""
    bits = local(128)
    permuted(row, bits, PACKED, facts[TAKEN], facts[APART], facts[TAKEN_COUNT])
    for group in range(GROUPS):
        spot = facts[SPOTS] + group * 3 * BYTES
        codes[group] = bits[spot[0]] >> spot[1] & spot[2]


def staged(facts: Word, codes: Word, left: Word, best: Word) -> Word:
    """The least stages, and how many renamings lead to them: ``left`` is where the tables of these lie."""
    start = facts[STARTS] + codes[0] * 2 * BYTES
    some = facts[LISTS] + start[0] * BYTES
    count = start[1]
    for number in range(count):
        renaming = some[number]
        left[number] = (facts[TABLES])[renaming]
    for stage in range(STAGES):
        lowest_, kept = GREATEST, 0
        for number in range(count):
            value = added(facts, codes, left[number], stage)
            if value < lowest_:
                lowest_, kept = value, 0
            if value == lowest_:
                left[kept] = left[number]
                kept += 1
        best[stage] = lowest_
        count = kept
    return count


def added(facts: Word, codes: Word, tables: Word, part: Word) -> Word:
    """A part of a key, by the tables of a renaming."""
    total, at = 0, 0
    ends = facts[ENDS]
    if part > 0:
        at = ends[part - 1]
    while at < ends[part]:
        entry = facts[ENTRIES] + at * 2 * BYTES
        total |= tables[entry[1] + codes[entry[0]]]
        at += 1
    return total


def ordered(records: Word) -> Word:
    """Bring records in order."""
    for done in range(1, RECORDS):
        at = done
        while at > 0:
            one = records + at * WIDTH * BYTES
            if compared(one, one - WIDTH * BYTES, WIDTH) > 0:
                break
            exchanged(one, one - WIDTH * BYTES)
            at -= 1


def exchanged(one: Word, other: Word) -> Word:
    """Swap two records."""
    for word in range(WIDTH):
        kept = one[word]
        one[word] = other[word]
        other[word] = kept


def compared(one: Word, other: Word, words: Word) -> Word:
    """0 where some words come before others, 1 where they are the same, 2 where they come after."""
    for word in range(words):
        if one[word] < other[word]:
            return 0
        if one[word] > other[word]:
            return 2
    return 1


def permuted(source: Word, target: Word, words: Word, pieces: Word, tables: Word, count: Word) -> Word:
    """Put the bits of some words in another order, piece by piece."""
    found = local(128)
    for word in range(words):
        found[word] = 0
    for number in range(count):
        piece = pieces + number * 4 * BYTES
        value = source[piece[0]] >> piece[1] & piece[2]
        line = tables + (piece[3] + value) * words * BYTES
        for word in range(words):
            found[word] |= line[word]
    for word in range(words):
        target[word] = found[word]
