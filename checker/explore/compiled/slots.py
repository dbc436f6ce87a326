"""The compiled loops of the table: find states by their slots, and give new ones a slot."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from attorn.checker.explore.compiled.machine_code import MachineCode
from attorn.checker.explore.compiled.native import (
    Word,
    equals,
    local,
    lowest,
    matches,
    prefetch,
    program_text,
    zeros,
)

__all__ = [
    "ADDRESS",
    "LIMIT",
    "LINE",
    "LINES",
    "LOG_FULL",
    "PART",
    "ROW",
    "SEGMENTS",
    "STATES",
    "USED",
    "WANTED",
    "WORD",
    "SlotFunctions",
    "slot_functions",
]

WORD, LINE = 8, 64  # bytes
SLOTS = LINE // WORD
SEGMENTS, SEGMENT_SHIFT, PRINT_SHIFT = 16, 60, 28  # a hash: 4 bits of the segment, 32 of the fingerprint, 28 unused
HALF, LOW = 32, (1 << 32) - 1  # a slot: the fingerprint, and one more than the place in the log
BATCH = 64  # states whose slots are fetched at once
NEAR = 24  # lines from the last one at which it is remembered how far they are filled: fewer than a third of BATCH
FIRST, SECOND = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
ADDRESS, LINES, USED, LIMIT = range(4)  # what is known of a segment
PART, ROW, STATES, WANTED = range(4)  # how far an owner came, how long the log is, and which segment must grow
SEGMENT_WORDS = 4
LOG_FULL = SEGMENTS  # wanted where no segment is, but a longer log
# Of each program as it is compiled: the words of a state, and the bits of a hash that count.
WORDS = 1
HASHED = (1 << 64) - 1


@dataclass(frozen=True)
class SlotFunctions:
    """The functions below for states of some words. Each takes numbers, and arrays, of which it gets the address."""

    claim: Callable[..., int]
    settle: Callable[..., int]
    find: Callable[..., int]
    move: Callable[..., int]


@cache
def slot_functions(words: int, hashed: int = HASHED) -> SlotFunctions:
    """Compile them, or take them from where they are kept."""
    parts = (hash_of, same, segment_of, fingerprint_of, line_of, line_after, put)
    numbers = {name: value for name, value in globals().items() if isinstance(value, int)}
    whole = (claim, settle, find, move)
    code = MachineCode(program_text(whole, parts, {**numbers, "WORDS": words, "HASHED": hashed}))
    return SlotFunctions(*(_Called(code, function) for function in whole))


class _Called:
    """A compiled function; the interpreter's other threads run while it does."""

    def __init__(self, code: MachineCode, function: Callable[..., Word]) -> None:
        kind = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * function.__code__.co_argcount)
        self._code = code  # The function lasts as long as this.
        self._function = kind(code.address(function.__name__))

    def __call__(self, *arguments: Any) -> int:
        found: int = self._function(*(each.ctypes.data if isinstance(each, np.ndarray) else each for each in arguments))
        return found


def hash_of(row: Word) -> Word:
    """A number that is spread evenly."""
    mixed = 0
    for word in range(WORDS):
        mixed = (mixed ^ row[word]) * FIRST
        mixed ^= mixed >> 32
    mixed *= SECOND
    return (mixed ^ mixed >> 32) & HASHED


def same(one: Word, other: Word) -> Word:
    """Whether two states are one."""
    different = 0
    for word in range(WORDS):
        different |= one[word] ^ other[word]
    return different == 0


def segment_of(segments: Word, mixed: Word) -> Word:
    """Where it is written what is known of the segment of a hash."""
    return segments + (mixed >> SEGMENT_SHIFT) * SEGMENT_WORDS * WORD


def fingerprint_of(mixed: Word) -> Word:
    """The part of a hash that is kept in a slot."""
    return mixed >> PRINT_SHIFT & LOW


def line_of(segment: Word, fingerprint: Word) -> Word:
    """Where a search begins."""
    return segment[ADDRESS] + (fingerprint * segment[LINES] >> HALF) * LINE


def line_after(segment: Word, line: Word) -> Word:
    """Where a search goes on after a line that is full: at the first, after the last."""
    line += LINE
    if line == segment[ADDRESS] + segment[LINES] * LINE:
        return segment[ADDRESS]
    return line


def claim(
    log: Word,
    room_of_log: Word,
    known: Word,
    parts: Word,
    part_count: Word,
    room: Word,
    counts: Word,
    marks: Word,
    segments: Word,
    reached: Word,
    owner: Word,
    owners: Word,
) -> Word:
    """Find out which states are new, of those that an owner answers for, and give each of them a slot.

    known:   how long the log was before.
    parts:   [part_count, room, WORDS] states, of which the first in each part count.
    reached: where to go on from, and where this ended.

    A single owner puts what is new at the end of the log. One of several cannot know yet where it will be: its slot
    names the place that it has after the log among all states of all parts, and its mark is not zero.
    Returns whether all is done; else a segment must grow first, or the log is full.
    """
    hashes, rows, lines = local(64), local(64), local(64)
    length = reached[STATES]
    row = reached[ROW]
    for part in range(reached[PART], part_count):
        count = counts[part]
        first = part * room
        while row < count:
            taken = 0
            if owners == 1:
                taken = count - row
                if taken > BATCH:
                    taken = BATCH
                for number in range(taken):
                    hashes[number] = hash_of(parts + (first + row + number) * WORDS * WORD)
                    rows[number] = row + number
                row += taken
            else:
                while row < count and taken < BATCH:
                    mixed = hash_of(parts + (first + row) * WORDS * WORD)
                    hashes[taken] = mixed
                    rows[taken] = row
                    taken += (mixed >> SEGMENT_SHIFT) % owners == owner
                    row += 1
            for number in range(taken):
                mixed = hashes[number]
                line = line_of(segment_of(segments, mixed), fingerprint_of(mixed))
                lines[number] = line
                prefetch(line)
                if owners > 1:
                    marks[first + rows[number]] = 0
            for number in range(taken):
                found = matches(lines[number], fingerprint_of(hashes[number]))
                if found:
                    place = (lines[number][lowest(found)] & LOW) - 1
                    if owners == 1 or place < known:
                        prefetch(log + place * WORDS * WORD)
                        prefetch(log + place * WORDS * WORD + (WORDS - 1) * WORD)
            for number in range(taken):
                mixed, state, line = hashes[number], parts + (first + rows[number]) * WORDS * WORD, lines[number]
                segment, fingerprint = segment_of(segments, mixed), fingerprint_of(mixed)
                met = 0
                while met == 0:
                    found = matches(line, fingerprint)
                    while found:
                        place = (line[lowest(found)] & LOW) - 1
                        other = log + place * WORDS * WORD
                        if owners > 1 and place >= known:
                            other = parts + (place - known) * WORDS * WORD
                        if same(state, other):
                            met = 1
                            break
                        found &= found - 1
                    if met:
                        break
                    empty = zeros(line)
                    if empty == 0:
                        line = line_after(segment, line)
                        continue
                    if segment[USED] == segment[LIMIT] or length >= room_of_log:
                        reached[PART], reached[ROW], reached[STATES] = part, rows[number], length
                        reached[WANTED] = mixed >> SEGMENT_SHIFT
                        if length >= room_of_log:
                            reached[WANTED] = LOG_FULL
                        return 0
                    place = known + first + rows[number]
                    if owners == 1:
                        place = length
                        for word in range(WORDS):
                            log[length * WORDS + word] = state[word]
                        length += 1
                    else:
                        marks[first + rows[number]] = mixed | 1
                    line[lowest(empty)] = fingerprint << HALF | (place + 1)
                    segment[USED] += 1
                    met = 1
        row = 0
    reached[STATES] = length
    return 1


def settle(
    log: Word,
    known: Word,
    parts: Word,
    part_count: Word,
    room: Word,
    counts: Word,
    marks: Word,
    segments: Word,
    owner: Word,
    owners: Word,
) -> Word:
    """Put the new states of one of several owners to their places in the log, and name these in their slots."""
    length = known
    for part in range(part_count):
        for row in range(part * room, part * room + counts[part]):
            mark = marks[row]
            if mark:
                if (mark >> SEGMENT_SHIFT) % owners == owner:
                    segment, fingerprint = segment_of(segments, mark), fingerprint_of(mark)
                    line = line_of(segment, fingerprint)
                    slot = fingerprint << HALF | (known + row + 1)
                    found = equals(line, slot)
                    while found == 0:
                        line = line_after(segment, line)
                        found = equals(line, slot)
                    line[lowest(found)] = fingerprint << HALF | (length + 1)
                    for word in range(WORDS):
                        log[length * WORDS + word] = parts[row * WORDS + word]
                length += 1
    return length


def find(log: Word, known: Word, rows: Word, count: Word, segments: Word, found_at: Word) -> Word:
    """For each row its place in the log, or the highest number."""
    for row in range(count):
        state = rows + row * WORDS * WORD
        mixed = hash_of(state)
        segment, fingerprint = segment_of(segments, mixed), fingerprint_of(mixed)
        line = line_of(segment, fingerprint)
        found_at[row] = 0 - 1
        while 1:
            found = matches(line, fingerprint)
            while found:
                place = (line[lowest(found)] & LOW) - 1
                # A round that was not finished has left places that are not in the log.
                if place < known and same(state, log + place * WORDS * WORD):
                    found_at[row] = place
                found &= found - 1
            if zeros(line) or found_at[row] < known:
                break
            line = line_after(segment, line)
    return 0


def move(old: Word, old_lines: Word, new: Word, new_lines: Word) -> Word:
    """Put all slots into more lines, which are empty; the old ones are left empty.

    Slots lie near where searches for them begin, and so in nearly the same order in both: how far lines are filled is
    remembered for some of them, as to look at what was just written would take most of the time.
    """
    fill = local(64)
    fill[0] = 0
    last, left = 0, 0  # the last line of which that is known, and how many slots were too far from it
    for number in range(old_lines):
        for place in range(SLOTS):
            slot = old[number * SLOTS + place]
            if slot == 0:
                break
            line = (slot >> HALF) * new_lines >> HALF
            if line + NEAR < last or line > last + NEAR:
                left += 1
                continue
            while 1:
                while last < line:
                    last += 1
                    fill[last % BATCH] = 0
                filled = fill[line % BATCH]
                if filled < SLOTS or line + 1 == new_lines:
                    break
                line += 1
            if filled == SLOTS:
                left += 1
                continue
            new[line * SLOTS + filled] = slot
            fill[line % BATCH] = filled + 1
            old[number * SLOTS + place] = 0
    if left:
        for number in range(old_lines * SLOTS):
            slot = old[number]
            if slot:
                put(slot, new, new_lines)
    return 0


def put(slot: Word, lines: Word, count: Word) -> Word:
    """Put a slot into the first line that has room for it."""
    line = (slot >> HALF) * count >> HALF
    empty = zeros(lines + line * LINE)
    while empty == 0:
        line += 1
        if line == count:
            line = 0
        empty = zeros(lines + line * LINE)
    lines[line * SLOTS + lowest(empty)] = slot
    return 0
