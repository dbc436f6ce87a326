"""Closure certificates: the reachable states of an instance as a file that a small program checks again.

A certificate is three things, one after the other:

1. the line ``attorn closure certificate 1``;
2. a line of JSON, the header: machine, digest (of the specification), sizes, cells (name and number of values of each,
   in order), bytes (of a state), states, transitions, properties (those that hold everywhere), sha256 (of the rest);
3. the states, sorted, each as many bytes as the header says: one number, its highest byte first, in which every cell
   takes as many bits as its last value needs, the first cell the highest; unused bits, the lowest, are 0.

The layout follows from the instance alone, and owes nothing to the explorer's own packing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.errors import BadInput, Unsound
from attorn.spec.language import Instance

__all__ = ["MAGIC", "Certificate", "write_certificate"]

MAGIC = "attorn closure certificate 1"
WORD = 8
BLOCK = 1 << 15  # states that are packed at once


@dataclass(frozen=True)
class Certificate:
    """What was written: where, how many states of how many bytes, and the sha256 of all of them."""

    file: Path
    states: int
    bytes_per_state: int
    sha256: str


def write_certificate(
    exploration: Exploration, file: Path, blocks: Iterable[NDArray[np.int64]] | None = None
) -> Certificate:
    """Write the closure certificate of a finished exploration: aside first, then renamed.

    blocks: all reachable states in any order, ``int64[n, cells]`` each; the explorer is asked when None.

    Raises BadInput when the exploration did not finish, when nothing was found to hold, or when the file cannot be
    written; Unsound when the states are not as many as the exploration says.
    """
    if not exploration.finished:
        raise BadInput(
            f"no certificate: the search of {exploration.instance.name} ended early ({exploration.stopped}), and only "
            "all reachable states together are closed. Raise the limit, or choose a smaller instance."
        )
    if blocks is None:
        from attorn.checker.explore.states import reachable_blocks

        blocks = reachable_blocks(exploration.instance)
    packed = _sorted(exploration.instance, blocks)
    if len(packed) != exploration.states:
        raise Unsound(
            f"{exploration.instance.name}: {exploration.engine} says {exploration.states:,} states, but lists "
            f"{len(packed):,} different ones."
        )
    body = packed.tobytes()
    header = _header(exploration, packed.shape[1], hashlib.sha256(body).hexdigest())
    _write(file, b"\n".join((MAGIC.encode(), json.dumps(header).encode(), body)))
    return Certificate(file, len(packed), packed.shape[1], header["sha256"])


def _header(exploration: Exploration, width: int, sha256: str) -> dict[str, Any]:
    instance = exploration.instance
    return {
        "machine": instance.machine.name,
        "digest": instance.machine.digest,
        "sizes": instance.described(),
        "cells": [[cell.name, cell.size] for cell in instance.cells],
        "bytes": width,
        "states": exploration.states,
        "transitions": exploration.transitions,
        "properties": [each.name for each in exploration.verdicts if each.evidence is Evidence.EXHAUSTED],
        "sha256": sha256,
    }


def _sorted(instance: Instance, blocks: Iterable[NDArray[np.int64]]) -> NDArray[np.uint8]:
    """All states packed, sorted and each once: uint8[states, bytes]."""
    widths = [(cell.size - 1).bit_length() for cell in instance.cells]
    length = max(1, -(-sum(widths) // 8))
    words = -(-length // WORD)
    parts = [np.empty((0, words), np.uint64)]
    for block in blocks:
        for first in range(0, len(block), BLOCK):
            padded = np.zeros((len(block[first : first + BLOCK]), words * WORD), np.uint8)
            padded[:, :length] = _packed(block[first : first + BLOCK], widths, length)
            parts.append(padded.view(">u8").astype(np.uint64))
    rows = np.concatenate(parts)
    if words == 1:
        rows[:, 0].sort()
    else:
        rows = rows[np.lexsort(rows.T[::-1])]
    new = np.ones(len(rows), np.bool_)
    new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return np.ascontiguousarray(rows[new].astype(">u8").view(np.uint8)[:, :length])


def _packed(block: NDArray[np.int64], widths: list[int], length: int) -> NDArray[np.uint8]:
    bits = np.zeros((len(block), length * 8), np.uint8)
    place = 0
    for cell, width in enumerate(widths):
        for bit in range(width - 1, -1, -1):
            bits[:, place] = (block[:, cell] >> bit) & 1
            place += 1
    return np.packbits(bits, axis=1)


def _write(file: Path, content: bytes) -> None:
    aside = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        aside.write_bytes(content)
        aside.replace(file)
    except OSError as error:
        raise BadInput(f"cannot write the certificate {file}: {error.strerror}.") from error
    finally:
        aside.unlink(missing_ok=True)
