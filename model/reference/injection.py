"""System calls injected into a process by ptrace, to have it give up memory and handles; it lives on.

For Linux on x86-64. Every thread of the process is stopped meanwhile, those that are born while that is done too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from pathlib import Path

from attorn.model.reference.refusals import Refused, Unsupported
from attorn.model.reference.revocation import Hold

__all__ = ["inject_release"]

# Numbers of requests and of system calls, and struct user_regs_struct.
SEIZE, INTERRUPT, DETACH, GETREGS, SETREGS, SINGLESTEP, PEEK, POKE = 0x4206, 0x4207, 17, 12, 13, 9, 1, 4
STOPPED_BY_REQUEST = 128
CLOSE, MMAP = 3, 9
NOTHING = (0, 0x4032, (1 << 64) - 1, 0)  # PROT_NONE; private, anonymous, fixed, no reserve; no file
REGISTERS = struct.Struct("<27Q")
R10, R9, R8, RAX, RDX, RSI, RDI, ORIG_RAX, RIP = 7, 8, 9, 10, 12, 13, 14, 15, 16
SYSCALL = 0x050F
WALL = 0x40000000


def inject_release(hold: Hold) -> None:
    """Have a process map nothing over each mapping and close each handle; raises Refused when it cannot.

    Not munmap: what the process puts into the gap next, its VMM would unmap with the rest of its guest's memory.
    A process that ends meanwhile has nothing any more.
    """
    if os.uname().machine != "x86_64":
        raise Unsupported("injecting system calls is written for x86-64; use the policy kill.")
    stopped = _Stopped(hold.pid)
    try:
        if stopped.stop_all():
            stopped.execute(hold)
    finally:
        stopped.let_go()


class _Ended(Exception):
    """A thread has ended."""


class _Stopped:
    """The threads of a process that are stopped, each with the signals that it is still to be given."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.task = pid
        """The thread that executes what is injected."""
        self._owed: dict[int, list[int]] = {}
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.ptrace.restype = ctypes.c_long
        self._libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)

    def stop_all(self) -> bool:
        """Stop every thread, until no new one is found; whether there is any."""
        ended: set[int] = set()
        while fresh := self._tasks() - self._owed.keys() - ended:
            for task in fresh:
                try:
                    self._ask(SEIZE, task)
                    self._owed[task] = []
                    self._ask(INTERRUPT, task)
                    self._wait(task)
                except _Ended:
                    self._owed.pop(task, None)
                    ended.add(task)
        self.task = self.pid if self.pid in self._owed else next(iter(self._owed), self.pid)
        return bool(self._owed)

    def let_go(self) -> None:
        """Let all go on as they were, with the signals that came meanwhile."""
        for task, owed in self._owed.items():
            self._libc.ptrace(DETACH, task, None, owed[0] if owed else None)
            for late in owed[1:]:
                os.kill(self.pid, late)

    def execute(self, hold: Hold) -> None:
        """Have one thread make the system calls."""
        try:
            self._execute(hold)
        except _Ended:
            self._owed.pop(self.task, None)
            if self._tasks():
                raise Refused(f"a thread of process {self.pid} ended while it was made to release memory.") from None

    def _execute(self, hold: Hold) -> None:
        saved = self._registers()
        # A thread that stands in a system call has that instruction right behind it; else one is put in its way.
        at = saved[RIP] - 2
        word = self._peek(at)
        borrowed = word & 0xFFFF != SYSCALL
        if borrowed:
            at = saved[RIP]
            word = self._peek(at)
            self._ask(POKE, self.task, at, (word & ~0xFFFF) | SYSCALL)
        try:
            for start, length, _ in hold.mappings:
                self._call(saved, at, MMAP, start, length, *NOTHING)
            for handle, _ in hold.handles:
                self._call(saved, at, CLOSE, handle)
        finally:
            if borrowed:
                self._ask(POKE, self.task, at, word)
            self._set(saved)

    def _call(self, saved: list[int], at: int, number: int, *arguments: int) -> None:
        registers = list(saved)
        registers[RAX], registers[RIP] = number, at
        for register, argument in zip((RDI, RSI, RDX, R10, R8, R9), arguments, strict=False):
            registers[register] = argument
        registers[ORIG_RAX] = (1 << 64) - 1  # nothing to restart
        self._set(registers)
        while True:
            self._ask(SINGLESTEP, self.task)
            if self._wait(self.task) == signal.SIGTRAP:
                break
        answer = self._registers()[RAX]
        if answer >= (1 << 64) - 4095:
            raise Refused(f"process {self.pid}: injected system call {number} failed with {answer - (1 << 64)}.")

    def _tasks(self) -> set[int]:
        try:
            return {int(name) for name in os.listdir(f"/proc/{self.pid}/task")}
        except (FileNotFoundError, ProcessLookupError):
            return set()

    def _wait(self, task: int) -> int:
        """Wait until a thread stands; the signal for which it does, 0 when that was asked for."""
        try:
            _, status = os.waitpid(task, WALL)
        except ChildProcessError:
            raise _Ended from None
        if not os.WIFSTOPPED(status):
            raise _Ended
        if status >> 16 == STOPPED_BY_REQUEST:
            return 0
        found = os.WSTOPSIG(status)
        if found != signal.SIGTRAP:
            self._owed[task].append(found)
        return found

    def _registers(self) -> list[int]:
        buffer = ctypes.create_string_buffer(REGISTERS.size)
        self._ask(GETREGS, self.task, 0, ctypes.addressof(buffer))
        return list(REGISTERS.unpack(buffer.raw))

    def _set(self, registers: list[int]) -> None:
        buffer = ctypes.create_string_buffer(REGISTERS.pack(*registers), REGISTERS.size)
        self._ask(SETREGS, self.task, 0, ctypes.addressof(buffer))

    def _peek(self, address: int) -> int:
        ctypes.set_errno(0)
        return int(self._libc.ptrace(PEEK, self.task, address, None)) & (1 << 64) - 1

    def _ask(self, request: int, task: int, address: int = 0, data: int = 0) -> None:
        if self._libc.ptrace(request, task, address, data) < 0:
            error = ctypes.get_errno()
            if not self._lives(task):
                raise _Ended
            raise Refused(
                f"process {self.pid} cannot be traced: {os.strerror(error)}. Allow it (kernel.yama.ptrace_scope), "
                "or use the policy kill."
            )

    def _lives(self, task: int) -> bool:
        try:
            return Path(f"/proc/{self.pid}/task/{task}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False
