"""The guests by name: what each is for, what it needs, and how to set one going."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from attorn.model.reference.devices.device import Device
from attorn.model.reference.devices.disk import Disk, Quiescing
from attorn.model.reference.devices.serial import Serial
from attorn.model.reference.devices.timer import Timer
from attorn.model.reference.guests.board import FREE, Parameters, power_on
from attorn.model.reference.vmm.cpu_model import requirements
from attorn.model.reference.vmm.cpu_state import CpuMode, CpuRequirements, CpuState
from attorn.model.reference.vmm.memory import GuestMemory
from attorn.spec.errors import BadInput, UnknownName

__all__ = ["COMPLAINTS", "GUESTS", "Guest", "guest_named"]

COMPLAINTS = {
    0: "all was well",
    1: "a lost write",
    2: "stale memory",
    3: "a doubled write",
    4: "a torn cell",
    5: "a disk request that failed",
    6: "a disk request that was lost or doubled",
    7: "wrong contents on the disk",
    8: "a register that is lost, mixed up or stale",
}
"""What a guest means with the code with which it powers off."""


@dataclass(frozen=True)
class Guest:
    """A program, its parameters, and what its devices are connected to.

    says:      what it is, in a sentence.
    stride:    bytes between two cells of memory that it uses.
    pace:      microseconds of its own time between two steps of work; 0 is as fast as can be.
    terms:     how much is one unit of work, as its source says.
    console:   the file to which the console is appended; None keeps only the last line.
    disk:      the file behind the disk; None is no disk.
    quiescing: what becomes of a disk request in flight when the VM is suspended.
    latency:   milliseconds that a disk request takes at least.
    """

    name: str
    says: str
    mode: CpuMode = CpuMode.LONG
    stride: int = 4096 + 64
    pace: int = 0
    terms: int = 0
    console: Path | None = None
    disk: Path | None = None
    quiescing: Quiescing = Quiescing.DRAIN
    latency: int = 0

    @property
    def requirements(self) -> CpuRequirements:
        """What the guest needs of every VMM that is to execute it."""
        return requirements(self.mode)

    @property
    def code(self) -> bytes:
        """The assembled program."""
        return (resources.files(__package__) / "programs" / f"{self.name}.bin").read_bytes()

    def devices(self) -> Sequence[Device]:
        """Make its devices, the same on both sides of a migration; none holds anything before it is resumed."""
        found: list[Device] = [Serial(self.console), Timer()]
        return found if self.disk is None else [*found, Disk(self.disk, self.quiescing, self.latency / 1000)]

    def boot(self, memory: GuestMemory) -> CpuState:
        """Put the program and its tables into empty memory; give the state in which its vCPU begins.

        Raises BadInput when the memory does not start at 0 or is in more than one piece.
        """
        if len(memory.regions) != 1 or memory.regions[0].address != 0:
            raise BadInput("a guest's memory must be one piece that starts at guest address 0")
        parameters = Parameters(FREE, memory.size, stride=self.stride, pace=self.pace, terms=self.terms)
        state, contents = power_on(self.mode, self.code, parameters)
        for address, data in contents.items():
            memory.write(address, data)
        return state


GUESTS = {
    guest.name: guest
    for guest in (
        Guest("e", "computes e digit by digit and prints it", terms=1500, pace=3000),
        Guest("memory", "writes a pattern over all memory and notices lost, doubled or stale writes"),
        Guest("cpu", "holds known values in every register and notices one that is not kept", terms=100),
        Guest("disk", "writes sectors and reads them back", terms=16),
        Guest("flat", "the memory witness in 32-bit flat mode", mode=CpuMode.PROTECTED),
    )
}
"""Every guest by its name, with parameters that suit a test."""


def guest_named(name: str, options: Mapping[str, str] | None = None) -> Guest:
    """Give a guest, with some of its parameters changed: those of ``Guest`` by name, as text.

    Raises UnknownName for a guest or an option that there is not, BadInput for a value that cannot be.
    """
    if name not in GUESTS:
        raise UnknownName(f"there is no guest {name!r}; there are {', '.join(GUESTS)}")
    guest = GUESTS[name]
    for option, text in (options or {}).items():
        guest = _changed(guest, option, text)
    if name == "disk" and guest.disk is None:
        raise BadInput("the guest disk needs a disk; give the option disk=FILE")
    return guest


def _changed(guest: Guest, option: str, text: str) -> Guest:
    if option == "console":
        return replace(guest, console=Path(text))
    if option == "disk":
        return replace(guest, disk=Path(text))
    if option == "quiescing":
        if text.upper() not in Quiescing.__members__:
            raise BadInput(f"quiescing is drain or carry, not {text!r}")
        return replace(guest, quiescing=Quiescing[text.upper()])
    numbers = {"stride": guest.stride, "pace": guest.pace, "terms": guest.terms, "latency": guest.latency}
    if option not in numbers:
        known = ", ".join(("console", "disk", "quiescing", *numbers))
        raise UnknownName(f"a guest has no option {option!r}; there are {known}")
    if not text.isdecimal():
        raise BadInput(f"the option {option} is a number, not {text!r}")
    numbers[option] = int(text)
    return replace(
        guest,
        stride=numbers["stride"],
        pace=numbers["pace"],
        terms=numbers["terms"],
        latency=numbers["latency"],
    )
