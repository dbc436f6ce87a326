"""The compiled loops of the table: find states by their slots, and give new ones a slot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from attorn.checker.explore.compiled.machine_code import Called, MachineCode
from attorn.checker.explore.compiled.native import (
    Word,
    equals,
    local,
    lowest,
    matches,
    ones,
    prefetch,
    program_text,
    zeros,
)

__all__ = [
    "ADDRESS",
    "APART",
    "LIMIT",
    "LINE",
    "LINES",
    "LOG_FULL",
    "RECENT",
    "SEGMENTS",
    "SLOTS",
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
RECENT, RECENT_SHIFT = 1 << 16, 48  # states that are kept as met a moment ago: some of the second cache
BATCH = 64  # states whose slots are fetched at once
AHEAD = 16  # how many states before their turn slots are fetched
NEAR = 24  # lines from the lowest one at which it is remembered how far they are filled: fewer than BATCH
FIRST, SECOND = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
ADDRESS, LINES, USED, LIMIT = range(4)  # what is known of a segment
PART, NEXT, KEPT, STATES, WANTED = range(5)  # how far an owner came, how long the log is, and which segment must grow
APART = 16  # words between what different threads write: two lines, as the processor fetches them in pairs
LOG_FULL = SEGMENTS  # wanted where no segment is, but a longer log
# Of each program as it is compiled: the words of a state, and the bits of a hash that count.
WORDS = 1
HASHED = (1 << 64) - 1


@dataclass(frozen=True)
class SlotFunctions:
    """The functions below for states of some words. Each takes numbers, and arrays, of which it gets the address."""

    sift: Callable[..., int]
    claim: Callable[..., int]
    settle: Callable[..., int]
    append: Callable[..., int]
    find: Callable[..., int]
    spread: Callable[..., int]


@cache
def slot_functions(words: int, hashed: int = HASHED) -> SlotFunctions:
    """Compile them, or take them from where they are kept."""
    parts = (hash_of, same, segment_of, fingerprint_of, line_of, line_after, filled)
    numbers = {name: value for name, value in globals().items() if isinstance(value, int)}
    whole = (sift, claim, settle, append, find, spread)
    code = MachineCode(program_text(whole, parts, {**numbers, "WORDS": words, "HASHED": hashed}))
    return SlotFunctions(*(Called(code, function) for function in whole))


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


def filled(state: Word) -> Word:
    """Whether a state is not all zero."""
    bits = 0
    for word in range(WORDS):
        bits |= state[word]
    return bits != 0


def segment_of(segments: Word, mixed: Word) -> Word:
    """Where it is written what is known of the segment of a hash."""
    return segments + (mixed >> SEGMENT_SHIFT) * APART * WORD


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


def sift(
    states: Word, count: Word, room: Word, recent: Word, hashes: Word, rows: Word, tallies: Word, owners: Word
) -> Word:
    """Deal the states of one part out to their owners, without most of those that were met a moment ago.

    recent:       [RECENT, WORDS] the last states that had each value of some bits of their hash; zero if none.
    hashes, rows: [owners, room] for each owner, hashes of the states that it gets, and where in the part these are.
    tallies:      [owners] how many it gets.
    """
    dealt = local(16)
    for owner in range(owners):
        dealt[owner] = 0
    for row in range(count):
        state = states + row * WORDS * WORD
        mixed = hash_of(state)
        last = recent + (mixed >> RECENT_SHIFT) * WORDS * WORD
        owner = (mixed >> SEGMENT_SHIFT) % owners
        place = owner * room + dealt[owner]
        hashes[place] = mixed
        rows[place] = row
        dealt[owner] += 1 - same(state, last) * filled(state)
        for word in range(WORDS):
            last[word] = state[word]
    for owner in range(owners):
        tallies[owner] = dealt[owner]
    return 0


def claim(
    log: Word,
    room_of_log: Word,
    known: Word,
    parts: Word,
    part_count: Word,
    room: Word,
    hashes: Word,
    rows: Word,
    tallies: Word,
    fresh: Word,
    segments: Word,
    reached: Word,
    owner: Word,
    owners: Word,
) -> Word:
    """Find out which states are new, of those that an owner got, and give each of them a slot.

    known:   how long the log was before.
    parts:   [part_count, room, WORDS] states, of which each owner got some from each part; see sift.
    fresh:   [part_count, owners, room / 64 upwards] a bit for each state, which is set for the new ones of each owner.
    reached: where to go on from, and where this ended.

    A single owner puts what is new at the end of the log. One of several cannot know yet where it will be: its slot
    names the place that it has after the log among all states of all parts; the hashes of these it keeps.
    Returns whether all is done; else a segment must grow first, or the log is full.
    """
    lines = local(64)
    length = reached[STATES]
    next, kept = reached[NEXT], reached[KEPT]
    for part in range(reached[PART], part_count):
        dealt = part * owners + owner
        count = tallies[part * APART + owner]
        mine = hashes + dealt * room * WORD
        places = rows + dealt * room * WORD
        bits = fresh + dealt * ((room + 63) // 64) * WORD
        while next < count:
            taken = count - next
            if taken > BATCH:
                taken = BATCH
            for number in range(taken):
                mixed = mine[next + number]
                line = line_of(segment_of(segments, mixed), fingerprint_of(mixed))
                lines[number] = line
                prefetch(line)
            for number in range(taken):
                line = lines[number]
                found = matches(line, fingerprint_of(mine[next + number]))
                # Where nothing is found the end of the log is fetched, which is there: a branch would cost more.
                hit = 0 - (found != 0)
                place = ((line[lowest(found) % SLOTS] & LOW) - 1 & hit) | (length & ~hit)
                prefetch(log + place * WORDS * WORD)
                prefetch(log + place * WORDS * WORD + (WORDS - 1) * WORD)
            for number in range(taken):
                mixed, row, line = mine[next + number], places[next + number], lines[number]
                state = parts + (part * room + row) * WORDS * WORD
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
                        reached[PART], reached[NEXT], reached[KEPT], reached[STATES] = part, next + number, kept, length
                        reached[WANTED] = mixed >> SEGMENT_SHIFT
                        if length >= room_of_log:
                            reached[WANTED] = LOG_FULL
                        return 0
                    place = known + part * room + row
                    if owners == 1:
                        place = length
                        for word in range(WORDS):
                            log[length * WORDS + word] = state[word]
                    else:
                        bits[row // 64] |= 1 << row % 64
                        mine[kept] = mixed
                        kept += 1
                    length += 1
                    line[lowest(empty)] = fingerprint << HALF | (place + 1)
                    segment[USED] += 1
                    met = 1
            next += taken
        next, kept = 0, 0
    reached[STATES] = length
    return 1


def settle(
    known: Word, part_count: Word, room: Word, hashes: Word, fresh: Word, segments: Word, owner: Word, owners: Word
) -> Word:
    """Have the slots of one of several owners name the places that its new states will have in the log."""
    length = known
    words = (room + 63) // 64
    for part in range(part_count):
        bits = fresh + part * owners * words * WORD
        kept = hashes + (part * owners + owner) * room * WORD
        for number in range(words):
            all = 0
            for other in range(owners):
                all |= bits[other * words + number]
            mine = bits[owner * words + number]
            while mine:
                bit = lowest(mine)
                mine &= mine - 1
                place = length + ones(all & (1 << bit) - 1)
                row = part * room + number * 64 + bit
                later, mixed = kept[AHEAD], kept[0]
                kept += WORD
                prefetch(line_of(segment_of(segments, later), fingerprint_of(later)))
                segment, fingerprint = segment_of(segments, mixed), fingerprint_of(mixed)
                line = line_of(segment, fingerprint)
                slot = fingerprint << HALF | (known + row + 1)
                found = equals(line, slot)
                while found == 0:
                    line = line_after(segment, line)
                    found = equals(line, slot)
                line[lowest(found)] = fingerprint << HALF | (place + 1)
            length += ones(all)
    return length


def append(log: Word, known: Word, parts: Word, room: Word, fresh: Word, part: Word, owners: Word) -> Word:
    """Put the new states of one part to their places in the log."""
    length = known
    words = (room + 63) // 64
    for number in range(part * owners * words):
        length += ones(fresh[number])
    bits = fresh + part * owners * words * WORD
    for number in range(words):
        all = 0
        for owner in range(owners):
            all |= bits[owner * words + number]
        while all:
            row = part * room + number * 64 + lowest(all)
            all &= all - 1
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


def spread(lines: Word, old: Word, new: Word, waiting: Word) -> Word:
    """Have the slots of a segment use more of its lines: so many instead of so many.

    waiting: room for as many slots as there are.

    Slots lie near where searches for them begin, and so in nearly the same order before and after: from the last line
    to the first, each goes to where those that come after it have left already. How far lines are filled is remembered
    for some of them, as to look at what was just written would take most of the time.
    """
    fill, taken = local(64), local(8)
    low, left = new, 0  # the lowest line that was written to, and how many slots cannot go yet to where they should
    for number in range(old):
        line = old - 1 - number
        while low > line * new // old:
            low -= 1
            fill[low % BATCH] = 0
        for place in range(SLOTS):
            taken[place] = lines[line * SLOTS + place]
            lines[line * SLOTS + place] = 0
        for place in range(SLOTS):
            slot = taken[place]
            if slot == 0:
                break
            wanted = (slot >> HALF) * new >> HALF
            if wanted < line or wanted > low + NEAR:
                waiting[left] = slot
                left += 1
                continue
            while low > wanted:
                low -= 1
                fill[low % BATCH] = 0
            while fill[wanted % BATCH] == SLOTS and wanted < low + BATCH - 1 and wanted + 1 < new:
                wanted += 1
            filled = fill[wanted % BATCH]
            if filled == SLOTS:
                waiting[left] = slot
                left += 1
                continue
            lines[wanted * SLOTS + filled] = slot
            fill[wanted % BATCH] = filled + 1
    for number in range(left):
        slot = waiting[number]
        wanted = (slot >> HALF) * new >> HALF
        empty = zeros(lines + wanted * LINE)
        while empty == 0:
            wanted += 1
            if wanted == new:
                wanted = 0
            empty = zeros(lines + wanted * LINE)
        lines[wanted * SLOTS + lowest(empty)] = slot
    return left
