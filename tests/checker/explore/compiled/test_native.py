"""Functions over 64-bit words mean the same compiled as by hand; what the language lacks is refused."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest

from attorn.checker.explore.compiled.machine_code import MachineCode
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

LIMIT = 10


def called(function: Callable[..., Word], *arguments: int, parts: tuple[Callable[..., Word], ...] = ()) -> int:
    code = MachineCode(program_text([function], parts, {"LIMIT": LIMIT}))
    kind = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * len(arguments))
    return int(kind(code.address(function.__name__))(*arguments))


def mixed(a: Word, b: Word) -> Word:
    c, d = b, a  # both are read before either is written
    c *= 5
    return (a * b + c - d ^ (~a << 3 | b >> 1)) & 0xFFFFFFFFFFFF + a // b % 7


def test_arithmetic_is_that_of_unsigned_words() -> None:
    a, b = (1 << 63) + 12345, 977
    assert called(mixed, a, b) == (a * b + b * 5 - a ^ (~a << 3 | b >> 1)) % (1 << 64) & 0xFFFFFFFFFFFF + a // b % 7


def order(a: Word, b: Word) -> Word:
    return (a < b) + 2 * (a <= b) + 4 * (a > b) + 8 * (a >= b) + 16 * (a == b) + 32 * (a != b)


@pytest.mark.parametrize(("a", "b", "expected"), [(1, 1 << 63, 35), (1 << 63, 1, 44), (5, 5, 26)])
def test_comparisons_are_unsigned(a: int, b: int, expected: int) -> None:
    assert called(order, a, b) == expected


def first_divisor(number: Word) -> Word:
    """Loops within loops, left and gone on with."""
    for candidate in range(2, number):
        multiple = 0
        while 1:
            multiple += candidate
            if multiple >= number:
                break
        if multiple != number:
            continue
        return candidate
    return number


@pytest.mark.parametrize(("number", "expected"), [(2, 2), (9, 3), (35, 5), (97, 97)])
def test_loops_and_branches(number: int, expected: int) -> None:
    assert called(first_divisor, number) == expected


def safe(address: Word, index: Word) -> Word:
    if (index < LIMIT and address[index] == 7) or not index:
        return 1
    elif index == 3:
        return 2
    else:
        return 3


def test_conditions_look_no_further_than_they_must() -> None:
    words = np.array([0, 7, 8, 8], np.uint64)
    # At a place beyond the limit nothing is read: it would not be ours.
    assert [called(safe, words.ctypes.data, index) for index in (0, 1, 2, 3, 1 << 59)] == [1, 1, 3, 2, 3]


def summed(address: Word, count: Word) -> Word:
    total = local(2)
    total[0], total[1] = 0, 0
    for index in range(count):
        prefetch(address)
        total[twice(index) % 2] += address[index]
        address[index] = twice(address[index])
    return total[0] + total[1]


def twice(word: Word) -> Word:
    return word + word


def test_memory_is_read_and_written_and_functions_call_each_other() -> None:
    words = np.array([3, 4, 5], np.uint64)
    assert called(summed, words.ctypes.data, 3, parts=(twice,)) == 12
    assert words.tolist() == [6, 8, 10]


def found(line: Word, upper: Word, word: Word) -> Word:
    return (
        matches(line, upper)
        | equals(line, word) << 8
        | zeros(line) << 16
        | lowest(zeros(line)) << 24
        | ones(word) << 32
    )


def test_lines_are_searched_at_once() -> None:
    room = np.zeros(15, np.uint64)
    line = room[-room.ctypes.data % 64 // 8 :][:8]
    line[:] = [5 << 32 | 1, 0, 6 << 32, 5 << 32, 5, 9, 9, 0]
    assert called(found, line.ctypes.data, 5, 9) == 0b1001 | 0b1100000 << 8 | 0b10000010 << 16 | 1 << 24 | 2 << 32
    # A word that is zero has no upper half that could be meant.
    assert called(found, line.ctypes.data, 0, 1) & 0xFFFF == 0b1110000


def chained(a: Word) -> Word:
    return 1 < a < 3


def stranger(a: Word) -> Word:
    return abs(a)


def unbound(a: Word) -> Word:
    return a + LIMITS


def division(a: Word) -> Word:
    return a / 2


def iterating(a: Word) -> Word:
    for each in a:
        return each


LIMITS = 3


@pytest.mark.parametrize("function", [chained, stranger, unbound, division, iterating])
def test_what_the_language_lacks_is_refused(function: Callable[..., Word]) -> None:
    with pytest.raises(SyntaxError, match="a compiled function cannot have"):
        program_text([function], [], {"LIMIT": LIMIT})
