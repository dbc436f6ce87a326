"""KVM's ioctls (Documentation/virt/kvm/api.rst), as far as this engine needs them."""

from __future__ import annotations

import fcntl
from enum import IntEnum

__all__ = ["ExitReason", "Ioctl", "Run", "ask", "call"]

_NONE, _WRITE, _READ = 0, 1, 2


def _number(direction: int, number: int, size: int) -> int:
    """Encode an ioctl of KVM as include/uapi/asm-generic/ioctl.h does."""
    return direction << 30 | size << 16 | 0xAE << 8 | number


class Ioctl(IntEnum):
    """The ioctls by name. Sizes are those of the structures in include/uapi/linux/kvm.h and asm/kvm.h."""

    GET_API_VERSION = _number(_NONE, 0x00, 0)
    CREATE_VM = _number(_NONE, 0x01, 0)
    CHECK_EXTENSION = _number(_NONE, 0x03, 0)
    GET_VCPU_MMAP_SIZE = _number(_NONE, 0x04, 0)
    GET_SUPPORTED_CPUID = _number(_READ | _WRITE, 0x05, 8)
    CREATE_VCPU = _number(_NONE, 0x41, 0)
    SET_USER_MEMORY_REGION = _number(_WRITE, 0x46, 32)
    RUN = _number(_NONE, 0x80, 0)
    GET_REGS = _number(_READ, 0x81, 144)
    SET_REGS = _number(_WRITE, 0x82, 144)
    GET_SREGS = _number(_READ, 0x83, 312)
    SET_SREGS = _number(_WRITE, 0x84, 312)
    GET_MSRS = _number(_READ | _WRITE, 0x88, 8)
    SET_MSRS = _number(_WRITE, 0x89, 8)
    SET_SIGNAL_MASK = _number(_WRITE, 0x8B, 4)
    SET_CPUID2 = _number(_WRITE, 0x90, 8)
    GET_VCPU_EVENTS = _number(_READ, 0x9F, 64)
    GET_DEBUGREGS = _number(_READ, 0xA1, 128)
    SET_DEBUGREGS = _number(_WRITE, 0xA2, 128)
    GET_XSAVE = _number(_READ, 0xA4, 4096)
    SET_XSAVE = _number(_WRITE, 0xA5, 4096)


class ExitReason(IntEnum):
    """Why KVM_RUN returned."""

    UNKNOWN = 0
    EXCEPTION = 1
    IO = 2
    DEBUG = 4
    HLT = 5
    MMIO = 6
    SHUTDOWN = 8
    FAIL_ENTRY = 9
    INTR = 10
    INTERNAL_ERROR = 17


class Run(IntEnum):
    """Offsets in the page that KVM and the VMM share for each vCPU (struct kvm_run)."""

    IMMEDIATE_EXIT = 1
    EXIT_REASON = 8
    DETAIL = 32


def call(descriptor: int, request: Ioctl, argument: int = 0) -> int:
    """Issue an ioctl whose argument is a number."""
    return fcntl.ioctl(descriptor, request, argument)


def ask(descriptor: int, request: Ioctl, buffer: bytearray) -> int:
    """Issue an ioctl on a structure, which KVM may change; give what the ioctl returned."""
    return int(fcntl.ioctl(descriptor, request, buffer, True))
