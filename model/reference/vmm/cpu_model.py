"""The processor that every guest is given, whatever engine executes it: what CPUID says, and by which names."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.model.reference.vmm.cpu_state import CpuMode, CpuRequirements

__all__ = ["BASELINE", "CPUID", "FEATURES", "STATE_VERSION", "CpuidLeaf", "features_of", "requirements", "unmet"]

STATE_VERSION = 1
"""Version of what ``CpuState`` carries."""


@dataclass(frozen=True)
class CpuidLeaf:
    """What CPUID answers for one function."""

    function: int
    eax: int = 0
    ebx: int = 0
    ecx: int = 0
    edx: int = 0


# Feature → (function, register, bit): Intel SDM vol. 2, CPUID; AMD64 APM vol. 3, appendix E.
FEATURES: dict[str, tuple[int, str, int]] = {
    "fpu": (1, "edx", 0),
    "cx8": (1, "edx", 8),
    "cmov": (1, "edx", 15),
    "fxsr": (1, "edx", 24),
    "sse": (1, "edx", 25),
    "sse2": (1, "edx", 26),
    "sse3": (1, "ecx", 0),
    "ssse3": (1, "ecx", 9),
    "sse4.1": (1, "ecx", 19),
    "popcnt": (1, "ecx", 23),
    "xsave": (1, "ecx", 26),
    "avx": (1, "ecx", 28),
    "avx2": (7, "ebx", 5),
    "avx512f": (7, "ebx", 16),
    "syscall": (0x80000001, "edx", 11),
    "nx": (0x80000001, "edx", 20),
    "lm": (0x80000001, "edx", 29),
}
"""Where CPUID tells of a feature, by the names of Linux's /proc/cpuinfo."""

BASELINE = frozenset({"fpu", "cx8", "cmov", "fxsr", "sse", "sse2", "syscall", "nx", "lm"})
"""What every guest is told it has: the features whose whole state ``CpuState`` carries."""


def _bits(function: int, register: str) -> int:
    return sum(
        1 << bit for name in BASELINE for at, where, bit in [FEATURES[name]] if (at, where) == (function, register)
    )


_VENDOR = b"AttornAttorn"  # twelve letters, in the order EBX, EDX, ECX

CPUID = (
    CpuidLeaf(
        0,
        eax=1,
        ebx=int.from_bytes(_VENDOR[0:4], "little"),
        edx=int.from_bytes(_VENDOR[4:8], "little"),
        ecx=int.from_bytes(_VENDOR[8:12], "little"),
    ),
    CpuidLeaf(1, eax=0x00000F00, edx=_bits(1, "edx"), ecx=_bits(1, "ecx")),
    CpuidLeaf(0x80000000, eax=0x80000008),
    CpuidLeaf(0x80000001, edx=_bits(0x80000001, "edx")),
    CpuidLeaf(0x80000008, eax=48 << 8 | 40),
)
"""What CPUID answers a guest; functions not listed answer zeros."""


def requirements(mode: CpuMode) -> CpuRequirements:
    """Say what a guest of this mode needs of every VMM that is to execute it."""
    return CpuRequirements(version=STATE_VERSION, mode=mode, features=BASELINE)


def features_of(leaves: dict[int, CpuidLeaf]) -> frozenset[str]:
    """Give the names of the features that these answers of CPUID tell of."""
    return frozenset(
        name
        for name, (function, register, bit) in FEATURES.items()
        if function in leaves and getattr(leaves[function], register) >> bit & 1
    )


def unmet(wanted: CpuRequirements, offered: frozenset[str], engine: str) -> str | None:
    """Say which requirement an engine with these features cannot meet; None when it meets all."""
    if wanted.version != STATE_VERSION:
        return (
            f"the state of the vCPU is of version {wanted.version}; this VMM reads version {STATE_VERSION}. "
            "Run the same version of attorn on both sides."
        )
    if wanted.vcpus != 1:
        return f"the VM has {wanted.vcpus} vCPUs; {engine} executes VMs of one"
    if beyond := sorted(wanted.features - BASELINE):
        return f"the guest uses {', '.join(beyond)}, whose registers no configuration carries; migrate it powered off"
    if lacking := sorted(wanted.features - offered):
        return f"the guest uses {', '.join(lacking)}, which {engine} does not have here"
    return None
