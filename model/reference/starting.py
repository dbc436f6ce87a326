"""The processes of a host: how each is started, by whom it is recognized, and how all of them end."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from attorn.model.protocol import Memory, Protocol
from attorn.model.reference.coordinator import CoordinatorOptions
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.firmware import FirmwareOptions
from attorn.model.reference.noise import NoiseSetting
from attorn.model.reference.nursery import nursery
from attorn.model.reference.partition import PartitionOptions
from attorn.model.reference.process import Child, said_hello, spawn
from attorn.model.reference.refusals import Refused
from attorn.model.reference.revocation import Policy, end
from attorn.model.reference.wire import listen

__all__ = ["COORDINATOR", "FIRMWARE", "Blueprint", "Processes"]

OPERATOR = ""
FIRMWARE = "firmware"
COORDINATOR = "coordinator"


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """What the processes of a host are started with; see ``Host`` for what each means.

    engines: of each partition, by name.  owner: of each segment.  size: bytes of a segment.
    """

    engines: dict[str, str]
    segments: int
    size: int
    owner: tuple[str, ...]
    own_process: bool
    protocol: Protocol
    policy: Policy
    observe: bool
    defects: frozenset[Defect]
    noise: NoiseSetting | None
    seconds: float
    attempts: int


class Processes:
    """Firmware, partitions and perhaps a coordinator, each a process by its name.

    directory:   where they listen.  segments_at: where segments are files; None for memfds.
    lifeline:    a pipe whose other end this process holds for as long as they may live.
    """

    def __init__(self, blueprint: Blueprint, directory: Path, segments_at: Path | None, lifeline: int) -> None:
        self._blueprint = blueprint
        self._directory = directory
        self._segments_at = segments_at
        self._lifeline = lifeline
        self._children: dict[str, Child] = {}
        self._tokens = {name: secrets.token_hex(16) for name in (OPERATOR, *blueprint.engines)}

    def __getitem__(self, name: str) -> Child:
        if name not in self._children:
            raise Refused(f"there is no party `{name}`; there are: {', '.join(self._children)}.")
        return self._children[name]

    def __contains__(self, name: str) -> bool:
        return name in self._children

    def __iter__(self) -> Iterator[str]:
        return iter(self._children)

    @property
    def operator(self) -> str:
        """The secret by which the firmware recognizes the operator."""
        return self._tokens[OPERATOR]

    @property
    def dead(self) -> list[str]:
        """The partitions that have ended."""
        return [name for name in self._blueprint.engines if not self._children[name].alive]

    def start_firmware(self) -> None:
        """Start the firmware, anew if it has died."""
        set_to = self._blueprint
        listening = listen(self._directory / FIRMWARE)
        options = FirmwareOptions(
            listening=listening.fileno(), lifeline=self._lifeline, home=str(self._directory),
            tokens={token: name for name, token in self._tokens.items()}, segments=set_to.segments, size=set_to.size,
            partitions=tuple(set_to.engines), owner=set_to.owner,
            directory=None if self._segments_at is None else str(self._segments_at),
            shared=set_to.protocol.memory is Memory.SHARED, defects=tuple(set_to.defects),
        )  # fmt: skip
        self._spawn("firmware", FIRMWARE, options, listening)

    def start_partition(self, name: str) -> None:
        """Start a partition, anew if it has died."""
        set_to = self._blueprint
        listening = listen(self._directory / name)
        options = PartitionOptions(
            listening=listening.fileno(), lifeline=self._lifeline, name=name, engine=set_to.engines[name],
            firmware=str(self._directory / FIRMWARE), nursery=str(nursery()), token=self._tokens[name],
            own_process=set_to.own_process, memory=set_to.protocol.memory, defects=tuple(set_to.defects),
        )  # fmt: skip
        self._spawn("partition", name, options, listening)

    def start_coordinator(self, log: Path) -> None:
        """Start a coordinator, anew if it has died, that goes on with a log."""
        set_to = self._blueprint
        listening = listen(self._directory / COORDINATOR)
        options = CoordinatorOptions(
            listening=listening.fileno(), lifeline=self._lifeline, directory=str(self._directory), token=self.operator,
            partitions=tuple(set_to.engines), log=str(log), protocol=set_to.protocol, policy=set_to.policy,
            observe=set_to.observe, seconds=set_to.seconds, attempts=set_to.attempts, defects=tuple(set_to.defects),
            noise=set_to.noise,
        )  # fmt: skip
        self._spawn("coordinator", COORDINATOR, options, listening)

    def end_all(self) -> None:
        """End every process; those of VMs before the firmware, which has them on record."""
        for name in self._blueprint.engines:
            if name in self._children:
                self._children[name].kill()
        for pid in said_hello(self._directory / "state" / "processes"):
            if pid != os.getpid():
                end(pid)
        if COORDINATOR in self._children:
            self._children[COORDINATOR].kill()
        for child in self._children.values():
            child.close()

    def _spawn(self, module: str, name: str, options: msgspec.Struct, listening: socket.socket) -> None:
        """Start a party; only it has the socket at which it listens, so who calls a dead one learns that at once."""
        with listening:
            self._children[name] = spawn(nursery(), module, name, options, (listening, self._lifeline))
