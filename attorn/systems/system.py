"""What attorn knows of a real system, and the list of those that it knows."""

from __future__ import annotations

import heapq
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.mapping import LogMapping
from attorn.model.protocol import Protocol
from attorn.model.variants import build
from attorn.spec.language import Instance
from attorn.spec.trace import FORMAT, VERSION, Event, Header

__all__ = ["SIDES", "SYSTEMS", "System"]

SIDES = ("source", "destination")
SIZES = {"VM": 1, "Segment": 1, "Partition": 2, "Word": 1, "Address": 1}


@dataclass(frozen=True)
class System:
    """A real system whose two sides log a local migration.

    room:     the module of ``attorn.systems`` that knows it: ``PROTOCOL``, ``BUDGETS``, ``HIDDEN``, ``read(event)``,
              which says what a line means, and ``events(lines, side, later)``, which reads what one side has logged.
    """

    name: str
    room: str
    says: str

    @cached_property
    def _room(self) -> Any:
        return importlib.import_module(f"attorn.systems.{self.room}")

    @cached_property
    def instance(self) -> Instance:
        """What its logs are checked against: one VM of one segment between two VMMs."""
        protocol: Protocol = self._room.PROTOCOL
        return Instance.of(build(protocol, self.name, self.says), self.name, **SIZES, **self._room.BUDGETS)

    @cached_property
    def mapping(self) -> LogMapping:
        """What its lines mean."""
        return LogMapping(self._room.read, self._room.HIDDEN)

    def trace(self, source: ByteLines, destination: ByteLines, later: float = 0.0) -> tuple[Header, Iterator[Event]]:
        """What both sides have logged, as one trace in the system's own words, in order of time.

        later: seconds by which the destination's clock started after the source's.
        Raises BadInput, with file and line, for what is no log of this system.
        """
        first = Header(format=FORMAT, version=VERSION, machine=self.name, recorder=f"attorn convert {self.name}")
        read: Callable[[ByteLines, str, float], Iterator[Event]] = self._room.events
        both = (read(source, SIDES[0], 0.0), read(destination, SIDES[1], later))
        return first, heapq.merge(*both, key=lambda event: event.time or 0.0)


SYSTEMS = {
    each.name: each
    for each in (
        System("qemu", "qemu", "QEMU's local migration over shared memory, as seen in the QMP events of both sides."),
        System(
            "cloud-hypervisor",
            "cloud_hypervisor",
            "cloud-hypervisor's local migration, as seen in the event monitors of both sides.",
        ),
    )
}
