"""A disk backed by a file under an exclusive lock, with a request that can be in flight when its VM is suspended."""

from __future__ import annotations

import ctypes
import fcntl
import os
import stat
import struct
import threading
from enum import Enum
from pathlib import Path

from msgspec.structs import replace

from attorn.model.reference.devices.addresses import DISK_WINDOW
from attorn.model.reference.devices.device import Device
from attorn.model.reference.devices.states import DiskRequest, DiskState
from attorn.model.reference.vmm.memory import GuestMemory, UnfitMemory
from attorn.spec.errors import BadInput

__all__ = ["Disk", "DiskLocked", "OtherDisk", "Quiescing", "describe"]

SECTOR = 512
COMMAND, AT_SECTOR, COUNT, ADDRESS, ADDRESS_HIGH, COMPLETED, SECTORS = range(0, 28, 4)
READ, WRITE = 1, 2
BUSY, DONE, FAILED = 1, 2, 3
# struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = struct.Struct("hhqqi4x")


class DiskLocked(BadInput):
    """Another process holds the lock of the disk's file."""


class OtherDisk(BadInput):
    """The file at the path is not the one that the configuration describes."""


class Quiescing(Enum):
    """What becomes of a request in flight when the VM is suspended."""

    DRAIN = "complete it first"
    CARRY = "give it up here and issue it again at the destination"


class Disk(Device):
    """Memory-mapped registers of 32 bits; a thread serves one request at a time.

    COMMAND:                                 written: start a request; read: its status.
    AT_SECTOR, COUNT, ADDRESS, ADDRESS_HIGH: where on the disk, how many sectors, where in guest memory.
    COMPLETED, SECTORS (read):               requests completed since the VM was made; the size of the disk.

    The lock is an open file description lock on the whole file: it belongs to this device alone.
    """

    kind = DiskState
    window = range(DISK_WINDOW, DISK_WINDOW + 4096)

    def __init__(self, path: Path, quiescing: Quiescing = Quiescing.DRAIN, latency: float = 0.0) -> None:
        """Make a disk that holds nothing yet: ``restore`` takes over the one described, ``resume`` a new VM's own.

        latency: seconds that a request takes at least; a slow disk makes it likely that one is in flight.
        """
        self._path = path
        self._quiescing = quiescing
        self._latency = latency
        self._descriptor: int | None = None
        self._memory: GuestMemory | None = None
        self._state = DiskState(path=str(path), device=0, inode=0, sectors=0)
        self._registers = threading.Lock()
        self._in_flight: DiskRequest | None = None
        self._given_up = threading.Event()
        self._worker: threading.Thread | None = None

    @property
    def locked(self) -> bool:
        """Whether this VMM holds the disk."""
        return self._descriptor is not None

    def read(self, address: int, size: int) -> int:
        """Read a register."""
        state = self._state
        known = {
            COMMAND: state.status,
            AT_SECTOR: state.sector,
            COUNT: state.count,
            ADDRESS: state.address,
            ADDRESS_HIGH: state.address >> 32,
            COMPLETED: state.completed,
            SECTORS: state.sectors,
        }
        return known.get(address - DISK_WINDOW, 0) & 0xFFFFFFFF

    def write(self, address: int, size: int, value: int) -> None:
        """Write a register; writing COMMAND starts a request, and fails it at once where one is in flight."""
        register = address - DISK_WINDOW
        with self._registers:
            if register == COMMAND:
                self._begin(value)
            elif register == AT_SECTOR:
                self._state = replace(self._state, sector=value)
            elif register == COUNT:
                self._state = replace(self._state, count=value)
            elif register in (ADDRESS, ADDRESS_HIGH):
                keep = self._state.address & (0xFFFFFFFF << 32 if register == ADDRESS else 0xFFFFFFFF)
                self._state = replace(self._state, address=keep | value << (32 if register == ADDRESS_HIGH else 0))

    def attach(self, memory: GuestMemory) -> None:
        """Transfer to and from this memory."""
        self._memory = memory

    def quiesce(self) -> None:
        """Complete the request in flight, or give it up before its first byte; then the thread that serves is gone."""
        if self._quiescing is Quiescing.CARRY:
            self._given_up.set()
        if self._worker is not None:
            self._worker.join()
            self._worker = None

    def capture(self) -> DiskState:
        """Give the registers, and the request that was given up."""
        return replace(self._state, in_flight=self._in_flight)

    def _take(self, state: DiskState) -> None:
        """Take the disk over: open its file, see that it is the one described, and lock it.

        Raises DiskLocked when another still holds the lock, OtherDisk when the file is another one.
        """
        self.release()
        found = describe(self._path)
        if state.path != found.path:
            raise OtherDisk(f"the configuration has the disk {state.path}; the disk of this VM is {found.path}")
        if (found.device, found.inode, found.sectors) != (state.device, state.inode, state.sectors):
            raise OtherDisk(
                f"{state.path} is not the disk that the configuration describes (inode {state.inode}, {state.sectors} "
                f"sectors): here it is inode {found.inode} of {found.sectors} sectors. Both sides must see one file."
            )
        descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        except OSError as error:
            os.close(descriptor)
            raise DiskLocked(
                f"{state.path} is locked by another VMM. It has to exit the VM, or to end, before this one may write."
            ) from error
        self._descriptor = descriptor
        self._state, self._in_flight = replace(state, in_flight=None), state.in_flight

    def resume(self) -> None:
        """Issue again what was carried over; a disk that is new or was released is taken first, as by ``restore``."""
        if self._descriptor is None:
            self.restore(self.capture() if self._state.inode else describe(self._path))
        if self._in_flight is not None:
            self._serve(self._in_flight)

    def release(self) -> None:
        """Close the file, and its lock with it."""
        self.quiesce()
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _begin(self, command: int) -> None:
        if command not in (READ, WRITE) or self._in_flight is not None:
            self._state = replace(self._state, status=FAILED)
            return
        request = DiskRequest(
            command=command, sector=self._state.sector, count=self._state.count, address=self._state.address
        )
        self._state, self._in_flight = replace(self._state, status=BUSY), request
        self._serve(request)

    def _serve(self, request: DiskRequest) -> None:
        self._given_up.clear()
        self._worker = threading.Thread(target=self._transfer, args=(request,), name="disk", daemon=True)
        self._worker.start()

    def _transfer(self, request: DiskRequest) -> None:
        """Serve one request, in the thread of its own."""
        if self._latency and self._given_up.wait(self._latency):
            return
        try:
            status = DONE if self._move(request) else FAILED
        except (OSError, UnfitMemory):
            status = FAILED
        with self._registers:
            self._in_flight = None
            self._state = replace(self._state, status=status, completed=self._state.completed + 1)

    def _move(self, request: DiskRequest) -> bool:
        if request.sector + request.count > self._state.sectors or self._memory is None or self._descriptor is None:
            return False
        size = request.count * SECTOR
        buffer = (ctypes.c_char * size).from_address(self._memory.host(request.address, size))
        if request.command == READ:
            return os.preadv(self._descriptor, [buffer], request.sector * SECTOR) == size
        return os.pwritev(self._descriptor, [buffer], request.sector * SECTOR) == size


def describe(path: Path) -> DiskState:
    """Give the state of a disk that no guest has used yet. Raises OtherDisk when the file cannot be a disk."""
    try:
        found = path.stat()
    except OSError as error:
        raise OtherDisk(f"the disk {path} cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode) or found.st_size < SECTOR:
        raise OtherDisk(f"{path} cannot be a disk: it has to be a file of at least {SECTOR} bytes")
    return DiskState(path=str(path.resolve()), device=found.st_dev, inode=found.st_ino, sectors=found.st_size // SECTOR)
