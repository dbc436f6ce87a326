"""Check a closure certificate again, by nothing but the plain meaning of the machine.

    python -m attorn.checker.verify_certificate FILE MODULE:NAME

MODULE:NAME is the machine, or a mapping of machines by name, such as ``attorn.model.instances:MACHINES``. The program
takes every step from the initial states on. It must meet exactly the states that are listed, find the properties true
of each of them and of each step, and count as many transitions as the certificate says.
Exit code 0: confirmed; 1: rejected; 2: interrupted; 3: there is no such file or machine.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attorn.spec.errors import AttornError, BadInput
from attorn.spec.language import Concrete, Instance, Machine, Values

__all__ = ["fault", "main"]

MAGIC = b"attorn closure certificate 1"
HEADER = {
    "machine": str, "digest": str, "sizes": dict, "cells": list, "bytes": int, "states": int, "transitions": int,
    "properties": list, "sha256": str,
}  # fmt: skip


def fault(content: bytes, machine: Machine) -> str:
    """The first reason not to believe a certificate about a machine; empty if it is confirmed."""
    magic, _, rest = content.partition(b"\n")
    text, _, body = rest.partition(b"\n")
    header = _header(text)
    if magic != MAGIC or header is None:
        return "its first two lines are not those of a certificate"
    return next(_faults(header, body, machine), "")


def _header(text: bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(text)
    except ValueError:
        return None
    if not isinstance(header, dict) or not all(isinstance(header.get(key), kind) for key, kind in HEADER.items()):
        return None
    plain = all(isinstance(size, int) for size in header["sizes"].values())
    return header if plain and all(isinstance(name, str) for name in header["properties"]) else None


def _faults(header: dict[str, Any], body: bytes, machine: Machine) -> Iterator[str]:
    if header["sha256"] != hashlib.sha256(body).hexdigest():
        yield "its states are not those that were written: the sha256 differs"
    if header["digest"] != machine.digest:
        yield f"it is about another specification than {machine.name} is now: the digest differs"
    instance = Instance.of(machine, **header["sizes"])
    if header["cells"] != [[cell.name, cell.size] for cell in instance.cells]:
        yield "its cells are not those of the machine at these sizes"
    width = max(1, -(-sum(_bits(instance)) // 8))
    if width != header["bytes"] or len(body) != width * header["states"]:
        yield f"it does not hold {header['states']:,} states of {width} bytes each"
    rows = [body[place : place + width] for place in range(0, len(body), width)]
    if any(later <= row for row, later in itertools.pairwise(rows)):
        yield "its states are not sorted, or one is there twice"
    yield from _Visit(Concrete(instance), header, frozenset(rows)).faults()


class _Visit:
    """All steps from all states that can be reached, as long as they stay among those listed."""

    def __init__(self, concrete: Concrete, header: dict[str, Any], listed: frozenset[bytes]) -> None:
        self._concrete, self._header, self._listed = concrete, header, listed
        self._bits = _bits(concrete.instance)
        self._stated = [each for each in concrete.instance.machine.properties if each.name in header["properties"]]
        self._no_deadlock = "no_deadlock" in header["properties"]
        self._transitions = 0

    def faults(self) -> Iterator[str]:
        if len(self._stated) + self._no_deadlock != len(self._header["properties"]):
            yield "it names properties that the machine does not have, or one twice"
        waiting = self._concrete.initial_states()
        met = set(map(self._packed, waiting))
        if not met <= self._listed:
            yield "an initial state is not listed"
        while waiting:
            state = waiting.pop()
            steps = list(self._concrete.successors(state))
            self._transitions += len(steps)
            yield from self._false(state, [after for _, after in steps])
            for step, after in steps:
                row = self._packed(after)
                if row not in self._listed:
                    yield f"it is not closed: {self._concrete.label(step)} leads out of it"
                if row not in met:
                    met.add(row)
                    waiting.append(after)
        if len(met) != len(self._listed):
            yield f"{len(self._listed) - len(met):,} of the states listed cannot be reached"
        if self._transitions != self._header["transitions"]:
            yield f"there are {self._transitions:,} transitions, not {self._header['transitions']:,}"

    def _false(self, state: Values, successors: Sequence[Values]) -> Iterator[str]:
        """The properties that are false in a state or of a step from it."""
        for each in self._stated:
            sides = [(state, after) for after in successors] if each.two_state else [(state,)]
            if not all(self._concrete.holds(each, *side) for side in sides):
                yield f"{each.name} does not hold"
        legal_end = self._concrete.instance.machine.legal_end
        if self._no_deadlock and not successors and not self._concrete.value(legal_end, (), state):
            yield "no_deadlock does not hold"

    def _packed(self, state: Values) -> bytes:
        """The state as a certificate lists it: see attorn.checker.certificate."""
        number = 0
        for value, bits in zip(state, self._bits, strict=True):
            number = number << bits | value
        width: int = self._header["bytes"]
        return (number << (8 * width - sum(self._bits))).to_bytes(width, "big")


def _bits(instance: Instance) -> list[int]:
    return [(cell.size - 1).bit_length() for cell in instance.cells]


def _machine(where: str, name: str) -> Machine:
    module, _, attribute = where.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(f"there is no machine {where}: {error}. Write MODULE:NAME.") from error
    if isinstance(found, Mapping):
        found = found.get(name)
    if not isinstance(found, Machine):
        raise BadInput(f"{where} has no machine {name}.")
    return found


def main(arguments: Sequence[str]) -> int:
    """Check one certificate and say what was found; returns the exit code."""
    if len(arguments) != 2:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 3
    try:
        content = Path(arguments[0]).read_bytes()
        header = _header(content.partition(b"\n")[2].partition(b"\n")[0]) or {}
        wrong = fault(content, _machine(arguments[1], str(header.get("machine"))))
    except OSError as error:
        print(f"cannot read {arguments[0]}: {error.strerror}", file=sys.stderr)
        return 3
    except AttornError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("interrupted; nothing is confirmed", file=sys.stderr)
        return 2
    if wrong:
        print(f"{arguments[0]}: rejected: {wrong}")
        return 1
    print(f"{arguments[0]}: confirmed: {header['states']:,} states, {header['transitions']:,} transitions")
    print(f"true everywhere: {', '.join(header['properties']) or 'nothing is claimed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
