"""How memory is taken from a process that may have kept it: each policy with the guarantee that it gives.

Linux has no revoke that keeps the contents of memory. What there is:

cooperate  The VMM unmaps; the firmware reads /proc/PID/maps and /proc/PID/fd of the partition's processes and refuses
           to go on if one still has a mapping or a handle. It holds against mistakes, not against malice: a handle in
           flight in a socket, or with a process outside the partition, is not seen.
ptrace     The firmware stops each process and has it map nothing over the memory, and close. It holds against a
           process that keeps its mapping; handles in flight are not seen.
kill       The firmware ends each process that has the memory and waits until it is gone. Nothing of it runs any more.
none       Nothing is taken: the `shared` memory semantics of the model, in which exclusivity is a convention.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from attorn.model.reference.refusals import Refused, Unsupported
from attorn.model.reference.segments import Identity

__all__ = ["Hold", "Policy", "end", "family", "holds_of", "inject_release"]


class Policy(Enum):
    """How the firmware makes sure that the source cannot touch memory that it has lost."""

    COOPERATE = "cooperate"
    PTRACE = "ptrace"
    KILL = "kill"
    NONE = "none"


@dataclass(frozen=True)
class Hold:
    """What a process has of some segments.

    mappings: start, length and segment of each mapping.  handles: number and segment of each open file.
    """

    pid: int
    mappings: tuple[tuple[int, int, int], ...]
    handles: tuple[tuple[int, int], ...]

    def __bool__(self) -> bool:
        return bool(self.mappings or self.handles)

    def __str__(self) -> str:
        kept = sorted({segment for *_, segment in (*self.mappings, *self.handles)})
        listed = ", ".join(map(str, kept[:4])) + (" and more" if len(kept) > 4 else "")
        return f"process {self.pid} has {len(self.mappings)} mappings and {len(self.handles)} handles of {listed}"


def family(pids: Iterable[int]) -> list[int]:
    """Some processes and all their descendants, as far as they live."""
    found: list[int] = []
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found and (children := _children(pid)) is not None:
            found.append(pid)
            waiting += children
    return found


def _children(pid: int) -> list[int] | None:
    """The processes that the threads of a process have started; None when it has ended.

    A thread that ends leaves its children to another, which may have been asked before: then all are asked again.
    """
    while True:
        found: list[int] = []
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except (FileNotFoundError, ProcessLookupError):
            return None
        try:
            for thread in threads:
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            if not os.path.exists("/proc/thread-self/children"):
                raise Unsupported("this kernel does not tell of children in /proc (CONFIG_PROC_CHILDREN).") from None
            continue
        return found


def holds_of(pid: int, segments: dict[tuple[int, int], int]) -> Hold:
    """What a process has of segments, given by device and inode; nothing when it is dead."""
    mappings: list[tuple[int, int, int]] = []
    handles: list[tuple[int, int]] = []
    try:
        content = Path(f"/proc/{pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return Hold(pid, (), ())
    except PermissionError:
        raise Unsupported(f"/proc/{pid}/maps cannot be read; run as the user of that process, or as root.") from None
    for line in content.splitlines():
        addresses, _, _, device, inode = line.split(maxsplit=5)[:5]
        if inode == "0":
            continue
        major, minor = (int(part, 16) for part in device.split(":"))
        segment = segments.get((os.makedev(major, minor), int(inode)))
        if segment is not None:
            start, end_ = (int(part, 16) for part in addresses.split("-"))
            mappings.append((start, end_ - start, segment))
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                found = os.stat(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue  # closed since it was listed
            segment = segments.get((found.st_dev, found.st_ino))
            if segment is not None:
                handles.append((int(name), segment))
    except (FileNotFoundError, ProcessLookupError):
        return Hold(pid, (), ())
    return Hold(pid, tuple(mappings), tuple(handles))


def by_file(identities: dict[int, Identity]) -> dict[tuple[int, int], int]:
    """Segments by device and inode, as /proc names files."""
    return {(each.device, each.inode): number for number, each in identities.items()}


def end(pid: int, seconds: float = 10.0) -> None:
    """Kill a process and wait until nothing of it runs; raises Refused when it does not end in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        if not poller.poll(seconds * 1000):
            raise Refused(f"process {pid} has been killed and has not ended within {seconds:g} s.")
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


# ptrace: numbers of requests and of system calls, and struct user_regs_struct, of Linux on x86-64.
ATTACH, DETACH, GETREGS, SETREGS, SINGLESTEP, PEEK, POKE = 16, 17, 12, 13, 9, 1, 4
CLOSE, MMAP = 3, 9
NOTHING = (0, 0x4032, (1 << 64) - 1, 0)  # PROT_NONE; private, anonymous, fixed, no reserve; no file
REGISTERS = struct.Struct("<27Q")
R10, R9, R8, RAX, RDX, RSI, RDI, ORIG_RAX, RIP = 7, 8, 9, 10, 12, 13, 14, 15, 16
SYSCALL = 0x050F
WALL = 0x40000000


def inject_release(hold: Hold) -> None:
    """Have a process map nothing over each mapping and close each handle; raises Refused when it cannot.

    Not munmap: what the process puts into the gap next, its VMM would unmap with the rest of its guest's memory.
    """
    if os.uname().machine != "x86_64":
        raise Unsupported("injecting system calls is written for x86-64; use the policy kill.")
    _Tracee(hold.pid).release(hold)


class _Tracee:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.ptrace.restype = ctypes.c_long
        self._libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)

    def release(self, hold: Hold) -> None:
        tasks = [int(name) for name in os.listdir(f"/proc/{self.pid}/task")]
        stopped: list[int] = []
        try:
            for task in tasks:
                self._ask(ATTACH, task)
                os.waitpid(task, WALL)
                stopped.append(task)
            self._execute(hold)
        finally:
            for task in stopped:
                self._libc.ptrace(DETACH, task, None, None)

    def _execute(self, hold: Hold) -> None:
        saved = self._registers()
        # A thread that stands in a system call has that instruction right behind it; else one is put in its way.
        at = saved[RIP] - 2
        word = self._peek(at)
        borrowed = word & 0xFFFF != SYSCALL
        if borrowed:
            at = saved[RIP]
            word = self._peek(at)
            self._ask(POKE, self.pid, at, (word & ~0xFFFF) | SYSCALL)
        try:
            for start, length, _ in hold.mappings:
                self._call(saved, at, MMAP, start, length, *NOTHING)
            for handle, _ in hold.handles:
                self._call(saved, at, CLOSE, handle)
        finally:
            if borrowed:
                self._ask(POKE, self.pid, at, word)
            self._set(saved)

    def _call(self, saved: list[int], at: int, number: int, *arguments: int) -> None:
        registers = list(saved)
        registers[RAX], registers[RIP] = number, at
        for register, argument in zip((RDI, RSI, RDX, R10, R8, R9), arguments, strict=False):
            registers[register] = argument
        registers[ORIG_RAX] = (1 << 64) - 1  # nothing to restart
        self._set(registers)
        self._ask(SINGLESTEP, self.pid)
        _, status = os.waitpid(self.pid, WALL)
        if not os.WIFSTOPPED(status):
            raise Refused(f"process {self.pid} ended while it was made to release memory.")
        answer = self._registers()[RAX]
        if answer >= (1 << 64) - 4095:
            raise Refused(f"process {self.pid}: injected system call {number} failed with {answer - (1 << 64)}.")

    def _registers(self) -> list[int]:
        buffer = ctypes.create_string_buffer(REGISTERS.size)
        self._ask(GETREGS, self.pid, 0, ctypes.addressof(buffer))
        return list(REGISTERS.unpack(buffer.raw))

    def _set(self, registers: list[int]) -> None:
        buffer = ctypes.create_string_buffer(REGISTERS.pack(*registers), REGISTERS.size)
        self._ask(SETREGS, self.pid, 0, ctypes.addressof(buffer))

    def _peek(self, address: int) -> int:
        ctypes.set_errno(0)
        return int(self._libc.ptrace(PEEK, self.pid, address, None)) & (1 << 64) - 1

    def _ask(self, request: int, task: int, address: int = 0, data: int = 0) -> None:
        if self._libc.ptrace(request, task, address, data) < 0:
            error = ctypes.get_errno()
            raise Refused(
                f"process {self.pid} cannot be traced: {os.strerror(error)}. Allow it (kernel.yama.ptrace_scope), "
                "or use the policy kill."
            )
